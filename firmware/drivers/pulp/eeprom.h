/**
 * @file eeprom.h
 * Serial EEPROM of the 24-series with 16-bit addresses (24FC1025: 128 KiB in two blocks) on I2C master 0.
 */
#ifndef PULP_EEPROM_H
#define PULP_EEPROM_H

#include "i2c.h"

enum { EEPROM_PAGE = 128, EEPROM_ADDRESS = 0x50, EEPROM_SIZE = 0x20000 };

/** Reads `length` bytes from `address` on. */
enum driver_status eeprom_read(struct i2c *i2c, uint32_t address, void *buffer, size_t length);

/** Writes `length` bytes from `address` on, page by page, each time waiting until the device answers again. */
enum driver_status eeprom_write(struct i2c *i2c, uint32_t address, const void *buffer, size_t length);

#endif
