/**
 * @file block.c
 * A small RetNet block with random weights.
 */
#include "block.h"

#include <stdio.h>

static uint32_t random_word(uint32_t *seed)
{
    uint32_t x = *seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

static void random_bytes(int8_t *bytes, unsigned count, uint32_t seed)
{
    for (unsigned i = 0; i < count; i++) {
        bytes[i] = (int8_t)(random_word(&seed) >> 24);
    }
}

void block_make_weights(struct block_weights *w)
{
    random_bytes(&w->qkv[0][0], sizeof w->qkv, 1);
    random_bytes(&w->gate[0][0], sizeof w->gate, 2);
    random_bytes(&w->out[0][0], sizeof w->out, 3);
    random_bytes(&w->up[0][0], sizeof w->up, 4);
    random_bytes(&w->down[0][0], sizeof w->down, 5);
    uint32_t seed = 6;
    for (unsigned i = 0; i < BLOCK_FFN; i++) {
        w->bias[i] = (int32_t)random_word(&seed) >> 20;
    }
    for (unsigned i = 0; i < BLOCK_HEAD / 2; i++) {
        w->theta[i] = random_word(&seed) >> (4u * i + 2u);
    }
    for (int i = 0; i < 256; i++) {
        int value = i < 128 ? i : i - 256;
        w->table[i] = (int8_t)(value > 0 ? value : value / 4);
    }
}

void block_make_input(block_rows rows, unsigned round)
{
    random_bytes(&rows[0][0], sizeof(block_rows), 100u + round);
}

static const struct reta_requant scale16 = {.mul = 30000, .sh = 24};

/** A linear layer without bias from `x` to `y`. */
static struct reta_linear linear(unsigned columns, unsigned inner, struct reta_tensor x, const void *weights,
                                 struct reta_tensor y)
{
    return (struct reta_linear){.rows = BLOCK_ROWS,
                                .columns = columns,
                                .inner = inner,
                                .x = x,
                                .w = reta_at(weights, inner),
                                .y = y,
                                .requant = scale16};
}

void block_build(struct block *b, struct reta_desc descs[BLOCK_DESCS])
{
    struct reta_tensor input = reta_at(b->input, BLOCK_WIDTH), normed = reta_at(b->scratch.normed, BLOCK_WIDTH);
    struct reta_tensor qkv = reta_at(b->scratch.qkv, 3 * BLOCK_WIDTH), gate = reta_at(b->scratch.gate, BLOCK_WIDTH);
    struct reta_tensor mixed = reta_at(b->scratch.mixed, BLOCK_WIDTH), hidden = reta_at(b->scratch.hidden, BLOCK_FFN);
    struct reta_tensor middle = reta_at(b->middle, BLOCK_WIDTH), output = reta_at(b->output, BLOCK_WIDTH);
    struct reta_stage residual = {.elt = RETA_ELT_ADD, .ma = 1, .mb = 1};

    descs[0] = reta_build_norm(&(struct reta_norm){.rows = BLOCK_ROWS,
                                                   .columns = BLOCK_WIDTH,
                                                   .group = BLOCK_WIDTH,
                                                   .x = input,
                                                   .y = normed,
                                                   .requant = {.mul = 32768, .sh = 24 + 8}});
    struct reta_linear to_qkv = linear(3 * BLOCK_WIDTH, BLOCK_WIDTH, normed, b->weights.qkv, qkv);
    descs[1] = reta_build_linear(&to_qkv);
    struct reta_linear to_gate = linear(BLOCK_WIDTH, BLOCK_WIDTH, normed, b->weights.gate, gate);
    to_gate.stage = (struct reta_stage){.act = RETA_ACT_LUT, .lut = reta_at(b->weights.table, 0)};
    descs[2] = reta_build_linear(&to_gate);
    descs[3] = reta_build_retention(&(struct reta_retention){
        .rows = BLOCK_ROWS,
        .heads = BLOCK_HEADS,
        .dk = BLOCK_HEAD,
        .dv = BLOCK_HEAD,
        .chunk = BLOCK_ROWS,
        .q = reta_at(b->scratch.qkv[0][0], 3 * BLOCK_WIDTH),
        .k = reta_at(b->scratch.qkv[0][1], 3 * BLOCK_WIDTH),
        .v = reta_at(b->scratch.qkv[0][2], 3 * BLOCK_WIDTH),
        .y = mixed,
        .state = reta_at(b->state, 0),
        .theta = reta_at(b->weights.theta, 0),
        .rotate = true,
        .norm = true,
        .load = true,
        .store = true,
        .decay = 0x65,
        .requant = {.mul = 23170, .sh = 24 + 8},
        .stage = {.elt = RETA_ELT_MULTIPLY, .z = gate, .ma = 1, .esh = 6},
    });
    struct reta_linear to_middle = linear(BLOCK_WIDTH, BLOCK_WIDTH, mixed, b->weights.out, middle);
    to_middle.stage = residual;
    to_middle.stage.z = input;
    descs[4] = reta_build_linear(&to_middle);
    struct reta_linear to_hidden = linear(BLOCK_FFN, BLOCK_WIDTH, middle, b->weights.up, hidden);
    to_hidden.bias = true;
    to_hidden.b = reta_at(b->weights.bias, 0);
    to_hidden.stage = (struct reta_stage){.act = RETA_ACT_RELU};
    descs[5] = reta_build_linear(&to_hidden);
    struct reta_linear to_output = linear(BLOCK_WIDTH, BLOCK_FFN, hidden, b->weights.down, output);
    to_output.stage = residual;
    to_output.stage.z = middle;
    descs[6] = reta_build_linear(&to_output);
}

void block_print(unsigned round, block_rows output, const block_state state)
{
    uint32_t sum = 0;
    for (unsigned h = 0; h < BLOCK_HEADS; h++) {
        for (unsigned i = 0; i < BLOCK_HEAD; i++) {
            for (unsigned j = 0; j < BLOCK_HEAD; j++) {
                sum = sum * 31u + (uint32_t)state[h][i][j];
            }
        }
    }
    printf("round %u, state %08lx:", round, (unsigned long)sum);
    for (unsigned row = 0; row < BLOCK_ROWS; row++) {
        for (unsigned column = 0; column < BLOCK_WIDTH; column++) {
            printf(" %d", output[row][column]);
        }
    }
    printf("\n");
}
