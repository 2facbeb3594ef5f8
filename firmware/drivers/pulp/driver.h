/**
 * @file driver.h
 * What the peripherals' drivers have in common: results, host styles, and waiting.
 *
 * A driver has init, submit and wait: submit starts a transfer and returns, wait returns when it is done. How the host
 * waits is its style, chosen at init: it polls, or sleeps until the transfer's SoC event comes by interrupt 26. Buffers
 * of a submitted transfer must stay as they are until wait has returned. Drivers are not reentrant.
 *
 * No wait is without end: see driver_patience. While a driver waits it counts edges of the reference clock (65536 a second),
 * with interrupt line 14 in the style that sleeps.
 */
#ifndef PULP_DRIVER_H
#define PULP_DRIVER_H

#include "soc_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Result of the drivers' functions: 0, or a negative code. */
enum driver_status {
    DRIVER_OK = 0,
    DRIVER_BUSY = -1,         /**< a transfer is under way: wait first */
    DRIVER_BAD_ARGUMENT = -2, /**< a size, an address or a number that the hardware cannot do */
    DRIVER_NO_DEVICE = -3,    /**< the device does not answer, or is another one */
    DRIVER_REFUSED = -4,      /**< the device answered that it failed */
    DRIVER_TIMEOUT = -5,      /**< it took longer than it may */
    DRIVER_IDLE = -6,         /**< there is nothing to wait for */
};

/** How the host waits for a peripheral. */
struct driver_style {
    const char *name;
    /** Lets the event reach `pause`. */
    void (*open)(enum soc_event event);
    /** Returns when an event may have been recorded. Called with interrupts disabled. */
    void (*pause)(void);
    /** Lets `pause` count edges of the reference clock, or no longer. */
    void (*watch)(bool on);
};

/** Looks at the interrupt controller again and again; interrupt 26 stays closed. */
extern const struct driver_style driver_poll;
/** Sleeps until interrupt 26. */
extern const struct driver_style driver_irq;

/** Forgets an event that was recorded earlier: to be called before the transfer is started that will raise it. */
void driver_expect(enum soc_event event);

/** An eighth of a second. */
enum { DRIVER_PATIENCE = 8192 };

/** Edges of the reference clock that a wait lets pass without progress of its channel; 0: it waits for ever. */
extern uint32_t driver_patience;

/** Waits that no channel of the uDMA belongs to. */
enum { DRIVER_NO_CHANNEL = 0 };

/**
 * Waits until the event has been recorded, and forgets it. Where it does not come in time, the channel decides: one that
 * has ended had its event lost, which is put right (DRIVER_OK); one that stands still is stopped (DRIVER_TIMEOUT).
 */
enum driver_status driver_await(const struct driver_style *style, enum soc_event event, uintptr_t channel);

/** The name of a result. */
const char *driver_status_name(enum driver_status status);

#endif
