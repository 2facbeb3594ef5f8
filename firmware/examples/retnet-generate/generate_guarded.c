/**
 * @file generate_guarded.c
 * Host style guarded: the list style under guard (reta_guard.h), so that the tokens are right or an error comes back,
 * whatever goes wrong outside the core. The style to ship.
 *
 * Request, result and the descriptors lie in the private banks (HOST_BSS); the prompt in interleaved L2 is a copy, the
 * tokens are printed from one that was checked. The weights have no second copy: damage to them is reported.
 */
#include "accelerator.h"
#include "generate_list.h"
#include "remark.h"
#include "retnet_guard.h"

#include <stdio.h>

const char *const generate_style = "guarded";

enum { STATE = RETNET_REGIONS, PROMPT, TOKENS, REGIONS };

static struct reta_guard guard;
static struct reta_region regions[REGIONS];
L2_BSS static struct reta_desc room[GENERATE_LIST_DESCS];

/** Rows of the longest pass. */
static unsigned most_rows(const struct generation *g)
{
    unsigned most = 1;
    for (uint32_t i = 0; i < prefill_steps(g); i++) {
        unsigned rows = generation_step(g, i).rows;
        most = rows > most ? rows : most;
    }
    return most;
}

static enum reta_status run(const struct generation *g, uint32_t *tokens)
{
    uint32_t *prompt = (uint32_t *)(uintptr_t)retnet_request.tokens;
    retnet_regions(regions, most_rows(g));
    regions[STATE] = retnet_state_region();
    regions[PROMPT] = (struct reta_region){.role = RETA_INPUT,
                                           .start = (uint8_t *)sequence,
                                           .bytes = g->prompt_length * sizeof sequence[0],
                                           .backup = (uint8_t *)prompt};
    regions[TOKENS] = (struct reta_region){.role = RETA_OUTPUT,
                                           .start = (uint8_t *)&sequence[g->prompt_length],
                                           .bytes = g->count * sizeof sequence[0]};
    reta_region_fill(&regions[PROMPT], prompt);
    struct generate_list list = generate_build_list(g);
    enum reta_status status = reta_guard_run(&guard, list.first, list.count, regions, REGIONS);
    return status == RETA_OK ? reta_region_read(&regions[TOKENS], tokens) : status;
}

enum generate_status generate(const struct generation *generation)
{
    enum generate_status opened =
        accelerator_opened(reta_guard_init(&guard, &reta_irq, RETA_AS_LIST, room, GENERATE_LIST_DESCS));
    if (opened != GENERATE_OK) {
        return opened;
    }
    uint32_t *tokens = (uint32_t *)(uintptr_t)retnet_result.tokens;
    enum reta_status status = run(generation, tokens);
    for (uint32_t i = 0; i < generation->count && status == RETA_OK; i++) {
        emit_token(tokens[i]);
    }
    if (status != RETA_OK) {
        printf("\nthe accelerator failed: %s\n", reta_guard_status_name(status));
        return GENERATE_JOB_FAILED;
    }
    return GENERATE_OK;
}

void generate_report(void)
{
    guard_remark(&guard, RETA_OK);
}
