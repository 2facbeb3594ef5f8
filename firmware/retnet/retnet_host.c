/**
 * @file retnet_host.c
 * Layers and matrix products on the core.
 */
#include "retnet_host.h"

#include "host_arithmetic.h"

#include <string.h>

enum { D = RETNET_WIDTH, F = RETNET_FFN };

/** Outputs that share the loads of the input row. */
enum { TILE = 4 };
_Static_assert(D % TILE == 0 && F % TILE == 0, "rows of weights come in tiles");

static const int8_t *weights(uint32_t offset)
{
    return (const int8_t *)retnet_blob + offset;
}

static const int32_t *bias(uint32_t offset)
{
    return (const int32_t *)(const void *)(retnet_blob + offset);
}

/** acc[i] = x . w[i] for TILE rows of weights, `inner` bytes each. */
static inline void dot_tile(const int8_t *restrict x, const int8_t *restrict w, unsigned inner, int32_t acc[TILE])
{
    const int8_t *w0 = w, *w1 = w + inner, *w2 = w + 2 * inner, *w3 = w + 3 * inner;
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    for (unsigned k = 0; k < inner; k++) {
        int32_t v = x[k];
        a0 += v * w0[k];
        a1 += v * w1[k];
        a2 += v * w2[k];
        a3 += v * w3[k];
    }
    acc[0] = a0;
    acc[1] = a1;
    acc[2] = a2;
    acc[3] = a3;
}

/** y0 = rq(x . W^T + b): `columns` outputs of one row. */
static inline void linear(const int8_t *x, const int8_t *w, const int32_t *b, unsigned columns, unsigned inner,
                          const struct reta_requant *q, int8_t *y)
{
    for (unsigned n = 0; n < columns; n += TILE) {
        int32_t acc[TILE];
        dot_tile(x, w + n * inner, inner, acc);
        for (unsigned i = 0; i < TILE; i++) {
            y[n + i] = requantise(acc[i] + (b ? b[n + i] : 0), q);
        }
    }
}

static void look_up(int8_t *y, unsigned columns, uint32_t table)
{
    const int8_t *lut = weights(table);
    for (unsigned i = 0; i < columns; i++) {
        y[i] = lut[(uint8_t)y[i]];
    }
}

static void add_residual(const int8_t *y, int8_t *x, const struct retnet_scale *scale)
{
    for (unsigned i = 0; i < D; i++) {
        x[i] = scaled_add(y[i], x[i], scale);
    }
}

static void norm_row(const int8_t *x, int8_t *y)
{
    static const struct reta_requant q = RETNET_NORM_ROW;
    int64_t wide[D];
    for (unsigned i = 0; i < D; i++) {
        wide[i] = x[i];
    }
    host_norm(wide, D, &q, y);
}

/** Everything before the retention, for one row. */
static void project(const struct retnet_layer *layer, unsigned t)
{
    struct retnet_activations *a = &retnet_activations;
    norm_row(a->x[t], a->xn[t]);
    linear(a->xn[t], weights(layer->qkv_w), NULL, 3 * D, D, &layer->qkv, a->qkv[t][0]);
    linear(a->xn[t], weights(layer->g_w), NULL, D, D, &layer->g, a->g[t]);
    look_up(a->g[t], D, layer->swish);
}

/** Everything after the retention, for one row. */
static void feed_forward(const struct retnet_layer *layer, unsigned t)
{
    struct retnet_activations *a = &retnet_activations;
    int8_t y[D];
    linear(a->r[t], weights(layer->o_w), NULL, D, D, &layer->o, y);
    add_residual(y, a->x[t], &layer->res1);
    norm_row(a->x[t], a->xn[t]);
    linear(a->xn[t], weights(layer->f1_w), bias(layer->f1_b), F, D, &layer->f1, a->h[t]);
    look_up(a->h[t], F, layer->gelu);
    linear(a->h[t], weights(layer->f2_w), bias(layer->f2_b), D, F, &layer->f2, y);
    add_residual(y, a->x[t], &layer->res2);
}

void retnet_host_reset(void)
{
    memset(retnet_state, 0, sizeof retnet_state);
}

void retnet_host_pass(const uint32_t *tokens, unsigned rows, uint32_t position)
{
    for (unsigned t = 0; t < rows; t++) {
        memcpy(retnet_activations.x[t], weights(RETNET_EMBED) + tokens[t] * D, D);
    }
    for (unsigned n = 0; n < RETNET_LAYERS; n++) {
        for (unsigned t = 0; t < rows; t++) {
            project(&retnet_layers[n], t);
        }
        host_retention(&retnet_layers[n], n, rows, position);
        for (unsigned t = 0; t < rows; t++) {
            feed_forward(&retnet_layers[n], t);
        }
    }
}

uint32_t retnet_host_choose(unsigned rows)
{
    int8_t *xn = retnet_activations.xn[0];
    uint32_t choice = 0;
    int32_t best = INT32_MIN;
    norm_row(retnet_activations.x[rows - 1u], xn);
    for (unsigned n = 0; n < RETNET_OUTPUTS; n++) {
        const int8_t *w = weights(RETNET_OUT_W) + n * D;
        int32_t acc = bias(RETNET_OUT_B)[n];
        for (unsigned k = 0; k < D; k++) {
            acc += xn[k] * w[k];
        }
        if (acc > best || n == 0) {
            best = acc;
            choice = n;
        }
    }
    return choice;
}
