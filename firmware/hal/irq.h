/**
 * @file irq.h
 * Interrupt lines of the fabric controller: handlers, enables, and sleeping without losing a wake-up.
 *
 * An interrupt reaches the core if its line is set in the controller's MASK (itc.h), in the CSR mie and, to be taken,
 * if mstatus.MIE is 1. WFI wakes on the first two alone.
 */
#ifndef HAL_IRQ_H
#define HAL_IRQ_H

#include "csr.h"

#include <stdbool.h>

/** Lines of the fabric controller that have a source in PULPissimo. */
enum irq_line {
    IRQ_TIMER_LO = 10,
    IRQ_TIMER_HI = 11,
    IRQ_REF_CLK = 14,
    IRQ_GPIO = 15,
    IRQ_ADV_TIMER0 = 17,
    IRQ_SOC_EVENT = 26,
    IRQ_EVENT_OVERFLOW = 29,
    IRQ_COUNT = 32
};

/** Called with interrupts disabled; the pending bit has been cleared by the hardware. */
typedef void (*irq_handler)(uint32_t line);

/** Registers the handler of a line; NULL restores the default, which reports the line and ends the program. */
void irq_set_handler(enum irq_line line, irq_handler handler);

/** Opens a line in the controller and in mie. */
void irq_enable_line(enum irq_line line);

/** Closes a line in the controller and in mie. */
void irq_disable_line(enum irq_line line);

/**
 * First in every function with the attribute `interrupt`, for debuggers: what it has interrupted goes on at mepc (DWARF
 * register 4096 + 0x341). Compilers describe the frame as if it had been called, with ra. No instruction.
 */
#define IRQ_VECTOR_FRAME() __asm__ volatile(".cfi_return_column 4929")

/** Reports an exception and ends the program; startup/vectors.S comes here on a fresh stack, interrupts disabled. */
_Noreturn void exception_report(uint32_t mcause, uint32_t mepc, uint32_t ra, uint32_t sp);

/** Disables interrupts and tells whether they were enabled. */
static inline bool irq_save(void)
{
    uint32_t previous;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(previous)::"memory");
    return (previous & MSTATUS_MIE) != 0;
}

/** Enables interrupts if `enabled`, the result of irq_save, says that they were. */
static inline void irq_restore(bool enabled)
{
    if (enabled) {
        CSR_SET(mstatus, MSTATUS_MIE);
    }
}

/** Enables interrupts globally. */
static inline void irq_enable(void)
{
    CSR_SET(mstatus, MSTATUS_MIE);
}

/**
 * Sleeps until an enabled line is pending and lets its handler run. To be called with interrupts disabled, after the
 * check that there is nothing to do: a line that becomes pending between that check and WFI stays pending (MIE is 0),
 * and WFI then returns at once. Returns with interrupts disabled.
 */
static inline void irq_wait(void)
{
    __asm__ volatile("wfi\n\t"
                     "csrsi mstatus, 8\n\t"
                     "nop\n\t" /* the pending interrupt is taken here at the latest */
                     "csrci mstatus, 8" ::
                         : "memory");
}

/** Sleeps until an enabled line is pending, without taking it. To be called with interrupts disabled. */
static inline void irq_sleep(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

#endif
