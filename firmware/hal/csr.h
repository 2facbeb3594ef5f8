/**
 * @file csr.h
 * Control and status registers of the hart: typed accessors for those that this firmware uses.
 */
#ifndef HAL_CSR_H
#define HAL_CSR_H

#include <stdint.h>

#define CSR_READ(name)                                            \
    __extension__({                                               \
        uint32_t csr_value;                                       \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value));    \
        csr_value;                                                \
    })
#define CSR_WRITE(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"(value) : "memory")
#define CSR_SET(name, mask)    __asm__ volatile("csrs " #name ", %0" ::"rK"(mask) : "memory")
#define CSR_CLEAR(name, mask)  __asm__ volatile("csrc " #name ", %0" ::"rK"(mask) : "memory")

/** mstatus.MIE: the global interrupt enable. */
#define MSTATUS_MIE 8u

/** 64-bit cycle counter; stands still while the core sleeps in WFI. */
static inline uint64_t csr_mcycle(void)
{
    uint32_t high, low, again;
    do {
        high = CSR_READ(mcycleh);
        low = CSR_READ(mcycle);
        again = CSR_READ(mcycleh);
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

/** Low half of the counter of retired instructions. */
static inline uint32_t csr_minstret(void)
{
    return CSR_READ(minstret);
}

#endif
