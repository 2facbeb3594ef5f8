/**
 * @file timers.c
 * Timer unit and clocks: an alarm in SoC cycles, a tick of the reference clock, and both against the FLL's frequency.
 */
#include "timer.h"

#include "check.h"
#include "fll_regs.h"

enum { REFERENCE_HZ = 32768, ALARM = 12345, PERIODS = 8, TICKS = 4 };

static volatile uint32_t fired;

static void count(uint32_t line)
{
    (void)line;
    fired++;
}

/** Sleeps until the handler has run. */
static void sleep_until_fired(uint32_t number)
{
    bool enabled = irq_save();
    while (fired < number) {
        irq_wait();
    }
    irq_restore(enabled);
}

/** SoC cycles of a reference period: f = 32768 x mult / 2^(div - 1). */
static uint32_t cycles_per_period(void)
{
    uint32_t config = mmio_read(FLL_BASE + FLL_FLL0_CONF1_OFFSET);
    uint32_t divider = (config & FLL_FLL0_CONF1_DIV_MASK) >> FLL_FLL0_CONF1_DIV_BIT;
    return ((config & FLL_FLL0_CONF1_MULT_MASK) >> FLL_FLL0_CONF1_MULT_BIT) >> (divider > 1u ? divider - 1u : 0u);
}

static void ticks(void)
{
    const uint32_t period = cycles_per_period();
    fired = 0;
    timer_tick(PERIODS);
    sleep_until_fired(1);
    uint32_t begin = timer_cycles();
    sleep_until_fired(1u + TICKS);
    uint32_t cycles = timer_cycles() - begin;
    timer_alarm_cancel();
    uint32_t expected = TICKS * PERIODS * period;
    printf("     %lu cycles a reference period, %lu kHz; %u ticks of %u periods: %lu cycles\n", (unsigned long)period,
           (unsigned long)(period * REFERENCE_HZ / 1000u), TICKS, PERIODS, (unsigned long)cycles);
    check("irq", "ticks have the reference clock's time", cycles + 50u > expected && cycles < expected + 50u);
}

int main(void)
{
    timer_start();
    irq_set_handler(IRQ_TIMER_LO, count);
    irq_enable_line(IRQ_TIMER_LO);
    uint32_t begin = timer_cycles();
    timer_alarm(ALARM);
    sleep_until_fired(1);
    uint32_t cycles = timer_cycles() - begin;
    check("irq", "the alarm came in time", cycles >= ALARM && cycles < ALARM + 200u);
    check("irq", "the alarm came once", fired == 1);
    ticks();
    mmio_write(FLL_BASE + FLL_FLL0_CONF1_OFFSET,
               (mmio_read(FLL_BASE + FLL_FLL0_CONF1_OFFSET) & ~FLL_FLL0_CONF1_MULT_MASK) | 610u); /* 19.99 MHz */
    check("-", "the FLL has locked to the new factor",
          (mmio_read(FLL_BASE + FLL_FLL0_STATUS_OFFSET) & FLL_FLL0_CONF1_MULT_MASK) == 610u);
    ticks();
    return check_failures;
}
