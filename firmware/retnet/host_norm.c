/**
 * @file host_norm.c
 * Normalisation and rotation on the core.
 */
#include "host_arithmetic.h"

#include "sine_rom.h"

/** Floor of the square root of a value below 2^42: one result bit a step. */
static uint32_t square_root(uint64_t value)
{
    uint32_t root = 0;
    for (uint32_t bit = 1u << 20; bit != 0; bit >>= 1) {
        uint32_t trial = root | bit;
        if ((uint64_t)trial * trial <= value) {
            root = trial;
        }
    }
    return root;
}

static unsigned bit_length(uint64_t value)
{
    return value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
}

void host_norm(const int64_t *x, unsigned n, const struct reta_requant *q, int8_t *y)
{
    uint64_t magnitude = 0;
    for (unsigned i = 0; i < n; i++) {
        uint64_t m = (uint64_t)(x[i] < 0 ? -x[i] : x[i]);
        magnitude = m > magnitude ? m : magnitude;
    }
    if (magnitude == 0) {
        for (unsigned i = 0; i < n; i++) {
            y[i] = 0;
        }
        return;
    }
    int exponent = (int)bit_length(magnitude) - 15;
    int32_t t[RETNET_WIDTH];
    uint64_t squares = 0;
    for (unsigned i = 0; i < n; i++) {
        t[i] = exponent > 0 ? (int32_t)(x[i] >> exponent) : (int32_t)x[i] * (1 << -exponent);
        squares += (uint32_t)(t[i] * t[i]);
    }
    uint32_t factor = (uint32_t)(((uint64_t)q->mul << 24) / square_root(squares));
    for (unsigned i = 0; i < n; i++) {
        y[i] = saturate8(round_shift((int64_t)t[i] * factor, q->sh));
    }
}

void host_rotate(const int8_t *row, uint32_t position, const uint32_t *theta, int8_t *rotated)
{
    for (unsigned j = 0; j < RETNET_HEAD / 2; j++) {
        uint32_t phase = position * theta[j] + (1u << 21);
        int32_t sine = sine_rom[phase >> 22];
        int32_t cosine = sine_rom[((phase >> 22) + 256u) & 1023u];
        int32_t even = row[2 * j], odd = row[2 * j + 1];
        rotated[2 * j] = saturate8((even * cosine - odd * sine + (1 << 13)) >> 14);
        rotated[2 * j + 1] = saturate8((odd * cosine + even * sine + (1 << 13)) >> 14);
    }
}
