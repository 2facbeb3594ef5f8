/**
 * @file spi_flash.c
 * Serial NOR flash: command lists for the SPI master, and the flash's status.
 */
#include "spi_flash.h"

#include "udma.h"

/** SPI master commands (udma_qspi): operation in bits 31:28, fields below. */
enum {
    SPIM_CFG = 0x0,
    SPIM_SOT = 0x1,
    SPIM_SEND = 0x2,
    SPIM_DUMMY = 0x4,
    SPIM_WAIT = 0x5,
    SPIM_TX_DATA = 0x6,
    SPIM_RX_DATA = 0x7,
    SPIM_EOT = 0x9,
};
#define SPIM(op, fields)   ((uint32_t)(op) << 28 | (fields))
#define SEND_BYTE(byte)    SPIM(SPIM_SEND, 7u << 16 | (byte))
#define SEND_HALF(half)    SPIM(SPIM_SEND, 15u << 16 | (half))
#define EOT_EVENT          SPIM(SPIM_EOT, 1u)
#define EOT_SILENT         SPIM(SPIM_EOT, 0u)
#define QUAD               (1u << 27)
/** A change of the clock takes a few cycles: commands right behind it would start at the old speed. */
#define WAIT_CYCLES(count) SPIM(SPIM_WAIT, 1u << 8 | (count))

/** Commands of the flash. */
enum {
    FLASH_WRITE_REGISTERS = 0x01,
    FLASH_READ_STATUS = 0x05,
    FLASH_WRITE_ENABLE = 0x06,
    FLASH_PROGRAM_4B = 0x12,
    FLASH_READ_4B = 0x13,
    FLASH_CLEAR_STATUS = 0x30,
    FLASH_QUAD_READ_4B = 0x6C,
    FLASH_READ_ID = 0x9F,
    FLASH_ERASE_4B = 0xDC,
};
enum { STATUS_WIP = 0x01, STATUS_ERRORS = 0x60, CONFIGURATION_QUAD = 0x02, QUAD_READ_DUMMY_CYCLES = 8 };

/** Questions for the status; an erase takes 2.6 s at most, a question and its pause at least 2000 cycles. */
enum { MOST_POLLS = 1 << 17 };

/** RX_DATA and TX_DATA count at most so many words (here bytes). */
enum { LONGEST_DATA_COMMAND = 0x10000 };

#define RX_CHANNEL  (UDMA_SPIM_BASE + UDMA_SPIM_RX_SADDR_OFFSET)
#define TX_CHANNEL  (UDMA_SPIM_BASE + UDMA_SPIM_TX_SADDR_OFFSET)
#define CMD_CHANNEL (UDMA_SPIM_BASE + UDMA_SPIM_CMD_SADDR_OFFSET)

/** Appends commands for `length` bytes of data; four bytes make one datum if the length allows it. */
static uint32_t *data_commands(uint32_t *next, unsigned operation, size_t length, uint32_t lines)
{
    uint32_t bytes_per_datum = length % 4u == 0 ? 2u : 0u; /* 0: one, 2: four */
    while (length > 0) {
        size_t part = length < LONGEST_DATA_COMMAND ? length : LONGEST_DATA_COMMAND;
        *next++ = SPIM(operation, lines | bytes_per_datum << 21 | 7u << 16 | (uint32_t)(part - 1u));
        length -= part;
    }
    return next;
}

static enum udma_width width_for(size_t length)
{
    return length % 4u == 0 ? UDMA_WORDS : UDMA_BYTES;
}

static uint32_t *address_commands(uint32_t *next, uint32_t address)
{
    *next++ = SEND_HALF(address >> 16);
    *next++ = SEND_HALF(address & 0xFFFFu);
    return next;
}

/** Starts the list that ends before `end`. */
static void start(struct spi_flash *flash, const uint32_t *end, bool receives, bool programs)
{
    driver_expect(SOC_EVENT_SPIM0_EOT);
    driver_expect(SOC_EVENT_SPIM0_RX);
    flash->busy = true;
    flash->receives = receives;
    flash->programs = programs;
    udma_start(CMD_CHANNEL, flash->list, (size_t)(end - flash->list) * sizeof flash->list[0], UDMA_WORDS);
}

/** Waits for the end of the list, and for the last datum's way to memory. */
static enum driver_status finish(struct spi_flash *flash)
{
    enum driver_status status = driver_await(flash->style, SOC_EVENT_SPIM0_EOT, CMD_CHANNEL);
    if (status == DRIVER_OK && flash->receives) {
        status = driver_await(flash->style, SOC_EVENT_SPIM0_RX, RX_CHANNEL);
    }
    if (status != DRIVER_OK) {
        udma_stop(RX_CHANNEL);
        udma_stop(TX_CHANNEL);
    }
    memory_barrier();
    flash->busy = false;
    return status;
}

/** Reads a short answer to a one-byte command. */
static enum driver_status ask(struct spi_flash *flash, uint8_t command, size_t length)
{
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(command);
    next = data_commands(next, SPIM_RX_DATA, length, 0);
    *next++ = EOT_EVENT;
    udma_start(RX_CHANNEL, &flash->received, length, width_for(length));
    start(flash, next, true, false);
    return finish(flash);
}

