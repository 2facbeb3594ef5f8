/**
 * @file reta.c
 * RETA driver: probe, submission and completion of register jobs.
 */
#include "reta.h"

#include "irq.h"
#include "reta_registers.h"

/** Identity and the capabilities that the builders take for granted. */
enum { ID_RETA = 0x52455441, VERSION_MAJOR = 1 };
static const uint32_t opcodes_needed =
    1u << RETA_OP_LINEAR | 1u << RETA_OP_RETENTION | 1u << RETA_OP_NORM | 1u << RETA_OP_MAP | 1u << RETA_OP_CTRL |
    1u << RETA_OP_LIST;

/** ACQUIRE's answer when all contexts are committed; -2 means that the lock is held. */
enum { ACQUIRE_FULL = -1 };

#define FIELD(value, name) (((value) & name##_MASK) >> name##_BIT)

enum reta_status reta_init(struct reta *reta, const struct reta_style *style)
{
    if (reta_get(RETA_ID_OFFSET) != ID_RETA) {
        return RETA_NO_DEVICE;
    }
    if (FIELD(reta_get(RETA_VERSION_OFFSET), RETA_VERSION_MAJOR) != VERSION_MAJOR) {
        return RETA_BAD_VERSION;
    }
    uint32_t cap1 = reta_get(RETA_CAP1_OFFSET);
    uint32_t cap2 = reta_get(RETA_CAP2_OFFSET);
    if ((FIELD(cap2, RETA_CAP2_OPCODES) & opcodes_needed) != opcodes_needed ||
        FIELD(cap2, RETA_CAP2_G_MAX) < RETA_MAX_GROUP || FIELD(cap1, RETA_CAP1_D_MAX) < RETA_MAX_HEAD ||
        FIELD(cap1, RETA_CAP1_C_MAX) < RETA_MAX_CHUNK || FIELD(cap1, RETA_CAP1_H_MAX) < RETA_MAX_HEADS ||
        FIELD(cap1, RETA_CAP1_CONTEXTS) != RETA_CONTEXTS) {
        return RETA_UNSUPPORTED;
    }
    reta->style = style;
    reta_abort(reta);
    reta_put(RETA_EVT_MASK_OFFSET,
             RETA_EVT_MASK_DONE_MASK | RETA_EVT_MASK_ERROR_MASK | RETA_EVT_MASK_PROGRESS_MASK);
    style->open();
    reta_watch(reta, RETA_PATIENCE);
    return RETA_OK;
}

bool reta_reaches(const volatile void *start, const volatile void *end)
{
    return bus_address(start) >= reta_get(RETA_L2_LO_OFFSET) && bus_address(end) <= reta_get(RETA_L2_HI_OFFSET);
}

void reta_set_base(unsigned base, uint32_t value)
{
    reta_put(RETA_BASE1_OFFSET + 4u * (base - 1u), value);
}

void reta_abort(struct reta *reta)
{
    reta_put(RETA_SOFT_CLEAR_OFFSET, 0); /* 0: also clears the context registers and the id counters */
    reta->context[0] = reta->context[1] = (struct reta_desc){{0}};
    reta->next_context = 0;
    reta->error = (struct reta_error){0};
    reta->watch.expired = reta->watch.is_busy = false;
}

void reta_continue(struct reta *reta)
{
    reta->error = (struct reta_error){0};
    reta_put(RETA_ERR_OFFSET, 0);
}

/** Notes the recorded error, if STATUS shows one. */
static enum reta_status check(struct reta *reta, uint32_t status)
{
    if ((status & RETA_STATUS_ERROR_MASK) == 0) {
        return RETA_OK;
    }
    reta->error.code = (uint8_t)reta_get(RETA_ERR_OFFSET);
    reta->error.job = (uint8_t)reta_get(RETA_ERR_JOB_OFFSET);
    reta->error.descriptor = reta_get(RETA_ERR_PC_OFFSET);
    if (reta->watch.expired) {
        reta_abort(reta);
        return RETA_TIMED_OUT;
    }
    return RETA_JOB_FAILED;
}

/** Takes a context, pausing while both are committed. Interrupts are disabled. */
static enum reta_status acquire(struct reta *reta, uint8_t *id)
{
    for (;;) {
        int32_t answer = (int32_t)reta_get(RETA_ACQUIRE_OFFSET);
        if (answer >= 0) {
            *id = (uint8_t)answer;
            return RETA_OK;
        }
        if (answer != ACQUIRE_FULL) {
            return RETA_LOCKED;
        }
        enum reta_status result = check(reta, reta_get(RETA_STATUS_OFFSET)); /* a halted queue never gets free */
        if (result != RETA_OK) {
            return result;
        }
        reta->style->pause(reta);
    }
}

