/**
 * @file weights.h
 * The network's weights in a serial flash: its layout, and loading them into interleaved L2.
 *
 * scripts/flash_model.py writes the image: at address 0 a header of four little-endian words, behind it the weights.
 */
#ifndef RETNET_FLASH_WEIGHTS_H
#define RETNET_FLASH_WEIGHTS_H

#include "driver.h"

enum { WEIGHTS_MAGIC = 0x57544E52 }; /* "RNTW" */

struct weights_header {
    uint32_t magic;
    uint32_t bytes;
    uint32_t crc; /**< CRC-32 (IEEE 802.3) of the weights */
    uint32_t reserved;
};

/** Loads the weights. DRIVER_NO_DEVICE without a flash, DRIVER_REFUSED if it holds no, other or damaged weights. */
enum driver_status weights_load(void);

#endif
