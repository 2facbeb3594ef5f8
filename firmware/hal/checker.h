/**
 * @file checker.h
 * Requests to the emulator's driver checker (`pulpemu run --check`), for programs that do wrong things on purpose.
 *
 * A request is a hint instruction (SLTI to x0: left to custom uses by the ISA manual), which costs one cycle and does
 * nothing on hardware and without the checker.
 */
#ifndef HAL_CHECKER_H
#define HAL_CHECKER_H

/** Findings are kept away until checker_resume. May be nested. */
static inline void checker_pause(void)
{
    __asm__ volatile("slti x0, x0, 0x7C1" ::: "memory");
}

/** Ends the last checker_pause. */
static inline void checker_resume(void)
{
    __asm__ volatile("slti x0, x0, 0x7C2" ::: "memory");
}

#endif