/** A prepared register write, and what the context holds until it is done. */
struct register_write {
    uintptr_t address;
    uint32_t value;
    uint32_t *copy;
    uint32_t before;
};

/** Prepares the write of word `i` of the descriptor, if the context does not hold it yet; returns the next free one. */
static inline struct register_write *prepare_write(struct reta_desc *context, const struct reta_desc *desc, unsigned i,
                                                   struct register_write *next)
{
    uint32_t value = desc->word[i], before = context->word[i];
    if (value == before) {
        return next;
    }
    next->address = RETA_BASE + RETA_JOB0_OFFSET + 4u * i;
    next->value = value;
    next->copy = &context->word[i];
    next->before = before;
    context->word[i] = value;
    return next + 1;
}

/** Prepares all writes that make the context hold the descriptor; returns their end. Four words a turn, for speed. */
static struct register_write *prepare_writes(struct reta_desc *context, const struct reta_desc *desc,
                                             struct register_write *next)
{
    for (unsigned i = 0; i < RETA_DESC_WORDS; i += 4) {
        next = prepare_write(context, desc, i, next);
        next = prepare_write(context, desc, i + 1, next);
        next = prepare_write(context, desc, i + 2, next);
        next = prepare_write(context, desc, i + 3, next);
    }
    return next;
}

/** Forgets prepared writes: the copy of the context shows again what the hardware holds. */
static void withdraw_writes(const struct register_write *writes, const struct register_write *end)
{
    for (; writes != end; writes++) {
        *writes->copy = writes->before;
    }
}

enum reta_status reta_submit(struct reta *reta, const struct reta_desc *desc, struct reta_job *job)
{
    /* Everything that can be done without the context comes first: it may overlap with a running job. */
    struct register_write writes[RETA_DESC_WORDS];
    const struct register_write *end = prepare_writes(&reta->context[reta->next_context], desc, writes);

    bool enabled = irq_save();
    enum reta_status result = acquire(reta, &job->id);
    irq_restore(enabled);
    if (result != RETA_OK) {
        withdraw_writes(writes, end);
        return result;
    }
    for (const struct register_write *write = writes; write != end; write++) {
        mmio_write(write->address, write->value);
    }
    memory_barrier(); /* descriptors and tensors in memory before the trigger */
    reta_put(RETA_TRIGGER_OFFSET, 0);
    job->context = reta->next_context;
    reta->next_context ^= 1u;
    return RETA_OK;
}

static inline bool has_finished(struct reta_job job)
{
    return (int8_t)(uint8_t)(reta_get(RETA_RUNNING_JOB_OFFSET) - job.id) > 0; /* at most two are outstanding */
}

bool reta_finished(const struct reta *reta, struct reta_job job)
{
    return has_finished(job) && !reta->watch.expired;
}

/** One job at a time: its context's byte of STATUS tells that it has finished, and the same read shows an error. */
static enum reta_status wait_for_status(struct reta *reta, uint32_t contexts)
{
    for (;;) {
        uint32_t status = reta_get(RETA_STATUS_OFFSET);
        if ((status & (contexts | RETA_STATUS_ERROR_MASK)) == 0) {
            return RETA_OK;
        }
        if ((status & RETA_STATUS_ERROR_MASK) != 0) {
            return check(reta, status);
        }
        reta->style->pause(reta);
    }
}

/** Several jobs: a context may already hold a later one, so ids decide. */
static enum reta_status wait_for_id(struct reta *reta, struct reta_job job)
{
    while (!has_finished(job)) {
        enum reta_status result = check(reta, reta_get(RETA_STATUS_OFFSET));
        if (result != RETA_OK) {
            return result;
        }
        reta->style->pause(reta);
    }
    return check(reta, reta_get(RETA_STATUS_OFFSET));
}

enum reta_status reta_wait(struct reta *reta, struct reta_job job)
{
    bool enabled = irq_save();
    enum reta_status result = reta->style->depth > 1
                                  ? wait_for_id(reta, job)
                                  : wait_for_status(reta, RETA_STATUS_CONTEXT0_MASK << 8u * job.context);
    memory_barrier();
    irq_restore(enabled);
    return result;
}

enum reta_status reta_wait_idle(struct reta *reta)
{
    bool enabled = irq_save();
    enum reta_status result = wait_for_status(reta, RETA_STATUS_CONTEXT0_MASK | RETA_STATUS_CONTEXT1_MASK);
    memory_barrier();
    irq_restore(enabled);
    return result;
}

enum reta_status reta_run(struct reta *reta, const struct reta_desc *desc)
{
    struct reta_job job;
    enum reta_status result = reta_submit(reta, desc, &job);
    return result == RETA_OK ? reta_wait(reta, job) : result;
}
