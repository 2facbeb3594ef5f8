/* A driver that does little but reach registers: GPIO output set, cleared and read back. */
#include "kernel.h"

#define GPIO_BASE 0x1A101000u

static inline void write(uint32_t offset, uint32_t value) { *(volatile uint32_t *)(GPIO_BASE + offset) = value; }
static inline uint32_t read(uint32_t offset) { return *(volatile uint32_t *)(GPIO_BASE + offset); }

uint32_t kernel(uint32_t rounds)
{
    uint32_t sum = 0;
    while (rounds--) {
        write(0x0C, rounds);
        sum += read(0x0C);
    }
    return sum;
}
