/**
 * @file timer.h
 * APB timer unit: the high half as a free-running counter of SoC cycles (it runs on while the core sleeps), the low
 * half as a one-shot alarm on interrupt line 10.
 */
#ifndef HAL_TIMER_H
#define HAL_TIMER_H

#include "mmio.h"
#include "timer_regs.h"

/** Starts the 32-bit cycle counter from 0. */
void timer_start(void);

/** SoC cycles since timer_start, modulo 2^32. */
static inline uint32_t timer_cycles(void)
{
    return mmio_read(TIMER_BASE + TIMER_CNT_HI_OFFSET);
}

/** Requests interrupt line 10 once, `cycles` (at least 1) from now. */
void timer_alarm(uint32_t cycles);

/** Requests interrupt line 10 every `cycles` (at least 1) SoC cycles; instead of the alarm. */
void timer_period(uint32_t cycles);

/** Requests interrupt line 10 every `periods` (at least 1) periods of the reference clock; instead of the alarm. */
void timer_tick(uint32_t periods);

/** Withdraws the alarm, or stops the tick. */
void timer_alarm_cancel(void);

#endif
