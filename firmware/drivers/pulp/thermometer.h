/**
 * @file thermometer.h
 * Temperature sensor of the LM75 class on I2C master 0.
 */
#ifndef PULP_THERMOMETER_H
#define PULP_THERMOMETER_H

#include "i2c.h"

enum { THERMOMETER_ADDRESS = 0x48 };

/** Reads the temperature in 1/256 of a degree Celsius. */
enum driver_status thermometer_read(struct i2c *i2c, int16_t *temperature);

#endif
