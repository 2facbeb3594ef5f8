/**
 * @file reta_style.c
 * Host styles: how the core spends the time until the accelerator has made progress.
 */
#include "reta.h"

#include "irq.h"
#include "soc_event.h"

static void poll_open(void)
{
}

static void poll_pause(struct reta *reta)
{
    if ((int32_t)(CSR_READ(mcycle) - reta->watch.due) >= 0) {
        reta_watch_look(reta);
    }
}

static void irq_open(void)
{
    soc_event_listen(SOC_EVENT_HWPE_DONE);
    soc_event_listen(SOC_EVENT_HWPE_ERROR);
}

/* Both events only wake: the caller reads the registers and decides. An event that is left over from an earlier job
 * costs one more turn of the caller's loop. */
static void irq_pause(struct reta *reta)
{
    (void)reta;
    irq_wait();
}

const struct reta_style reta_poll = {.name = "poll", .depth = 1, .open = poll_open, .pause = poll_pause, .sleeps = false};
const struct reta_style reta_irq = {.name = "irq", .depth = 1, .open = irq_open, .pause = irq_pause, .sleeps = true};
const struct reta_style reta_queue = {.name = "queue", .depth = 2, .open = irq_open, .pause = irq_pause, .sleeps = true};
