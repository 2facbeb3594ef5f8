/**
 * @file i2c.c
 * I2C master 0: command lists and their end.
 */
#include "i2c.h"

#include "udma.h"
#include "udma_i2c_regs.h"

/** Commands (udma_i2c): operation in bits 31:28, operand below. */
enum {
    I2C_START = 0x0,
    I2C_STOP = 0x2,
    I2C_READ_ACK = 0x4,
    I2C_READ_NACK = 0x6,
    I2C_WRITE_BYTE = 0x7,
    I2C_WRITE = 0x8,
    I2C_EOT = 0x9,
    I2C_REPEAT = 0xC,
    I2C_CONFIG = 0xE,
};
#define I2C(op, operand) ((uint32_t)(op) << 28 | (uint32_t)(operand))

/** Below this the master mistakes its own STOP and START for lost arbitration. */
enum { SMALLEST_DIVIDER = 10, LONGEST_PREFIX = 2 };

#define RX_CHANNEL  (UDMA_I2C_BASE + UDMA_I2C_RX_SADDR_OFFSET)
#define TX_CHANNEL  (UDMA_I2C_BASE + UDMA_I2C_TX_SADDR_OFFSET)
#define CMD_CHANNEL (UDMA_I2C_BASE + UDMA_I2C_CMD_SADDR_OFFSET)

static void start(struct i2c *i2c, const uint32_t *end, bool receives)
{
    driver_expect(SOC_EVENT_I2C0_EOT);
    driver_expect(SOC_EVENT_I2C0_RX);
    i2c->busy = true;
    i2c->receives = receives;
    udma_start(CMD_CHANNEL, i2c->list, (size_t)(end - i2c->list) * sizeof i2c->list[0], UDMA_WORDS);
}

enum driver_status i2c_init(struct i2c *i2c, const struct driver_style *style, uint16_t divider)
{
    *i2c = (struct i2c){.style = style};
    if (divider < SMALLEST_DIVIDER) {
        return DRIVER_BAD_ARGUMENT;
    }
    udma_open(UDMA_ID_I2C0);
    style->open(SOC_EVENT_I2C0_EOT);
    style->open(SOC_EVENT_I2C0_RX);
    uint32_t *next = i2c->list;
    *next++ = I2C(I2C_CONFIG, divider);
    *next++ = I2C(I2C_EOT, 0);
    start(i2c, next, false);
    return i2c_wait(i2c);
}

/** START, the device's address for writing, and the prefix. */
static uint32_t *open_device(uint32_t *next, uint8_t device, const uint8_t *prefix, size_t prefix_length)
{
    *next++ = I2C(I2C_START, 0);
    *next++ = I2C(I2C_WRITE_BYTE, (uint32_t)device << 1);
    for (size_t i = 0; i < prefix_length; i++) {
        *next++ = I2C(I2C_WRITE_BYTE, prefix[i]);
    }
    return next;
}

enum driver_status i2c_write_submit(struct i2c *i2c, uint8_t device, const uint8_t *prefix, size_t prefix_length,
                                    const void *buffer, size_t length)
{
    if (i2c->busy) {
        return DRIVER_BUSY;
    }
    if (length > I2C_LONGEST || prefix_length > LONGEST_PREFIX) {
        return DRIVER_BAD_ARGUMENT;
    }
    uint32_t *next = open_device(i2c->list, device, prefix, prefix_length);
    if (length > 0) {
        *next++ = I2C(I2C_REPEAT, length);
        *next++ = I2C(I2C_WRITE, 0);
        udma_start(TX_CHANNEL, buffer, length, UDMA_BYTES);
    }
    *next++ = I2C(I2C_STOP, 0);
    *next++ = I2C(I2C_EOT, 0);
    start(i2c, next, false);
    return DRIVER_OK;
}

enum driver_status i2c_read_submit(struct i2c *i2c, uint8_t device, const uint8_t *prefix, size_t prefix_length,
                                   void *buffer, size_t length)
{
    if (i2c->busy) {
        return DRIVER_BUSY;
    }
    if (length == 0 || length > I2C_LONGEST || prefix_length > LONGEST_PREFIX) {
        return DRIVER_BAD_ARGUMENT;
    }
    uint32_t *next = i2c->list;
    if (prefix_length > 0) {
        next = open_device(next, device, prefix, prefix_length);
    }
    *next++ = I2C(I2C_START, 0);
    *next++ = I2C(I2C_WRITE_BYTE, (uint32_t)device << 1 | 1u);
    if (length > 1) {
        *next++ = I2C(I2C_REPEAT, length - 1u);
        *next++ = I2C(I2C_READ_ACK, 0);
    }
    *next++ = I2C(I2C_READ_NACK, 0);
    *next++ = I2C(I2C_STOP, 0);
    *next++ = I2C(I2C_EOT, 0);
    udma_start(RX_CHANNEL, buffer, length, UDMA_BYTES);
    start(i2c, next, true);
    return DRIVER_OK;
}

enum driver_status i2c_wait(struct i2c *i2c)
{
    if (!i2c->busy) {
        return DRIVER_IDLE;
    }
    enum driver_status status = driver_await(i2c->style, SOC_EVENT_I2C0_EOT, CMD_CHANNEL);
    if (status == DRIVER_OK && i2c->receives) {
        status = driver_await(i2c->style, SOC_EVENT_I2C0_RX, RX_CHANNEL);
    }
    memory_barrier();
    i2c->busy = false;
    if (status != DRIVER_OK) {
        udma_stop(RX_CHANNEL);
        udma_stop(TX_CHANNEL);
        return status;
    }
    /* The read clears it. A missing acknowledge does not end the list: the rest of it has run in vain. */
    return (mmio_read(UDMA_I2C_BASE + UDMA_I2C_ACK_OFFSET) & 1u) != 0 ? DRIVER_NO_DEVICE : DRIVER_OK;
}
