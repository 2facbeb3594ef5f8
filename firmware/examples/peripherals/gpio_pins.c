/**
 * @file gpio_pins.c
 * GPIO pins 0 to 15 wired to 16 to 31 (boards/loopback.yaml): levels, and edges that are waited for.
 */
#include "check.h"
#include "gpio.h"
#include "timer.h"

enum { OUTPUTS = 16, WATCHED = 3, LATER = 500 };

/** The alarm: an edge while the program sleeps. */
static void toggle(uint32_t line)
{
    (void)line;
    gpio_toggle(1u << WATCHED);
}

static void levels(void)
{
    bool all = true;
    for (unsigned pin = 0; pin < OUTPUTS; pin++) {
        gpio_configure(pin, GPIO_OUTPUT);
        gpio_configure(pin + OUTPUTS, GPIO_INPUT);
    }
    for (unsigned pin = 0; pin < OUTPUTS; pin++) {
        gpio_set(1u << pin);
        (void)gpio_levels(); /* three cycles from pin to register */
        all = all && gpio_levels() >> OUTPUTS == 1u << pin;
        gpio_clear(1u << pin);
    }
    check("-", "each output arrives at its input alone", all);
    check("-", "pin 32 is refused", gpio_configure(GPIO_PINS, GPIO_INPUT) == DRIVER_BAD_ARGUMENT);
}

static void edges(const struct driver_style *style)
{
    static struct gpio_watch watch;
    const char *name = style->name;
    gpio_clear(1u << WATCHED);
    check_status(name, "watch", gpio_watch_init(&watch, style, WATCHED + OUTPUTS, GPIO_RISING));
    check_status(name, "submit", gpio_watch_submit(&watch));
    gpio_set(1u << WATCHED);
    check_status(name, "wait", gpio_watch_wait(&watch));
    check(name, "the edge was seen", gpio_levels() >> (WATCHED + OUTPUTS) & 1u);
    check(name, "nothing to wait for", gpio_watch_wait(&watch) == DRIVER_IDLE);
    gpio_clear(1u << WATCHED);
}

static void sleep(void)
{
    static struct gpio_watch watch;
    irq_set_handler(IRQ_TIMER_LO, toggle);
    irq_enable_line(IRQ_TIMER_LO);
    check_status("irq", "watch", gpio_watch_init(&watch, &driver_irq, WATCHED + OUTPUTS, GPIO_RISING));
    check_status("irq", "submit", gpio_watch_submit(&watch));
    uint32_t begin = timer_cycles();
    timer_alarm(LATER);
    check_status("irq", "wait", gpio_watch_wait(&watch));
    uint32_t cycles = timer_cycles() - begin;
    check("irq", "the edge came when the alarm made it", cycles >= LATER && cycles < LATER + 400u);
}

int main(void)
{
    timer_start();
    levels();
    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        check_restart();
        edges(check_styles[i]);
    }
    sleep();
    return check_failures;
}
