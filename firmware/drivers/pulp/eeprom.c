/**
 * @file eeprom.c
 * Serial EEPROM: pages, blocks, and polling for the acknowledge behind a write.
 */
#include "eeprom.h"

/** A write takes 5 ms at most; a probe about 25 us. */
enum { MOST_PROBES = 1000, BLOCK = 0x10000, BLOCK_BIT = 4 };

static uint8_t device_for(uint32_t address)
{
    return (uint8_t)(EEPROM_ADDRESS | (address >= BLOCK ? BLOCK_BIT : 0));
}

static void address_bytes(uint8_t bytes[2], uint32_t address)
{
    bytes[0] = (uint8_t)(address >> 8);
    bytes[1] = (uint8_t)address;
}

/** The bytes up to the next multiple of `unit`, at most `length`. */
static size_t part_of(uint32_t address, size_t length, size_t unit)
{
    size_t room = unit - address % unit;
    return length < room ? length : room;
}

enum driver_status eeprom_read(struct i2c *i2c, uint32_t address, void *buffer, size_t length)
{
    uint8_t *bytes = buffer;
    if (address > EEPROM_SIZE || length > EEPROM_SIZE - address) {
        return DRIVER_BAD_ARGUMENT;
    }
    while (length > 0) {
        uint8_t prefix[2];
        size_t part = part_of(address, length, EEPROM_PAGE);
        address_bytes(prefix, address);
        enum driver_status status = i2c_read_submit(i2c, device_for(address), prefix, sizeof prefix, bytes, part);
        if (status == DRIVER_OK) {
            status = i2c_wait(i2c);
        }
        if (status != DRIVER_OK) {
            return status;
        }
        address += (uint32_t)part;
        bytes += part;
        length -= part;
    }
    return DRIVER_OK;
}

/** Waits until the device has finished writing: until then it does not answer to its address. */
static enum driver_status wait_for_acknowledge(struct i2c *i2c, uint8_t device)
{
    for (unsigned i = 0; i < MOST_PROBES; i++) {
        enum driver_status status = i2c_write_submit(i2c, device, NULL, 0, NULL, 0);
        if (status == DRIVER_OK) {
            status = i2c_wait(i2c);
        }
        if (status != DRIVER_NO_DEVICE) {
            return status;
        }
    }
    return DRIVER_TIMEOUT;
}

enum driver_status eeprom_write(struct i2c *i2c, uint32_t address, const void *buffer, size_t length)
{
    const uint8_t *bytes = buffer;
    if (address > EEPROM_SIZE || length > EEPROM_SIZE - address) {
        return DRIVER_BAD_ARGUMENT;
    }
    while (length > 0) {
        uint8_t prefix[2];
        size_t part = part_of(address, length, EEPROM_PAGE);
        address_bytes(prefix, address);
        enum driver_status status = i2c_write_submit(i2c, device_for(address), prefix, sizeof prefix, bytes, part);
        if (status == DRIVER_OK) {
            status = i2c_wait(i2c);
        }
        if (status == DRIVER_OK) {
            status = wait_for_acknowledge(i2c, device_for(address));
        }
        if (status != DRIVER_OK) {
            return status;
        }
        address += (uint32_t)part;
        bytes += part;
        length -= part;
    }
    return DRIVER_OK;
}
