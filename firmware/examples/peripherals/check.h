/**
 * @file check.h
 * What the peripherals' examples report: a line a step, and the number of failures as exit code.
 */
#ifndef PERIPHERALS_CHECK_H
#define PERIPHERALS_CHECK_H

#include "driver.h"

#include <stdio.h>

static int check_failures;

static inline void check(const char *style, const char *what, bool condition)
{
    printf("%s %s: %s\n", condition ? "ok  " : "FAIL", style, what);
    if (!condition) {
        check_failures++;
    }
}

/** Checks that a driver's function succeeded. */
static inline bool check_status(const char *style, const char *what, enum driver_status status)
{
    if (status != DRIVER_OK) {
        printf("FAIL %s: %s: %s\n", style, what, driver_status_name(status));
        check_failures++;
    }
    return status == DRIVER_OK;
}

/** Both host styles, one after the other. */
static const struct driver_style *const check_styles[] = {&driver_poll, &driver_irq};
enum { CHECK_STYLES = sizeof check_styles / sizeof check_styles[0] };

/** Between the styles: interrupt 26 closed again, as the polling style wants it. */
static inline void check_restart(void)
{
    irq_disable_line(IRQ_SOC_EVENT);
}

#endif
