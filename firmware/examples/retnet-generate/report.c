/**
 * @file report.c
 * What the accelerator did, for the styles that carry out everything once.
 */
#include "generate.h"
#include "reta.h"

#include <stdio.h>

void generate_report(void)
{
    struct reta_counters c = reta_counters_read();
    printf("accelerator: %lu jobs, %lu descriptors, %lu cycles (%lu of them stalls), %lu MACs\n",
           (unsigned long)c.jobs, (unsigned long)c.descriptors, (unsigned long)c.cycles, (unsigned long)c.stalls,
           (unsigned long)c.macs);
}
