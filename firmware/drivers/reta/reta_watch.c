/**
 * @file reta_watch.c
 * RETA driver: the watch, which keeps waits from going on for ever.
 *
 * It costs a sleeping host one interrupt every some million cycles, and nothing in the path of a job: what has expired
 * shows in the registers that every wait reads anyway. The jobs are stopped, and one without a descriptor, which the
 * hardware refuses, takes their place; so STATUS shows an error and event 141 comes.
 */
#include "reta.h"

#include "irq.h"
#include "reta_registers.h"
#include "timer.h"

static struct reta *watched;
static uint32_t period;

static void on_tick(uint32_t line)
{
    (void)line;
    reta_watch_look(watched);
}

void reta_watch(struct reta *reta, uint32_t patience)
{
    reta->watch.is_busy = false;
    period = patience;
    reta->watch.due = CSR_READ(mcycle) + (patience ? patience : INT32_MAX);
    if (!reta->style->sleeps) {
        return;
    }
    watched = reta;
    if (patience == 0) {
        timer_alarm_cancel();
        return;
    }
    irq_set_handler(IRQ_TIMER_LO, on_tick);
    irq_enable_line(IRQ_TIMER_LO);
    timer_period(patience);
}

void reta_watch_look(struct reta *reta)
{
    reta->watch.due = CSR_READ(mcycle) + (period ? period : INT32_MAX);
    if (period == 0) {
        return;
    }
    uint32_t status = reta_get(RETA_STATUS_OFFSET);
    bool is_busy = (status & (RETA_STATUS_CONTEXT0_MASK | RETA_STATUS_CONTEXT1_MASK)) != 0 &&
                   (status & RETA_STATUS_ERROR_MASK) == 0;
    uint32_t descriptors = reta_get(RETA_DESCS_OFFSET), job = reta_get(RETA_RUNNING_JOB_OFFSET);
    bool is_stuck = is_busy && reta->watch.is_busy && descriptors == reta->watch.descriptors && job == reta->watch.job;
    reta->watch.is_busy = is_busy;
    reta->watch.descriptors = descriptors;
    reta->watch.job = job;

    /* Who waits looks at the registers again now; the next event shall come by itself. */
    reta_put(RETA_EVT_MASK_OFFSET, RETA_EVT_MASK_DONE_MASK | RETA_EVT_MASK_ERROR_MASK | RETA_EVT_MASK_PROGRESS_MASK);
    reta->style->open();

    if (is_stuck) {
        reta->watch.expired = true;
        reta_put(RETA_SOFT_CLEAR_OFFSET, 0);
        (void)reta_get(RETA_ACQUIRE_OFFSET);
        reta_put(RETA_TRIGGER_OFFSET, 0);
    }
}
