/**
 * @file i2c.h
 * I2C master 0: transfers of up to 255 bytes, with an address inside the device in front of them.
 */
#ifndef PULP_I2C_H
#define PULP_I2C_H

#include "driver.h"

enum { I2C_LONGEST = 255 };

/** The driver's state. */
struct i2c {
    const struct driver_style *style;
    bool busy;         /**< a transfer was submitted */
    bool receives;     /**< it has an RX buffer */
    uint32_t list[16]; /**< its commands */
};

/** Opens the master; SCL has about 4 x (divider + 1) peripheral clock cycles, divider at least 10. */
enum driver_status i2c_init(struct i2c *i2c, const struct driver_style *style, uint16_t divider);

/**
 * Starts to write `prefix_length` (0 to 2) bytes, the address inside the device, and then `length` (0 to I2C_LONGEST)
 * bytes to the device with the seven-bit address `device`.
 */
enum driver_status i2c_write_submit(struct i2c *i2c, uint8_t device, const uint8_t *prefix, size_t prefix_length,
                                    const void *buffer, size_t length);

/** Starts to write the prefix and, after a second START, to read `length` (1 to I2C_LONGEST) bytes. */
enum driver_status i2c_read_submit(struct i2c *i2c, uint8_t device, const uint8_t *prefix, size_t prefix_length,
                                   void *buffer, size_t length);

/** Waits for the transfer. DRIVER_NO_DEVICE if a byte was not acknowledged. */
enum driver_status i2c_wait(struct i2c *i2c);

#endif
