/**
 * @file retnet_guard.c
 * The network's memory as regions.
 */
#include "retnet_guard.h"

static struct reta_region output(void *start, uint32_t bytes)
{
    return (struct reta_region){.role = RETA_OUTPUT, .start = start, .bytes = bytes};
}

void retnet_regions(struct reta_region regions[RETNET_REGIONS], unsigned rows)
{
    struct retnet_activations *a = &retnet_activations;
    struct reta_region *next = regions;
    *next++ = (struct reta_region){.role = RETA_INPUT,
                                   .start = (uint8_t *)(uintptr_t)retnet_blob,
                                   .bytes = RETNET_BLOB_BYTES,
                                   .checksum = RETNET_BLOB_CHECKSUM};
    *next++ = output(a->x, rows * sizeof a->x[0]);
    *next++ = output(a->xn, rows * sizeof a->xn[0]);
    *next++ = output(a->qkv, rows * sizeof a->qkv[0]);
    *next++ = output(a->g, rows * sizeof a->g[0]);
    *next++ = output(a->r, rows * sizeof a->r[0]);
    *next = output(a->h, rows * sizeof a->h[0]);
}

struct reta_region retnet_state_region(void)
{
    return output(retnet_state, sizeof retnet_state);
}
