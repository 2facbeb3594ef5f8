/**
 * @file weights.c
 * The weights' way: flash, SPI master, uDMA, interleaved L2.
 */
#include "weights.h"

#include "retnet.h"
#include "spi_flash.h"
#include "timer.h"

#include <stdio.h>

enum { SCK_DIVIDER = 1 }; /* 25 MHz at 50 MHz */

L2_BSS uint8_t retnet_blob[RETNET_BLOB_BYTES];
_Static_assert(RETNET_BLOB_BYTES % 4 == 0, "the uDMA moves words");
_Static_assert(RETNET_BLOB_BYTES <= SPI_FLASH_LONGEST_READ, "one read");

static uint32_t crc32(const uint8_t *bytes, size_t length)
{
    static const uint32_t polynomial = 0xEDB88320u;
    uint32_t table[16], crc = ~0u;
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t value = i;
        for (unsigned bit = 0; bit < 4; bit++) {
            value = value >> 1 ^ (value & 1u ? polynomial : 0u);
        }
        table[i] = value;
    }
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15u];
        crc = crc >> 4 ^ table[crc & 15u];
    }
    return ~crc;
}

enum driver_status weights_load(void)
{
    static struct spi_flash flash;
    static struct weights_header header;
    uint32_t begin = timer_cycles();
    enum driver_status status = spi_flash_init(&flash, &driver_irq, SCK_DIVIDER);
    if (status == DRIVER_OK) {
        status = spi_flash_read(&flash, 0, &header, sizeof header);
    }
    if (status != DRIVER_OK) {
        return status;
    }
    if (header.magic != WEIGHTS_MAGIC || header.bytes != sizeof retnet_blob) {
        return DRIVER_REFUSED;
    }
    /* One line is a quarter as fast as four, but four need a change of the configuration that takes longer still. */
    status = spi_flash_read(&flash, sizeof header, retnet_blob, sizeof retnet_blob);
    if (status != DRIVER_OK) {
        return status;
    }
    uint32_t cycles = timer_cycles() - begin;
    if (crc32(retnet_blob, sizeof retnet_blob) != header.crc) {
        return DRIVER_REFUSED;
    }
    printf("%lu bytes of weights from flash %02x %02x %02x in %lu cycles\n", (unsigned long)header.bytes, flash.id[0],
           flash.id[1], flash.id[2], (unsigned long)cycles);
    return DRIVER_OK;
}
