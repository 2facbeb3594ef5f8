/**
 * @file driver.c
 * Host styles of the peripherals' drivers, and waiting for an event.
 */
#include "driver.h"

const struct driver_style driver_poll = {.name = "poll", .open = soc_event_open, .pause = soc_event_poll};
const struct driver_style driver_irq = {.name = "irq", .open = soc_event_listen, .pause = irq_wait};

void driver_expect(enum soc_event event)
{
    bool enabled = irq_save();
    (void)soc_event_take(event);
    irq_restore(enabled);
}

void driver_await(const struct driver_style *style, enum soc_event event)
{
    bool enabled = irq_save();
    while (!soc_event_take(event)) {
        style->pause();
    }
    irq_restore(enabled);
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