enum driver_status spi_flash_init(struct spi_flash *flash, const struct driver_style *style, uint8_t divider)
{
    *flash = (struct spi_flash){.style = style};
    udma_open(UDMA_ID_SPIM0);
    style->open(SOC_EVENT_SPIM0_EOT);
    style->open(SOC_EVENT_SPIM0_RX);
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_CFG, divider);
    *next++ = WAIT_CYCLES(32u);
    *next++ = EOT_EVENT;
    start(flash, next, false, false);
    enum driver_status status = finish(flash);
    if (status == DRIVER_OK) {
        status = ask(flash, FLASH_READ_ID, 4);
    }
    if (status != DRIVER_OK) {
        return status;
    }
    for (unsigned i = 0; i < sizeof flash->id; i++) {
        flash->id[i] = (uint8_t)(flash->received >> 8u * i);
    }
    return flash->id[0] == 0x00 || flash->id[0] == 0xFF ? DRIVER_NO_DEVICE : DRIVER_OK;
}

enum driver_status spi_flash_enable_quad(struct spi_flash *flash)
{
    if (flash->busy) {
        return DRIVER_BUSY;
    }
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_WRITE_ENABLE);
    *next++ = EOT_SILENT;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_WRITE_REGISTERS);
    *next++ = SEND_BYTE(0u); /* status register */
    *next++ = SEND_BYTE(CONFIGURATION_QUAD);
    *next++ = EOT_EVENT;
    start(flash, next, false, true);
    enum driver_status status = spi_flash_wait(flash);
    flash->quad = status == DRIVER_OK;
    return status;
}

enum driver_status spi_flash_read_submit(struct spi_flash *flash, uint32_t address, void *buffer, size_t length)
{
    if (flash->busy) {
        return DRIVER_BUSY;
    }
    if (length == 0 || length > SPI_FLASH_LONGEST_READ) {
        return DRIVER_BAD_ARGUMENT;
    }
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(flash->quad ? FLASH_QUAD_READ_4B : FLASH_READ_4B);
    next = address_commands(next, address);
    if (flash->quad) {
        *next++ = SPIM(SPIM_DUMMY, (QUAD_READ_DUMMY_CYCLES - 1u) << 16);
    }
    next = data_commands(next, SPIM_RX_DATA, length, flash->quad ? QUAD : 0u);
    *next++ = EOT_EVENT;
    udma_start(RX_CHANNEL, buffer, length, width_for(length));
    start(flash, next, true, false);
    return DRIVER_OK;
}

enum driver_status spi_flash_program_submit(struct spi_flash *flash, uint32_t address, const void *buffer,
                                            size_t length)
{
    if (flash->busy) {
        return DRIVER_BUSY;
    }
    if (length == 0 || address % SPI_FLASH_PAGE + length > SPI_FLASH_PAGE) {
        return DRIVER_BAD_ARGUMENT;
    }
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_WRITE_ENABLE);
    *next++ = EOT_SILENT;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_PROGRAM_4B);
    next = address_commands(next, address);
    next = data_commands(next, SPIM_TX_DATA, length, 0);
    *next++ = EOT_EVENT;
    udma_start(TX_CHANNEL, buffer, length, width_for(length));
    start(flash, next, false, true);
    return DRIVER_OK;
}

enum driver_status spi_flash_erase_submit(struct spi_flash *flash, uint32_t address)
{
    if (flash->busy) {
        return DRIVER_BUSY;
    }
    uint32_t *next = flash->list;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_WRITE_ENABLE);
    *next++ = EOT_SILENT;
    *next++ = SPIM(SPIM_SOT, 0u);
    *next++ = SEND_BYTE(FLASH_ERASE_4B);
    next = address_commands(next, address);
    *next++ = EOT_EVENT;
    start(flash, next, false, true);
    return DRIVER_OK;
}

/** An operation inside the flash takes long: asking for its status all the time would only load the bus. */
static void back_off(void)
{
    for (volatile unsigned i = 0; i < 200; i++) {
    }
}

enum driver_status spi_flash_wait(struct spi_flash *flash)
{
    if (!flash->busy) {
        return DRIVER_IDLE;
    }
    bool programs = flash->programs;
    enum driver_status result = finish(flash);
    if (result != DRIVER_OK || !programs) {
        return result;
    }
    for (flash->polls = 0; flash->polls < MOST_POLLS;) {
        result = ask(flash, FLASH_READ_STATUS, 1);
        if (result != DRIVER_OK) {
            return result;
        }
        uint8_t status = (uint8_t)flash->received;
        flash->polls++;
        if ((status & STATUS_ERRORS) != 0) {
            uint32_t *next = flash->list;
            *next++ = SPIM(SPIM_SOT, 0u);
            *next++ = SEND_BYTE(FLASH_CLEAR_STATUS);
            *next++ = EOT_EVENT;
            start(flash, next, false, false);
            result = finish(flash);
            return result == DRIVER_OK ? DRIVER_REFUSED : result;
        }
        if ((status & STATUS_WIP) == 0) {
            return DRIVER_OK;
        }
        back_off();
    }
    return DRIVER_TIMEOUT;
}

enum driver_status spi_flash_read(struct spi_flash *flash, uint32_t address, void *buffer, size_t length)
{
    enum driver_status status = spi_flash_read_submit(flash, address, buffer, length);
    return status == DRIVER_OK ? spi_flash_wait(flash) : status;
}

enum driver_status spi_flash_program(struct spi_flash *flash, uint32_t address, const void *buffer, size_t length)
{
    const uint8_t *bytes = buffer;
    while (length > 0) {
        size_t room = SPI_FLASH_PAGE - address % SPI_FLASH_PAGE;
        size_t part = length < room ? length : room;
        enum driver_status status = spi_flash_program_submit(flash, address, bytes, part);
        if (status == DRIVER_OK) {
            status = spi_flash_wait(flash);
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

enum driver_status spi_flash_erase(struct spi_flash *flash, uint32_t address)
{
    enum driver_status status = spi_flash_erase_submit(flash, address);
    return status == DRIVER_OK ? spi_flash_wait(flash) : status;
}
