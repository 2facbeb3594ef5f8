/**
 * @file soc_event.c
 * SoC event generator and the handler of interrupt line 26.
 */
#include "soc_event.h"

#include "itc.h"
#include "soc_event_regs.h"

volatile uint32_t soc_event_seen[8];

/**
 * Entered directly from the vector table. Taking the interrupt has popped the FIFO; if there are more events, the line
 * is pending again. Calls nothing, so that only the few registers used here are saved.
 */
__attribute__((interrupt("machine"))) void irq_vector_26(void);
void irq_vector_26(void)
{
    IRQ_VECTOR_FRAME();
    uint32_t event = itc_event_id() & FC_ITC_FIFO_EVENT_ID_MASK;
    soc_event_seen[event / 32u] |= 1u << event % 32u;
}

static uintptr_t mask_register(enum soc_event event)
{
    return SOC_EVENT_BASE + SOC_EVENT_FC_MASK0_OFFSET + event / 32u * 4u;
}

void soc_event_open(enum soc_event event)
{
    mmio_clear_bits(mask_register(event), 1u << event % 32u); /* a mask bit of 1 blocks */
}

void soc_event_listen(enum soc_event event)
{
    soc_event_open(event);
    irq_enable_line(IRQ_SOC_EVENT);
}

void soc_event_poll(void)
{
    if ((itc_pending() & 1u << IRQ_SOC_EVENT) == 0) {
        return;
    }
    itc_clear(1u << IRQ_SOC_EVENT); /* pops the FIFO: its front is then the id that can be read */
    uint32_t event = itc_event_id() & FC_ITC_FIFO_EVENT_ID_MASK;
    soc_event_seen[event / 32u] |= 1u << event % 32u;
}

void soc_event_ignore(enum soc_event event)
{
    mmio_set_bits(mask_register(event), 1u << event % 32u);
}

void soc_event_fire(unsigned number)
{
    mmio_write(SOC_EVENT_BASE + SOC_EVENT_EVENT_OFFSET, 1u << (number & 7u));
}
