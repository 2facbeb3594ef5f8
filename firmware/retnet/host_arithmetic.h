/**
 * @file host_arithmetic.h
 * RETA's arithmetic in C (RETA specification, section 3): rounding shift, saturation, requantisation, output stages.
 */
#ifndef HOST_ARITHMETIC_H
#define HOST_ARITHMETIC_H

#include "retnet.h"

/** Rounding shift: halves go up, also for negative values. The sum must not overflow. */
static inline int64_t round_shift(int64_t value, unsigned shift)
{
    return shift == 0 ? value : (value + ((int64_t)1 << (shift - 1u))) >> shift;
}

static inline int8_t saturate8(int64_t value)
{
    return (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
}

static inline int32_t saturate32(int64_t value)
{
    return (int32_t)(value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value);
}

/** rq: multiplier, rounding shift, saturation. */
static inline int8_t requantise(int32_t accumulator, const struct reta_requant *q)
{
    return saturate8(round_shift((int64_t)accumulator * q->mul, q->sh));
}

/** Output stage ELT = 1. */
static inline int8_t scaled_add(int8_t y, int8_t z, const struct retnet_scale *s)
{
    return saturate8(round_shift((int64_t)y * s->ma + (int64_t)z * s->mb, s->esh));
}

/** Output stage ELT = 2. */
static inline int8_t scaled_multiply(int8_t y, int8_t z, const struct retnet_scale *s)
{
    return saturate8(round_shift((int64_t)(y * z) * s->ma, s->esh));
}

/** Root mean square normalisation of `n` values; all results are 0 if all values are. */
void host_norm(const int64_t *x, unsigned n, const struct reta_requant *q, int8_t *y);

/** Rotates pairs of a row of one head to `position`. */
void host_rotate(const int8_t *row, uint32_t position, const uint32_t *theta, int8_t *rotated);

/** Retention of all heads over one chunk of `rows` rows, with norm and gate; updates the layer's state. */
void host_retention(const struct retnet_layer *layer, unsigned n, unsigned rows, uint32_t position);

#endif
