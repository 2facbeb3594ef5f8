/* Waits for a timer by asking it again and again: 2,000 waits of 100,000 cycles. */
#include "kernel.h"

#define TIMER_BASE 0x1A10B000u

uint32_t kernel(uint32_t rounds)
{
    volatile uint32_t *const configuration = (volatile uint32_t *)(TIMER_BASE + 0x00);
    volatile uint32_t *const count = (volatile uint32_t *)(TIMER_BASE + 0x08);
    uint32_t asked = 0;
    *configuration = 1;
    while (rounds--) {
        uint32_t start = *count;
        while (*count - start < 100000u) {
            asked++;
        }
    }
    return asked;
}
