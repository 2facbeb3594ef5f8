/**
 * @file driver.c
 * Tests of the driver: host styles, the queue, recovery from errors, and suspension of a list.
 */
#include "selftest.h"

#include <string.h>

enum { ROW = 64, JOBS = 5, LOOPS = 40 };

/** Layout of the arena in these tests. */
static struct layout {
    struct reta_desc list[2];
    int8_t row[JOBS + 1][ROW];
    int8_t sum[ROW];
    int8_t one[ROW];
} *const a = (struct layout *)arena;

/** Copies row i to row i + 1. */
static struct reta_desc copy_row(unsigned i)
{
    return reta_build_map(&(struct reta_map){.rows = 1,
                                             .columns = ROW,
                                             .x = reta_at(a->row[i], ROW),
                                             .y = reta_at(a->row[i + 1], ROW),
                                             .requant = {.mul = 1}});
}

static void clear(void)
{
    memset(a, 0, sizeof *a);
    for (unsigned i = 0; i < ROW; i++) {
        a->row[0][i] = (int8_t)(i + 1u);
        a->one[i] = 1;
    }
}

/** A chain of copies, submitted without waiting: correct only if the jobs run in order and to their end. */
static const char *chain(const struct reta_style *style)
{
    struct reta_job job;
    clear();
    if (reta_init(&reta, style) != RETA_OK) {
        return "init";
    }
    for (unsigned i = 0; i < JOBS; i++) {
        struct reta_desc desc = copy_row(i);
        if (reta_submit(&reta, &desc, &job) != RETA_OK) {
            return "submit";
        }
    }
    if (reta_wait(&reta, job) != RETA_OK || !reta_finished(&reta, job)) {
        return "wait";
    }
    return memcmp(a->row[JOBS], a->row[0], ROW) == 0 ? NULL : "memory";
}

/** The job behind a failing one runs when the error has been cleared. */
static const char *error_then_continue(void)
{
    struct reta_job bad, good;
    clear();
    if (reta_init(&reta, &reta_queue) != RETA_OK) {
        return "init";
    }
    struct reta_desc illegal = {{0}};
    struct reta_desc legal = copy_row(0);
    if (reta_submit(&reta, &illegal, &bad) != RETA_OK || reta_submit(&reta, &legal, &good) != RETA_OK) {
        return "submit";
    }
    if (reta_wait(&reta, good) != RETA_JOB_FAILED || reta.error.job != bad.id) {
        return "the error was not seen";
    }
    if (reta_finished(&reta, good) || a->row[1][0] != 0) {
        return "the queue did not halt";
    }
    reta_continue(&reta);
    if (reta_wait(&reta, good) != RETA_OK || memcmp(a->row[1], a->row[0], ROW) != 0) {
        return "the queue did not go on";
    }
    return NULL;
}

/** After an abort the accelerator is as good as new. */
static const char *error_then_abort(void)
{
    clear();
    struct reta_desc illegal = {{0}};
    struct reta_desc legal = copy_row(0);
    if (reta_run(&reta, &illegal) != RETA_JOB_FAILED) {
        return "the error was not seen";
    }
    reta_abort(&reta);
    if (reta_run(&reta, &legal) != RETA_OK || memcmp(a->row[1], a->row[0], ROW) != 0) {
        return "the next job did not run";
    }
    return NULL;
}

/** A list that adds 1 to every element LOOPS times is suspended, something else runs, and it goes on. */
static const char *suspend_and_resume(void)
{
    struct reta_job job;
    struct reta_list_state state;
    clear();
    reta_abort(&reta);
    a->list[0] = reta_build_map(&(struct reta_map){
        .rows = 1,
        .columns = ROW,
        .x = reta_at(a->sum, ROW),
        .y = reta_at(a->sum, ROW),
        .requant = {.mul = 1},
        .stage = {.elt = RETA_ELT_ADD, .z = reta_at(a->one, ROW), .ma = 1, .mb = 1}});
    a->list[1] = reta_build_ctrl(&(struct reta_ctrl){
        .count = LOOPS, .counter = 2, .target = a->list, .base = {[3] = {RETA_BASE_ADD, 1}}});
    a->list[1].word[RETA_WORD_HEADER] |= RETA_HDR_END;

    if (reta_list_submit(&reta, a->list, &job) != RETA_OK) {
        return "submit";
    }
    reta_list_suspend();
    if (reta_wait(&reta, job) != RETA_OK || reta_list_save(&state) != RETA_OK) {
        return "the list was not suspended";
    }
    if (a->sum[0] == LOOPS) {
        return "the list ran to its end";
    }
    struct reta_desc other = copy_row(0);
    reta_set_base(3, 12345);
    if (reta_run(&reta, &other) != RETA_OK) {
        return "the job between failed";
    }
    if (reta_list_resume(&reta, &state, &job) != RETA_OK || reta_wait(&reta, job) != RETA_OK) {
        return "resume";
    }
    if (reta_list_save(&state) != RETA_NOT_SUSPENDED) {
        return "SUSPEND shows a suspension";
    }
    for (unsigned i = 0; i < ROW; i++) {
        if (a->sum[i] != LOOPS) {
            return "memory";
        }
    }
    return NULL;
}

void test_driver(void)
{
    report("driver_poll", chain(&reta_poll));
    report("driver_irq", chain(&reta_irq));
    report("driver_queue", chain(&reta_queue));
    report("driver_error_continue", error_then_continue());
    report("driver_error_abort", error_then_abort());
    report("driver_suspend_resume", suspend_and_resume());
}
