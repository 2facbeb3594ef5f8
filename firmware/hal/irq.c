/**
 * @file irq.c
 * Handler table behind the common interrupt entry of startup/vectors.S, and the end of programs that trap.
 */
#include "irq.h"

#include "itc.h"
#include "system.h"

#include <stdio.h>

static void unexpected(uint32_t line)
{
    printf("unexpected interrupt on line %lu\n", (unsigned long)line);
    exit_program(EXIT_UNEXPECTED_INTERRUPT);
}

/** Indexed by line; read by startup/vectors.S. */
irq_handler irq_handlers[IRQ_COUNT] = {
    unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected,
    unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected,
    unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected,
    unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected, unexpected,
};

void irq_set_handler(enum irq_line line, irq_handler handler)
{
    irq_handlers[line] = handler ? handler : unexpected;
}

void irq_enable_line(enum irq_line line)
{
    CSR_SET(mie, 1u << line);
    itc_unmask(1u << line);
}

void irq_disable_line(enum irq_line line)
{
    itc_mask(1u << line);
    CSR_CLEAR(mie, 1u << line);
}

static const char *exception_name(uint32_t cause)
{
    switch (cause) {
    case 2: return "illegal instruction";
    case 3: return "breakpoint";
    case 11: return "environment call";
    default: return "unknown";
    }
}

_Noreturn void exception_report(uint32_t mcause, uint32_t mepc, uint32_t ra, uint32_t sp)
{
    printf("exception %lu (%s) at 0x%08lx, ra 0x%08lx, sp 0x%08lx\n", (unsigned long)mcause, exception_name(mcause),
           (unsigned long)mepc, (unsigned long)ra, (unsigned long)sp);
    exit_program(EXIT_EXCEPTION + (int)(mcause & 31u));
}
