/**
 * @file itc.h
 * Fabric-controller interrupt controller (apb_interrupt_cntrl): masks, pending bits and the event FIFO.
 */
#ifndef HAL_ITC_H
#define HAL_ITC_H

#include "fc_itc_regs.h"
#include "mmio.h"

/** Lets the lines of `lines` (bit n = line n) request an interrupt. */
static inline void itc_unmask(uint32_t lines)
{
    mmio_write(FC_ITC_BASE + FC_ITC_MASK_SET_OFFSET, lines);
}

/** Keeps the lines of `lines` from requesting an interrupt; they still become pending. */
static inline void itc_mask(uint32_t lines)
{
    mmio_write(FC_ITC_BASE + FC_ITC_MASK_CLR_OFFSET, lines);
}

/** Pending lines, masked or not. */
static inline uint32_t itc_pending(void)
{
    return mmio_read(FC_ITC_BASE + FC_ITC_INT_OFFSET);
}

/** Clears pending lines. Clearing line 26 also pops the SoC event FIFO. */
static inline void itc_clear(uint32_t lines)
{
    mmio_write(FC_ITC_BASE + FC_ITC_INT_CLR_OFFSET, lines);
}

/** Makes lines pending from software. */
static inline void itc_raise(uint32_t lines)
{
    mmio_write(FC_ITC_BASE + FC_ITC_INT_SET_OFFSET, lines);
}

/** Number of the SoC event popped last. Reading does not pop: taking interrupt 26 or clearing line 26 does. */
static inline uint32_t itc_event_id(void)
{
    return mmio_read(FC_ITC_BASE + FC_ITC_FIFO_OFFSET);
}

#endif
