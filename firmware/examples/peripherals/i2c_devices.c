/**
 * @file i2c_devices.c
 * EEPROM and temperature sensor on I2C bus 0 (boards/sensors.yaml).
 */
#include "check.h"
#include "eeprom.h"
#include "thermometer.h"

#include <string.h>

enum {
    DIVIDER = 30, /* about 370 kHz at 50 MHz */
    START = 0x0FFC0, /* ends in the device's second block */
    LENGTH = 200,
    NOBODY = 0x22,
};

static uint8_t pattern[LENGTH], readback[LENGTH];

static void run(const struct driver_style *style, uint8_t seed)
{
    static struct i2c i2c;
    const char *name = style->name;
    int16_t temperature = 0;
    for (unsigned i = 0; i < LENGTH; i++) {
        pattern[i] = (uint8_t)(i * 5u + seed);
    }
    if (!check_status(name, "init", i2c_init(&i2c, style, DIVIDER))) {
        return;
    }
    check_status(name, "write", eeprom_write(&i2c, START, pattern, LENGTH));
    check_status(name, "read", eeprom_read(&i2c, START, readback, LENGTH));
    check(name, "the EEPROM holds what was written", memcmp(pattern, readback, LENGTH) == 0);
    check_status(name, "nobody", i2c_write_submit(&i2c, NOBODY, NULL, 0, NULL, 0));
    check(name, "an address that nobody has is not acknowledged", i2c_wait(&i2c) == DRIVER_NO_DEVICE);
    if (check_status(name, "thermometer", thermometer_read(&i2c, &temperature))) {
        printf("     %s: %d.%02d degrees Celsius\n", name, temperature / 256, temperature % 256 * 100 / 256);
    }
}

int main(void)
{
    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        check_restart();
        run(check_styles[i], (uint8_t)(i * 100u));
    }
    return check_failures;
}
