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
    SOC_EVENT_SPIM0_RX = 4,
    SOC_EVENT_SPIM0_EOT = 7,
    SOC_EVENT_I2C0_RX = 8,
    SOC_EVENT_I2C0_EOT = 11,
    SOC_EVENT_CPI_RX = 16,
    SOC_EVENT_CPI_FRAME = 17,
    SOC_EVENT_I2S_RX = 20, /**< profile P7 */
    SOC_EVENT_I2S_TX = 21, /**< profile P7 */
    SOC_EVENT_I2C0_NACK = 33,
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

/** Opens the event's mask towards the core, but not the interrupt line: for programs that poll. */
void soc_event_open(enum soc_event event);

/**
 * Records one event that waits in front of the closed interrupt line 26, if there is one. For programs that poll; with the
 * line open the interrupt handler does this.
 */
void soc_event_poll(void);

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
