/* CRC-32 over a buffer, by table: byte loads, shifts, a tight loop. */
#include "kernel.h"

static uint32_t table[256];
static uint8_t buffer[4096];

uint32_t kernel(uint32_t rounds)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
        }
        table[i] = value;
    }
    uint32_t crc = ~0u;
    while (rounds--) {
        buffer[rounds % sizeof buffer] ^= (uint8_t)crc;
        for (uint32_t i = 0; i < sizeof buffer; i++) {
            crc = table[(crc ^ buffer[i]) & 0xFF] ^ crc >> 8;
        }
    }
    return ~crc;
}
