/**
 * @file protocol.c
 * Mistakes with the accelerator's registers and descriptors (rules reta-…).
 */
#include "bugs.h"

static void write_unacquired(bool clean)
{
    struct reta_desc desc = copy(x, y, 4);
    if (!clean) {
        reta_put(RETA_JOB0_OFFSET, desc.word[0]);
    }
    commit(&desc, 0);
    wait_idle();
}

static void trigger_unacquired(bool clean)
{
    struct reta_desc desc = copy(x, y, 4);
    commit(&desc, 0);
    commit(&desc, 0);
    wait_idle();
    if (clean) {
        acquire();
    }
    reta_put(RETA_TRIGGER_OFFSET, 0); /* the words of the context are those of the first job */
    wait_idle();
}

static void trigger_lost(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    commit(&desc, 0);
    commit(&desc, 0);
    if (clean) {
        wait_idle();
    }
    acquire();
    reta_put(RETA_TRIGGER_OFFSET, 0);
    wait_idle();
}

static void never_committed(bool clean)
{
    acquire();
    if (clean) {
        struct reta_desc desc = copy(x, y, 4);
        write_words(&desc);
        reta_put(RETA_TRIGGER_OFFSET, 0);
        wait_idle();
    }
}

static void never_started(bool clean)
{
    struct reta_desc desc = copy(x, y, 4);
    commit(&desc, clean ? 0 : 1);
    wait_idle();
}

static void busy_context_write(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    commit(&desc, 0);
    commit(&desc, 0);
    if (clean) {
        wait_idle();
        acquire();
    }
    reta_put(RETA_JOB0_OFFSET + 4u * RETA_WORD_X, bus_address(z));
    if (clean) {
        reta_put(RETA_TRIGGER_OFFSET, 0);
    }
    wait_idle();
}

static void base_while_running(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    commit(&desc, 0);
    if (clean) {
        wait_idle();
    }
    reta_set_base(1, 16);
    wait_idle();
}

static void reserved_bits(bool clean)
{
    reta_put(RETA_EVT_MASK_OFFSET, clean ? 7u : 0xFFFFFFFFu);
}

static void narrow_access(bool clean)
{
    if (clean) {
        reta_put(RETA_EVT_MASK_OFFSET, 7);
    } else {
        *(volatile uint8_t *)(RETA_BASE + RETA_EVT_MASK_OFFSET) = 7;
    }
}

static void no_register(bool clean)
{
    reta_put(clean ? RETA_ERR_OFFSET : RETA_STATUS_OFFSET, 0);
}

/** Waits without a look at the error code. */
static void wait_for_id(int id)
{
    while ((int)reta_get(RETA_RUNNING_JOB_OFFSET) == id) {
    }
}

static void error_unread(bool clean)
{
    struct reta_desc desc = {{0}}; /* no such opcode */
    wait_for_id(commit(&desc, 0));
    if (clean) {
        reta_get(RETA_ERR_OFFSET);
    }
    reta_put(RETA_ERR_OFFSET, 0);
}

static void error_uncleared(bool clean)
{
    struct reta_desc bad = {{0}};
    struct reta_desc good = copy(x, y, 4);
    int id = commit(&bad, 0);
    commit(&good, 0);
    wait_for_id(id);
    reta_get(RETA_ERR_OFFSET);
    if (clean) {
        reta_put(RETA_ERR_OFFSET, 0);
        wait_idle();
    }
}

static void finished_saturated(bool clean)
{
    struct reta_desc desc = copy(x, y, 4);
    for (unsigned i = 0; i < 3; i++) {
        commit(&desc, 0);
        wait_idle();
        if (clean) {
            reta_get(RETA_FINISHED_OFFSET);
        }
    }
    reta_get(RETA_FINISHED_OFFSET);
}

/** One of the jobs, each longer than the one before, ends in the cycle of a read. */
static void finished_missed(bool clean)
{
    for (unsigned rows = 1; rows <= ROWS; rows++) {
        struct reta_desc desc = copy(x, y, rows);
        commit(&desc, 0);
        while ((reta_get(RETA_STATUS_OFFSET) & (RETA_STATUS_CONTEXT0_MASK | RETA_STATUS_CONTEXT1_MASK)) != 0) {
            if (!clean && reta_get(RETA_FINISHED_OFFSET) != 0) {
                break;
            }
        }
        reta_get(RETA_FINISHED_OFFSET);
        wait_idle();
    }
}

static void illegal_descriptor(bool clean)
{
    struct reta_desc desc = copy(x, y, clean ? 4 : 0);
    commit(&desc, 0);
    if (wait_idle() != 0) {
        reta_put(RETA_ERR_OFFSET, 0);
    }
}

static void operand_overlap(bool clean)
{
    struct reta_desc desc = copy(x, clean ? y : x + COLUMNS / 2, 4);
    commit(&desc, 0);
    wait_idle();
}

static void object_bounds(bool clean)
{
    static int8_t small[4 * COLUMNS] __attribute__((section(".l2_bss"), aligned(16)));
    struct reta_desc desc = copy(x, small, clean ? 4 : 5);
    commit(&desc, 0);
    wait_idle();
}

static void private_bank(bool clean)
{
    static int8_t private[4 * COLUMNS] __attribute__((aligned(16)));
    struct reta_desc desc = copy(x, clean ? y : private, 4);
    commit(&desc, 0);
    if (wait_idle() != 0) {
        reta_put(RETA_ERR_OFFSET, 0);
    }
}

const struct bug protocol_bugs[] = {
    {"reta-write-unacquired", write_unacquired},
    {"reta-trigger-unacquired", trigger_unacquired},
    {"reta-trigger-lost", trigger_lost},
    {"reta-never-committed", never_committed},
    {"reta-never-started", never_started},
    {"reta-busy-context-write", busy_context_write},
    {"reta-base-while-running", base_while_running},
    {"reta-reserved-bits", reserved_bits},
    {"reta-narrow-access", narrow_access},
    {"reta-no-register", no_register},
    {"reta-error-unread", error_unread},
    {"reta-error-uncleared", error_uncleared},
    {"reta-finished-saturated", finished_saturated},
    {"reta-finished-missed", finished_missed},
    {"reta-illegal-descriptor", illegal_descriptor},
    {"reta-operand-overlap", operand_overlap},
    {"reta-object-bounds", object_bounds},
    {"reta-private-bank", private_bank},
    {0},
};
