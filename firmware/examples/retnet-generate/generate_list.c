/**
 * @file generate_list.c
 * Host style list: one trigger for the whole generation. The host sleeps until its one interrupt.
 */
#include "accelerator.h"
#include "generate_list.h"

const char *const generate_style = "list";

enum generate_status generate(const struct generation *generation)
{
    enum generate_status opened = accelerator_open(&reta_irq);
    if (opened != GENERATE_OK) {
        return opened;
    }
    struct reta_job job;
    enum reta_status status = reta_list_submit(&accelerator, generate_build_list(generation).first, &job);
    if (status == RETA_OK) {
        status = reta_wait(&accelerator, job);
    }
    if (status != RETA_OK) {
        return accelerator_failed(status);
    }
    for (uint32_t i = 0; i < generation->count; i++) {
        emit_token(sequence[generation->prompt_length + i]);
    }
    return GENERATE_OK;
}
