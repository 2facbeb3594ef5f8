/**
 * @file driver.c
 * Host styles of the peripherals' drivers, and waiting for an event.
 */
#include "driver.h"

#include "itc.h"
#include "udma.h"

uint32_t driver_patience = DRIVER_PATIENCE;

/** Edges of the reference clock since the wait began, or its channel was seen to get on. */
static volatile uint32_t edges;

static void poll_watch(bool on)
{
    (void)on;
    itc_clear(1u << IRQ_REF_CLK);
}

static void poll_pause(void)
{
    soc_event_poll();
    if ((itc_pending() & 1u << IRQ_REF_CLK) != 0) {
        itc_clear(1u << IRQ_REF_CLK);
        edges++;
    }
}

static void count_edge(uint32_t line)
{
    (void)line;
    edges++;
}

static void irq_watch(bool on)
{
    if (on) {
        irq_set_handler(IRQ_REF_CLK, count_edge);
        irq_enable_line(IRQ_REF_CLK);
    } else {
        irq_disable_line(IRQ_REF_CLK);
    }
}

const struct driver_style driver_poll = {
    .name = "poll", .open = soc_event_open, .pause = poll_pause, .watch = poll_watch};
const struct driver_style driver_irq = {
    .name = "irq", .open = soc_event_listen, .pause = irq_wait, .watch = irq_watch};

void driver_expect(enum soc_event event)
{
    bool enabled = irq_save();
    (void)soc_event_take(event);
    irq_restore(enabled);
}

/** The event is late: its mask may have been closed meanwhile. */
static enum driver_status judge(const struct driver_style *style, enum soc_event event, uintptr_t channel)
{
    style->open(event);
    if (channel == DRIVER_NO_CHANNEL) {
        return DRIVER_TIMEOUT;
    }
    if (!udma_running(channel)) {
        return DRIVER_OK;
    }
    udma_stop(channel);
    return DRIVER_TIMEOUT;
}

static uint32_t left_on(uintptr_t channel)
{
    return channel == DRIVER_NO_CHANNEL ? 0 : udma_left(channel);
}

enum driver_status driver_await(const struct driver_style *style, enum soc_event event, uintptr_t channel)
{
    enum driver_status status = DRIVER_OK;
    bool enabled = irq_save();
    uint32_t left = left_on(channel);
    edges = 0;
    style->watch(true);
    while (!soc_event_take(event)) {
        if (driver_patience != 0 && edges >= driver_patience) {
            uint32_t now = left_on(channel);
            if (now == left) {
                status = judge(style, event, channel);
                break;
            }
            left = now;
            edges = 0;
        }
        style->pause();
    }
    style->watch(false);
    irq_restore(enabled);
    return status;
}

const char *driver_status_name(enum driver_status status)
{
    switch (status) {
    case DRIVER_OK: return "ok";
    case DRIVER_BUSY: return "busy";
    case DRIVER_BAD_ARGUMENT: return "bad argument";
    case DRIVER_NO_DEVICE: return "no device";
    case DRIVER_REFUSED: return "refused by the device";
    case DRIVER_TIMEOUT: return "timeout";
    case DRIVER_IDLE: return "nothing submitted";
    }
    return "unknown";
}
