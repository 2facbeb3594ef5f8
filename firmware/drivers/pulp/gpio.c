/**
 * @file gpio.c
 * GPIO pins of profile P8.
 */
#include "gpio.h"

enum { PINS_PER_MODE_REGISTER = 16, MODE_BITS = 2, MODE_MASK = 3 };

enum driver_status gpio_configure(unsigned pin, enum gpio_mode mode)
{
    if (pin >= GPIO_PINS) {
        return DRIVER_BAD_ARGUMENT;
    }
    uintptr_t address = GPIO_BASE + GPIO_MODE_0_OFFSET +
                        pin / PINS_PER_MODE_REGISTER * (GPIO_MODE_1_OFFSET - GPIO_MODE_0_OFFSET);
    unsigned bit = pin % PINS_PER_MODE_REGISTER * MODE_BITS;
    mmio_write(address, (mmio_read(address) & ~((uint32_t)MODE_MASK << bit)) | (uint32_t)mode << bit);
    if (mode == GPIO_INPUT) {
        mmio_set_bits(GPIO_BASE + GPIO_EN_OFFSET, 1u << pin);
    } else {
        mmio_clear_bits(GPIO_BASE + GPIO_EN_OFFSET, 1u << pin);
    }
    return DRIVER_OK;
}

static uintptr_t enable_register(const struct gpio_watch *watch)
{
    return GPIO_BASE + (watch->edge == GPIO_RISING ? GPIO_INTRPT_RISE_EN_OFFSET : GPIO_INTRPT_FALL_EN_OFFSET);
}

static uintptr_t status_register(const struct gpio_watch *watch)
{
    return GPIO_BASE + (watch->edge == GPIO_RISING ? GPIO_INTRPT_RISE_STATUS_OFFSET : GPIO_INTRPT_FALL_STATUS_OFFSET);
}

enum driver_status gpio_watch_init(struct gpio_watch *watch, const struct driver_style *style, unsigned pin,
                                   enum gpio_edge edge)
{
    if (pin >= GPIO_PINS || (edge != GPIO_RISING && edge != GPIO_FALLING)) {
        return DRIVER_BAD_ARGUMENT;
    }
    *watch = (struct gpio_watch){.style = style, .mask = 1u << pin, .edge = edge};
    style->open(SOC_EVENT_GPIO);
    mmio_set_bits(enable_register(watch), watch->mask);
    return DRIVER_OK;
}

enum driver_status gpio_watch_submit(struct gpio_watch *watch)
{
    mmio_write(status_register(watch), watch->mask); /* writing 1 clears */
    watch->armed = true;
    return DRIVER_OK;
}

enum driver_status gpio_watch_wait(struct gpio_watch *watch)
{
    if (!watch->armed) {
        return DRIVER_IDLE;
    }
    /* The event says that some pin had an edge; the status says which. */
    while ((mmio_read(status_register(watch)) & watch->mask) == 0) {
        enum driver_status status = driver_await(watch->style, SOC_EVENT_GPIO, DRIVER_NO_CHANNEL);
        if (status != DRIVER_OK && (mmio_read(status_register(watch)) & watch->mask) == 0) {
            return status;
        }
    }
    mmio_write(status_register(watch), watch->mask);
    watch->armed = false;
    return DRIVER_OK;
}
