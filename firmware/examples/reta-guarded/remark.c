/**
 * @file remark.c
 * Lines that begin with `driver: `.
 */
#include "remark.h"

#include <stdio.h>

void guard_remark(const struct reta_guard *guard, enum reta_status status)
{
    const struct reta_account *a = &guard->account;
    if (a->passes != 2u * a->runs || a->lost != 0) {
        printf("driver: %u passes, %u errors, %u timeouts, %u events lost, %u registers, %u disagreements, %u restored\n",
               a->passes, a->errors, a->timeouts, a->lost, a->registers, a->disagreements, a->restored);
    }
    if (status != RETA_OK) {
        printf("driver: %s\n", reta_guard_status_name(status));
    }
}
