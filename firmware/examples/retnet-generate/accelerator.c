/**
 * @file accelerator.c
 * Opening RETA, and reporting what it did.
 */
#include "accelerator.h"

#include <stdio.h>

struct reta accelerator;

/** Ends of what the program has put into interleaved L2 (linker script). */
extern const uint8_t __l2_start[], __l2_end[];

enum generate_status accelerator_open(const struct reta_style *style)
{
    enum reta_status status = reta_init(&accelerator, style);
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

void generate_report(void)
{
    struct reta_counters c = reta_counters_read();
    printf("accelerator: %lu jobs, %lu descriptors, %lu cycles (%lu of them stalls), %lu MACs\n",
           (unsigned long)c.jobs, (unsigned long)c.descriptors, (unsigned long)c.cycles, (unsigned long)c.stalls,
           (unsigned long)c.macs);
}
