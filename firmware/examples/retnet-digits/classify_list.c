/**
 * @file classify_list.c
 * Classification by one command list a form, with the plain driver.
 */
#include "classify.h"

#include <stdio.h>

static struct reta reta;

L2_BSS static uint32_t pixels[DIGITS_MAX][DIGITS_PIXELS];
L2_BSS static uint32_t classes[DIGITS_MAX];
L2_BSS static struct reta_desc list[CLASSIFY_DESCS];

enum reta_status classify_open(void)
{
    for (uint32_t i = 0; i < digits_request.count; i++) {
        for (unsigned j = 0; j < DIGITS_PIXELS; j++) {
            pixels[i][j] = digits_request.tokens[i][j];
        }
    }
    return reta_init(&reta, &reta_irq);
}

enum reta_status classify(unsigned chunk, volatile uint8_t *result)
{
    struct reta_job job;
    uint32_t count = digits_request.count;
    classify_build(list, count, chunk);
    reta_set_base(BASE_TOKENS, bus_address(pixels));
    reta_set_base(BASE_CLASS, bus_address(classes));
    reta_counters_clear();
    enum reta_status status = reta_list_submit(&reta, list, &job);
    if (status == RETA_OK) {
        status = reta_wait(&reta, job);
    }
    for (uint32_t i = 0; i < count && status == RETA_OK; i++) {
        result[i] = (uint8_t)classes[i];
    }
    return status;
}

void classify_cost(void)
{
    struct reta_counters counters = reta_counters_read();
    printf(", %lu cycles, %lu MACs", (unsigned long)counters.cycles, (unsigned long)counters.macs);
}

void classify_remark(void)
{
}

const char *classify_error(enum reta_status status)
{
    return status == RETA_JOB_FAILED ? reta_error_name(reta.error.code) : reta_status_name(status);
}
