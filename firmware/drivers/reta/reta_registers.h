/**
 * @file reta_registers.h
 * Accessors of RETA's registers, for the driver's own files.
 */
#ifndef RETA_REGISTERS_H
#define RETA_REGISTERS_H

#include "mmio.h"
#include "reta_regs.h"

static inline uint32_t reta_get(uint32_t offset)
{
    return mmio_read(RETA_BASE + offset);
}

static inline void reta_put(uint32_t offset, uint32_t value)
{
    mmio_write(RETA_BASE + offset, value);
}

#endif
