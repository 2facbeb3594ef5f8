/**
 * @file udma.h
 * The uDMA's channels: the three registers that every one of them has, and the clock gates.
 *
 * Channels are named by the address of their SADDR register, from the generated headers:
 * `udma_start(UDMA_SPIM_BASE + UDMA_SPIM_RX_SADDR_OFFSET, buffer, 256, UDMA_WORDS)`.
 */
#ifndef PULP_UDMA_H
#define PULP_UDMA_H

#include "mmio.h"
#include "udma_ctrl_regs.h"
#include "udma_spim_regs.h"

#include <stdbool.h>
#include <stddef.h>

/** Peripheral ids: bits of the clock gate register. */
enum udma_id {
    UDMA_ID_UART0 = 0,
    UDMA_ID_SPIM0 = 1,
    UDMA_ID_I2C0 = 2,
    UDMA_ID_CPI = 4,
    UDMA_ID_I2S_P7 = 5, /**< profile P7 */
};

/** Width of a datum: the granularity of a channel. */
enum udma_width { UDMA_BYTES = 0, UDMA_HALVES = 1, UDMA_WORDS = 2 };

/** Longest buffer of a channel, in bytes. */
enum { UDMA_LONGEST = UDMA_SPIM_RX_SIZE_SIZE_MASK };

/* The channels' registers are those of the SPI master's RX channel, wherever they lie. */
enum {
    UDMA_CHANNEL_SIZE = UDMA_SPIM_RX_SIZE_OFFSET - UDMA_SPIM_RX_SADDR_OFFSET,
    UDMA_CHANNEL_CFG = UDMA_SPIM_RX_CFG_OFFSET - UDMA_SPIM_RX_SADDR_OFFSET,
};

/** Opens the clock of a peripheral: without it writes to its registers are lost. */
static inline void udma_open(enum udma_id id)
{
    mmio_set_bits(UDMA_CTRL_BASE + UDMA_CTRL_CG_OFFSET, 1u << id);
}

/** Starts a channel on `length` bytes (1 to UDMA_LONGEST) of L2, or queues them behind the buffer that it works on. */
static inline void udma_start(uintptr_t channel, const volatile void *buffer, size_t length, enum udma_width width)
{
    memory_barrier();
    mmio_write(channel, bus_address(buffer));
    mmio_write(channel + UDMA_CHANNEL_SIZE, (uint32_t)length);
    mmio_write(channel + UDMA_CHANNEL_CFG,
               UDMA_SPIM_RX_CFG_EN_MASK | (uint32_t)width << UDMA_SPIM_RX_CFG_DATASIZE_BIT);
}

/** True while a channel works on a buffer. */
static inline bool udma_running(uintptr_t channel)
{
    return (mmio_read(channel + UDMA_CHANNEL_CFG) & UDMA_SPIM_RX_CFG_EN_MASK) != 0;
}

/** Bytes that are still to be transferred. */
static inline uint32_t udma_left(uintptr_t channel)
{
    return mmio_read(channel + UDMA_CHANNEL_SIZE);
}

/** Stops a channel at once. */
static inline void udma_stop(uintptr_t channel)
{
    mmio_write(channel + UDMA_CHANNEL_CFG, UDMA_SPIM_RX_CFG_CLR_MASK);
}

#endif
