/* Division, remainder and 64-bit products: prime sieving by trial and modular powers. */
#include "kernel.h"

uint32_t kernel(uint32_t rounds)
{
    uint32_t sum = 0;
    for (uint32_t n = 3; rounds--; n += 2) {
        uint32_t limit = 1;
        while (limit * limit <= n && limit < 64) {
            limit++;
        }
        uint32_t prime = 1;
        for (uint32_t d = 3; d < limit; d += 2) {
            if (n % d == 0) {
                prime = 0;
                break;
            }
        }
        uint64_t power = 1, base = n & 0xFFFF;
        for (uint32_t e = n & 0xFF; e; e >>= 1) {
            if (e & 1) {
                power = power * base & 0xFFFFFFFFu;
            }
            base = base * base & 0xFFFFFFFFu;
        }
        sum += prime + (uint32_t)power / ((n & 0x7F) | 1);
    }
    return sum;
}
