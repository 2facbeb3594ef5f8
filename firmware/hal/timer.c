/**
 * @file timer.c
 * APB timer unit.
 */
#include "timer.h"

void timer_start(void)
{
    mmio_write(TIMER_BASE + TIMER_CFG_HI_OFFSET, 0);
    mmio_write(TIMER_BASE + TIMER_RESET_HI_OFFSET, 1);
    mmio_write(TIMER_BASE + TIMER_CFG_HI_OFFSET, TIMER_CFG_HI_ENABLE_MASK);
}

void timer_alarm(uint32_t cycles)
{
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET, 0);
    mmio_write(TIMER_BASE + TIMER_RESET_LO_OFFSET, 1);
    mmio_write(TIMER_BASE + TIMER_CMP_LO_OFFSET, cycles); /* before the interrupt is enabled: 0 = 0 is a match */
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET,
               TIMER_CFG_LO_ENABLE_MASK | TIMER_CFG_LO_IRQ_ENABLE_MASK | TIMER_CFG_LO_ONE_SHOT_MASK);
}

void timer_period(uint32_t cycles)
{
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET, 0);
    mmio_write(TIMER_BASE + TIMER_RESET_LO_OFFSET, 1);
    mmio_write(TIMER_BASE + TIMER_CMP_LO_OFFSET, cycles);
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET,
               TIMER_CFG_LO_ENABLE_MASK | TIMER_CFG_LO_IRQ_ENABLE_MASK | TIMER_CFG_LO_COMPARE_CLEAR_MASK);
}

void timer_tick(uint32_t periods)
{
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET, 0);
    mmio_write(TIMER_BASE + TIMER_CMP_LO_OFFSET, periods);
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET,
               TIMER_CFG_LO_ENABLE_MASK | TIMER_CFG_LO_RESET_MASK | TIMER_CFG_LO_IRQ_ENABLE_MASK |
                   TIMER_CFG_LO_COMPARE_CLEAR_MASK | TIMER_CFG_LO_REFERENCE_CLOCK_MASK);
}

void timer_alarm_cancel(void)
{
    mmio_write(TIMER_BASE + TIMER_CFG_LO_OFFSET, 0);
}
