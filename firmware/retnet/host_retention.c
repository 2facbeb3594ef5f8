/**
 * @file host_retention.c
 * Retention on the core (RETA specification, section 6.2): one chunk, the recurrent form being a chunk of one row.
 *
 * P, kd and the decay powers are rounded as the accelerator does; the state has 8 fraction bits.
 */
#include "host_arithmetic.h"

enum { DK = RETNET_HEAD };

typedef int32_t head_state[DK][DK];

/** gamma^i in Q16 for i = 0..count, from the serial generator with 30 fraction bits. */
static void decay_powers(unsigned shift, unsigned count, uint32_t *powers)
{
    int64_t value = (int64_t)1 << 30;
    for (unsigned i = 0; i <= count; i++) {
        powers[i] = (uint32_t)round_shift(value, 14);
        value -= shift == 0 ? 0 : round_shift(value, shift);
    }
}

/** o += rs((q . S) * power, 16): what the state of the rows before the chunk contributes. */
static void add_state(const int8_t *q, head_state state, uint32_t power, int64_t *o)
{
    for (unsigned j = 0; j < DK; j++) {
        int64_t sum = 0;
        for (unsigned i = 0; i < DK; i++) {
            sum += (int64_t)q[i] * state[i][j];
        }
        o[j] += round_shift(sum * (int64_t)power, 16);
    }
}

/** o += P[n][m] v[m]: what row m of the chunk contributes to row n. */
static void add_row(const int8_t *q, const int8_t *k, const int8_t *v, uint32_t power, int64_t *o)
{
    int32_t score = 0;
    for (unsigned i = 0; i < DK; i++) {
        score += q[i] * k[i];
    }
    int64_t p = round_shift((int64_t)score * power, 8);
    for (unsigned j = 0; j < DK; j++) {
        o[j] += p * v[j];
    }
}

/** One row: the decay is a shift and a subtraction. |S| stays below 2^30 for shifts up to 8: nothing saturates. */
static void update_recurrent(head_state state, const int8_t *k, const int8_t *v, unsigned shift)
{
    int32_t half = shift == 0 ? 0 : 1 << (shift - 1u);
    for (unsigned i = 0; i < DK; i++) {
        int32_t scaled = k[i] * 256;
        for (unsigned j = 0; j < DK; j++) {
            int32_t s = state[i][j];
            state[i][j] = s + (shift == 0 ? 0 : (half - s) >> shift) + scaled * v[j];
        }
    }
}

/** The whole chunk: S <- sat32(rs(S g[c], 16) + sum over m of kd[m] v[m]). */
static void update_chunk(head_state state, int8_t k[][DK], const int8_t *v, unsigned rows, const uint32_t *power)
{
    for (unsigned i = 0; i < DK; i++) {
        int32_t sum[DK] = {0};
        for (unsigned m = 0; m < rows; m++) {
            int32_t kd = (int32_t)round_shift((int64_t)k[m][i] * power[rows - 1u - m], 8);
            for (unsigned j = 0; j < DK; j++) {
                sum[j] += kd * v[3 * RETNET_WIDTH * m + j];
            }
        }
        for (unsigned j = 0; j < DK; j++) {
            state[i][j] = saturate32(round_shift((int64_t)state[i][j] * power[rows], 16) + sum[j]);
        }
    }
}

static void retention_head(const struct retnet_layer *layer, head_state state, unsigned head, unsigned rows,
                           uint32_t position)
{
    static const struct reta_requant norm_head = RETNET_NORM_HEAD;
    static int8_t q[RETNET_MAX_ROWS][DK], k[RETNET_MAX_ROWS][DK];
    static uint32_t power[RETNET_MAX_ROWS + 1];
    const uint32_t *theta = (const uint32_t *)(const void *)(retnet_blob + RETNET_THETA);
    struct retnet_activations *a = &retnet_activations;
    const unsigned column = head * DK, shift = RETNET_DECAY >> 4u * head & 15u;
    const int8_t *v = &a->qkv[0][2][column];

    for (unsigned m = 0; m < rows; m++) {
        host_rotate(&a->qkv[m][0][column], position + m, theta, q[m]);
        host_rotate(&a->qkv[m][1][column], position + m, theta, k[m]);
    }
    decay_powers(shift, rows, power);
    for (unsigned n = 0; n < rows; n++) {
        int64_t o[DK] = {0};
        int8_t *y = &a->r[n][column];
        for (unsigned m = 0; m <= n; m++) {
            add_row(q[n], k[m], v + 3 * RETNET_WIDTH * m, power[n - m], o);
        }
        add_state(q[n], state, power[n + 1u], o);
        host_norm(o, DK, &norm_head, y);
        for (unsigned j = 0; j < DK; j++) {
            y[j] = scaled_multiply(y[j], a->g[n][column + j], &layer->gate);
        }
    }
    if (rows == 1) {
        update_recurrent(state, k[0], v, shift);
    } else {
        update_chunk(state, k, v, rows, power);
    }
}

void host_retention(const struct retnet_layer *layer, unsigned n, unsigned rows, uint32_t position)
{
    for (unsigned head = 0; head < RETNET_HEADS; head++) {
        retention_head(layer, retnet_state[n][head], head, rows, position);
    }
}
