/**
 * @file reta_list.c
 * RETA driver: command lists, their suspension, and performance counters.
 */
#include "reta.h"

#include "reta_registers.h"

static enum reta_status submit(struct reta *reta, uint32_t header, uint32_t first, struct reta_job *job)
{
    /* Words that LIST ignores keep what the context holds, so that at most three are written. */
    struct reta_desc desc = reta->context[reta->next_context];
    desc.word[RETA_WORD_HEADER] = header;
    desc.word[RETA_WORD_SELECT] = 0;
    desc.word[RETA_WORD_X] = first;
    return reta_submit(reta, &desc, job);
}

enum reta_status reta_list_submit(struct reta *reta, const struct reta_desc *first, struct reta_job *job)
{
    return submit(reta, RETA_OP_LIST, bus_address(first), job);
}

void reta_list_suspend(void)
{
    reta_put(RETA_SUSPEND_OFFSET, RETA_SUSPEND_REQUEST_MASK);
}

enum reta_status reta_list_save(struct reta_list_state *state)
{
    if ((reta_get(RETA_SUSPEND_OFFSET) & RETA_SUSPEND_SUSPENDED_MASK) == 0) {
        return RETA_NOT_SUSPENDED;
    }
    state->next = reta_get(RETA_LIST_PC_OFFSET);
    for (unsigned i = 0; i < RETA_BASES; i++) {
        state->base[i] = reta_get(RETA_BASE1_OFFSET + 4u * i);
    }
    for (unsigned i = 0; i < RETA_COUNTERS; i++) {
        state->counter[i] = reta_get(RETA_CNT0_OFFSET + 4u * i);
    }
    return RETA_OK;
}

enum reta_status reta_list_resume(struct reta *reta, const struct reta_list_state *state, struct reta_job *job)
{
    for (unsigned i = 0; i < RETA_BASES; i++) {
        reta_put(RETA_BASE1_OFFSET + 4u * i, state->base[i]);
    }
    for (unsigned i = 0; i < RETA_COUNTERS; i++) {
        reta_put(RETA_CNT0_OFFSET + 4u * i, state->counter[i]);
    }
    return submit(reta, RETA_OP_LIST | RETA_HDR_RESUME, state->next, job);
}

/** Reading the low word latches the high one. */
static uint64_t counter(uint32_t low_offset)
{
    uint32_t low = reta_get(low_offset);
    return (uint64_t)reta_get(low_offset + 4u) << 32 | low;
}

struct reta_counters reta_counters_read(void)
{
    return (struct reta_counters){
        .cycles = counter(RETA_CYCLES_OFFSET),
        .stalls = counter(RETA_STALLS_OFFSET),
        .macs = counter(RETA_MACS_OFFSET),
        .bytes_read = counter(RETA_BYTES_RD_OFFSET),
        .bytes_written = counter(RETA_BYTES_WR_OFFSET),
        .descriptors = counter(RETA_DESCS_OFFSET),
        .jobs = counter(RETA_JOBS_OFFSET),
    };
}

void reta_counters_clear(void)
{
    reta_put(RETA_PERF_CLEAR_OFFSET, 0);
}
