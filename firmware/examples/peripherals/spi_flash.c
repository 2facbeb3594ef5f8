/**
 * @file spi_flash.c
 * The flash behind SPI master 0: identification, erasing, programming across pages, reading back on one and four lines.
 */
#include "spi_flash.h"

#include "check.h"

#include <string.h>

enum {
    SECTOR = 0x40000,
    START = SECTOR + 0xF3, /* not at a page's start */
    LENGTH = 700,
    SCK_DIVIDER = 1, /* 25 MHz at 50 MHz */
};

static uint8_t pattern[LENGTH], readback[LENGTH + 4];

static bool all_erased(const uint8_t *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1u] == 0xFF) {
        length--;
    }
    return length == 0;
}

static void run(const struct driver_style *style, uint8_t seed)
{
    static struct spi_flash flash;
    const char *name = style->name;
    for (unsigned i = 0; i < LENGTH; i++) {
        pattern[i] = (uint8_t)(i * 13u + i / 256u + seed);
    }
    if (!check_status(name, "init", spi_flash_init(&flash, style, SCK_DIVIDER))) {
        return;
    }
    printf("     %s: id %02x %02x %02x\n", name, flash.id[0], flash.id[1], flash.id[2]);
    check(name, "the manufacturer is Spansion's", flash.id[0] == 0x01);
    check_status(name, "erase", spi_flash_erase(&flash, SECTOR));
    check_status(name, "read", spi_flash_read(&flash, START, readback, LENGTH));
    check(name, "the sector is erased", all_erased(readback, LENGTH));
    check(name, "a program across a page is refused",
          spi_flash_program_submit(&flash, START, pattern, SPI_FLASH_PAGE) == DRIVER_BAD_ARGUMENT);
    check_status(name, "program", spi_flash_program(&flash, START, pattern, LENGTH));
    check_status(name, "read", spi_flash_read(&flash, START, readback, LENGTH));
    check(name, "what was programmed is read", memcmp(pattern, readback, LENGTH) == 0);
    memset(readback, 0, sizeof readback);
    check_status(name, "read", spi_flash_read(&flash, START + 1u, readback, LENGTH - 2u));
    check(name, "a length that is no multiple of four", memcmp(pattern + 1, readback, LENGTH - 2u) == 0 &&
                                                            readback[LENGTH - 2] == 0);
    check_status(name, "quad", spi_flash_enable_quad(&flash));
    memset(readback, 0, sizeof readback);
    check_status(name, "read", spi_flash_read(&flash, START, readback, LENGTH));
    check(name, "the same on four lines", memcmp(pattern, readback, LENGTH) == 0);
}

int main(void)
{
    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        check_restart();
        run(check_styles[i], (uint8_t)i);
    }
    return check_failures;
}
