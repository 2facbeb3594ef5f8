/**
 * @file block.h
 * A small RetNet block with random weights: the work of the programs that are tested with injected faults.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include "reta_build.h"

/** Places an object in interleaved L2, where the accelerator reaches it; cleared by start-up. */
#define L2_BSS __attribute__((section(".l2_bss"), aligned(16)))

enum {
    BLOCK_ROWS = 4,
    BLOCK_WIDTH = 16,
    BLOCK_HEADS = 2,
    BLOCK_HEAD = BLOCK_WIDTH / BLOCK_HEADS,
    BLOCK_FFN = 32,
    BLOCK_DESCS = 7,
    BLOCK_ROUNDS = 3,
};

/** What the block reads only. */
struct block_weights {
    int8_t qkv[3 * BLOCK_WIDTH][BLOCK_WIDTH];
    int8_t gate[BLOCK_WIDTH][BLOCK_WIDTH];
    int8_t out[BLOCK_WIDTH][BLOCK_WIDTH];
    int8_t up[BLOCK_FFN][BLOCK_WIDTH];
    int8_t down[BLOCK_WIDTH][BLOCK_FFN];
    int32_t bias[BLOCK_FFN];
    uint32_t theta[BLOCK_HEAD / 2];
    int8_t table[256];
};

/** What it writes on the way. */
struct block_scratch {
    int8_t normed[BLOCK_ROWS][BLOCK_WIDTH];
    int8_t qkv[BLOCK_ROWS][3][BLOCK_WIDTH];
    int8_t gate[BLOCK_ROWS][BLOCK_WIDTH];
    int8_t mixed[BLOCK_ROWS][BLOCK_WIDTH];
    int8_t hidden[BLOCK_ROWS][BLOCK_FFN];
};

typedef int8_t block_rows[BLOCK_ROWS][BLOCK_WIDTH];
typedef int32_t block_state[BLOCK_HEADS][BLOCK_HEAD][BLOCK_HEAD];

/** Where a block works: all of it in interleaved L2. */
struct block {
    struct block_weights weights;
    block_rows input;
    block_rows middle;
    struct block_scratch scratch;
    block_rows output;
    block_state state;
};

/** Random weights, the same in every program. */
void block_make_weights(struct block_weights *weights);

/** The input of a round. */
void block_make_input(block_rows rows, unsigned round);

/** Builds the descriptors of the block. */
void block_build(struct block *block, struct reta_desc descs[BLOCK_DESCS]);

/** Prints the output and a sum of the state. */
void block_print(unsigned round, block_rows output, const block_state state);

#endif
