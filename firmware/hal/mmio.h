/**
 * @file mmio.h
 * Access to memory-mapped registers: always aligned 32-bit words, because the peripheral bridges ignore byte strobes.
 *
 * Addresses come from the generated headers in include/: `mmio_read(RETA_BASE + RETA_STATUS_OFFSET)`.
 */
#ifndef HAL_MMIO_H
#define HAL_MMIO_H

#include <stdint.h>

/** Reads the register at `address`, with its side effects. */
static inline uint32_t mmio_read(uintptr_t address)
{
    return *(const volatile uint32_t *)address;
}

/** Writes the register at `address`. The core waits for the answer: the write has taken effect when this returns. */
static inline void mmio_write(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

/** Sets the bits of `mask` by read, modify and write; not atomic against interrupts. */
static inline void mmio_set_bits(uintptr_t address, uint32_t mask)
{
    mmio_write(address, mmio_read(address) | mask);
}

/** Clears the bits of `mask` by read, modify and write; not atomic against interrupts. */
static inline void mmio_clear_bits(uintptr_t address, uint32_t mask)
{
    mmio_write(address, mmio_read(address) & ~mask);
}

/** The address of an object as other bus masters see it: what pointer fields of descriptors and uDMA hold. */
static inline uint32_t bus_address(const volatile void *object)
{
    return (uint32_t)(uintptr_t)object;
}

/** Keeps the compiler from moving memory accesses across: buffers handed to, or taken from, another bus master. */
static inline void memory_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

#endif
