/**
 * @file pwm_wave.c
 * A PWM output on pad 1, wired to GPIO 17 (boards/loopback.yaml): its duty is measured there, its edges are counted.
 */
#include "pwm.h"

#include "check.h"
#include "gpio.h"
#include "timer.h"

enum { TIMER = 0, CHANNEL = 2, COUNTER = 1, PAD = 1, INPUT = 17, PERIOD = 1000, PRESCALER = 9 };

/** Waits for a level of the input and returns the time at which it was seen. */
static uint32_t level_at(bool high)
{
    while ((gpio_levels() >> INPUT & 1u) != (high ? 1u : 0u)) {
    }
    return timer_cycles();
}

static void measure(uint32_t duty)
{
    check_status("poll", "duty", pwm_set_duty(TIMER, CHANNEL, PERIOD, duty));
    /* Two periods until the new threshold rules a whole one. */
    for (unsigned i = 0; i < 2; i++) {
        level_at(false);
        level_at(true);
    }
    level_at(false);
    uint32_t rise = level_at(true), fall = level_at(false), next = level_at(true);
    uint32_t high = fall - rise, period = next - rise, expected = duty * (PRESCALER + 1u);
    printf("     duty %lu of %u: high for %lu of %lu cycles\n", (unsigned long)duty, PERIOD, (unsigned long)high,
           (unsigned long)period);
    check("poll", "period", period + 100u > PERIOD * (PRESCALER + 1u) && period < PERIOD * (PRESCALER + 1u) + 100u);
    check("poll", "high time", high + 100u > expected && high < expected + 100u);
}

int main(void)
{
    timer_start();
    gpio_configure(INPUT, GPIO_INPUT);
    check("-", "timer 4 is refused", pwm_start(PWM_TIMERS, PERIOD, 0) == DRIVER_BAD_ARGUMENT);
    check_status("-", "duty", pwm_set_duty(TIMER, CHANNEL, PERIOD, PERIOD / 2));
    check_status("-", "route", pwm_route(TIMER, CHANNEL, PAD));
    check_status("-", "start", pwm_start(TIMER, PERIOD, PRESCALER));
    measure(250);
    measure(700);
    check_status("-", "count", pwm_count_edges(COUNTER, INPUT));
    uint32_t begin = timer_cycles();
    while (timer_cycles() - begin < 10u * PERIOD * (PRESCALER + 1u)) {
    }
    uint32_t edges = pwm_counter(COUNTER);
    printf("     %lu rising edges in ten periods\n", (unsigned long)edges);
    check("-", "one rising edge a period", edges >= 9u && edges <= 11u);
    pwm_stop(TIMER);
    check_status("-", "unroute", pwm_unroute(PAD));
    return check_failures;
}
