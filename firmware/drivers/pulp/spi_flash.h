/**
 * @file spi_flash.h
 * Serial NOR flash of the S25FS-S class behind chip select 0 of SPI master 0.
 *
 * Each operation is one list of SPI master commands and one transfer of data; addresses are 32 bits wide. The driver
 * waits for the flash's own operations (WIP) in spi_flash_wait.
 */
#ifndef PULP_SPI_FLASH_H
#define PULP_SPI_FLASH_H

#include "driver.h"

enum {
    SPI_FLASH_PAGE = 256,          /**< a program stays inside one */
    SPI_FLASH_SECTOR = 0x10000,    /**< what an erase clears */
    SPI_FLASH_LONGEST_READ = 0xF0000, /**< bytes of one read */
};

/** The driver's state. */
struct spi_flash {
    const struct driver_style *style;
    /** What the flash says it is: manufacturer, type, capacity. */
    uint8_t id[4];
    bool quad;          /**< reads use four data lines */
    bool busy;          /**< a transfer was submitted */
    bool receives;      /**< it has an RX buffer */
    bool programs;      /**< it starts an operation inside the flash */
    uint32_t polls;     /**< status reads of the last wait */
    uint32_t list[24];  /**< the commands of the transfer */
    uint32_t received;  /**< a short answer */
};

/** Opens the SPI master, sets SCK to the peripheral clock / (2 x divider) (0: undivided), and reads the flash's id. */
enum driver_status spi_flash_init(struct spi_flash *flash, const struct driver_style *style, uint8_t divider);

/** Lets reads use four data lines (the QUAD bit of the flash's configuration register). */
enum driver_status spi_flash_enable_quad(struct spi_flash *flash);

/** Starts to read `length` (1 to SPI_FLASH_LONGEST_READ) bytes into L2. */
enum driver_status spi_flash_read_submit(struct spi_flash *flash, uint32_t address, void *buffer, size_t length);

/** Starts to program `length` bytes, which must lie in one page; bits can only be cleared. */
enum driver_status spi_flash_program_submit(struct spi_flash *flash, uint32_t address, const void *buffer,
                                            size_t length);

/** Starts to erase the sector that holds `address`. */
enum driver_status spi_flash_erase_submit(struct spi_flash *flash, uint32_t address);

/** Waits for the transfer, and for the operation inside the flash that it started. */
enum driver_status spi_flash_wait(struct spi_flash *flash);

/** Submits and waits. */
enum driver_status spi_flash_read(struct spi_flash *flash, uint32_t address, void *buffer, size_t length);

/** Programs any number of bytes, page by page. */
enum driver_status spi_flash_program(struct spi_flash *flash, uint32_t address, const void *buffer, size_t length);

/** Erases the sector that holds `address`. */
enum driver_status spi_flash_erase(struct spi_flash *flash, uint32_t address);

#endif
