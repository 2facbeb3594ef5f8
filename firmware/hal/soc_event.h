/**
 * @file soc_event.h
 * SoC events on their way to the core: event generator, event FIFO and interrupt line 26.
 *
 * The interrupt handler records every event that arrives in a bit map; waiting code asks for the events it wants. One
 * record may stand for several events of one number.
 */
#ifndef HAL_SOC_EVENT_H
#define HAL_SOC_EVENT_H

#include "irq.h"

/** Event numbers of PULPissimo. */
enum soc_event {
    SOC_EVENT_UART0_RX = 0,
    SOC_EVENT_UART0_TX = 1,
    SOC_EVENT_GPIO = 139,
    SOC_EVENT_HWPE_DONE = 140,
    SOC_EVENT_HWPE_ERROR = 141,
    SOC_EVENT_SOFTWARE0 = 160,
    SOC_EVENT_REF_CLK = 168,
    SOC_EVENT_COUNT = 169
};

/** Bit map of the events that the handler has seen, written by it alone and by soc_event_take. */
extern volatile uint32_t soc_event_seen[8];

/** Opens the event's mask towards the core and interrupt line 26. */
void soc_event_listen(enum soc_event event);

/** Closes the event's mask towards the core. */
void soc_event_ignore(enum soc_event event);

/** Fires software event `number`, 0..7 (SoC events 160..167). */
void soc_event_fire(unsigned number);

/** Tells whether the event has been seen, and forgets it. To be called with interrupts disabled. */
static inline bool soc_event_take(enum soc_event event)
{
    uint32_t word = soc_event_seen[event / 32u];
    uint32_t bit = 1u << event % 32u;
    soc_event_seen[event / 32u] = word & ~bit;
    return (word & bit) != 0;
}

#endif
