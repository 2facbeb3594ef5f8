/**
 * @file gpio.h
 * GPIO pins of profile P8: directions, levels, and waiting for an edge.
 */
#ifndef PULP_GPIO_H
#define PULP_GPIO_H

#include "driver.h"

#include "gpio_regs.h"
#include "mmio.h"

enum { GPIO_PINS = 32 };

enum gpio_mode { GPIO_INPUT = 0, GPIO_OUTPUT = 1, GPIO_OPEN_SOURCE = 2, GPIO_OPEN_DRAIN = 3 };
enum gpio_edge { GPIO_RISING = 1, GPIO_FALLING = 2 };

/** Sets a pin's direction; an input is sampled from now on. */
enum driver_status gpio_configure(unsigned pin, enum gpio_mode mode);

/** Drives the pins of `mask` high or low in one access. */
static inline void gpio_set(uint32_t mask)
{
    mmio_write(GPIO_BASE + GPIO_SET_OFFSET, mask);
}
static inline void gpio_clear(uint32_t mask)
{
    mmio_write(GPIO_BASE + GPIO_CLEAR_OFFSET, mask);
}
static inline void gpio_toggle(uint32_t mask)
{
    mmio_write(GPIO_BASE + GPIO_TOGGLE_OFFSET, mask);
}

/** Levels of the inputs; an edge shows three cycles later. */
static inline uint32_t gpio_levels(void)
{
    return mmio_read(GPIO_BASE + GPIO_IN_OFFSET);
}

/** Waiting for an edge of one pin. */
struct gpio_watch {
    const struct driver_style *style;
    uint32_t mask;
    enum gpio_edge edge;
    bool armed;
};

/** Prepares to wait for edges of an input. */
enum driver_status gpio_watch_init(struct gpio_watch *watch, const struct driver_style *style, unsigned pin,
                                   enum gpio_edge edge);

/** Forgets earlier edges: the next one counts. */
enum driver_status gpio_watch_submit(struct gpio_watch *watch);

/** Waits for an edge since gpio_watch_submit. */
enum driver_status gpio_watch_wait(struct gpio_watch *watch);

#endif
