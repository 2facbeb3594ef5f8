/**
 * @file accelerator.c
 * Opening RETA, and saying why it failed.
 */
#include "accelerator.h"

#include <stdio.h>

struct reta accelerator;

/** Ends of what the program has put into interleaved L2 (linker script). */
extern const uint8_t __l2_start[], __l2_end[];

enum generate_status accelerator_open(const struct reta_style *style)
{
    return accelerator_opened(reta_init(&accelerator, style));
}

enum generate_status accelerator_opened(enum reta_status status)
{
    if (status != RETA_OK) {
        printf("\ncannot use the accelerator: %s\n", reta_status_name(status));
        return GENERATE_NO_ACCELERATOR;
    }
    if (!reta_reaches(__l2_start, __l2_end)) {
        printf("\nthe model needs %lu KiB of interleaved L2: this machine has less\n",
               (unsigned long)(__l2_end - __l2_start + 1023) / 1024);
        return GENERATE_TOO_SMALL;
    }
    reta_counters_clear();
    return GENERATE_OK;
}

enum generate_status accelerator_failed(enum reta_status status)
{
    printf("\nthe accelerator failed: %s", reta_status_name(status));
    if (status == RETA_JOB_FAILED) {
        printf(" (%s, job %u, descriptor 0x%08lx)", reta_error_name(accelerator.error.code), accelerator.error.job,
               (unsigned long)accelerator.error.descriptor);
    }
    printf("\n");
    return GENERATE_JOB_FAILED;
}
