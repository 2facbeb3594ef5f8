/**
 * @file guarded.c
 * A RetNet block under guard (reta_guard.h): right results or an error, whatever goes wrong outside the core.
 *
 * GUARD_STYLE and GUARD_SUBMISSION choose how the host works. Weights have no second copy, so damage to them is reported;
 * inputs have one and are restored. Exit code: 0, or the negated result of the driver.
 */
#include "block.h"
#include "remark.h"

#include <stddef.h>

L2_BSS static struct block block;
L2_BSS static struct reta_desc list[BLOCK_DESCS];

static struct reta_guard guard;
static struct reta_desc descs[BLOCK_DESCS];

/* In the private banks, where nothing but the core comes. */
static struct block_weights weights;
static block_rows input, output, middle;
static block_state state, state_backup;

enum { WEIGHTS, INPUT, MIDDLE, SCRATCH, OUTPUT, STATE, REGIONS };

static struct reta_region regions[REGIONS] = {
    [WEIGHTS] = {RETA_INPUT, (uint8_t *)&block.weights, sizeof block.weights, NULL, 0, 0},
    [INPUT] = {RETA_INPUT, (uint8_t *)&block.input, sizeof block.input, (uint8_t *)input, 0, 0},
    [MIDDLE] = {RETA_OUTPUT, (uint8_t *)&block.middle, sizeof block.middle, NULL, 0, 0},
    [SCRATCH] = {RETA_OUTPUT, (uint8_t *)&block.scratch, sizeof block.scratch, NULL, 0, 0},
    [OUTPUT] = {RETA_OUTPUT, (uint8_t *)&block.output, sizeof block.output, NULL, 0, 0},
    [STATE] = {RETA_STATE, (uint8_t *)&block.state, sizeof block.state, (uint8_t *)state_backup, 0, 0},
};

static enum reta_status run_round(unsigned round)
{
    block_make_input(input, round);
    reta_region_fill(&regions[INPUT], input);
    enum reta_status status = reta_guard_run(&guard, descs, BLOCK_DESCS, regions, REGIONS);
    if (status == RETA_OK) {
        status = reta_region_read(&regions[OUTPUT], output);
    }
    if (status == RETA_OK) {
        status = reta_region_read(&regions[MIDDLE], middle);
    }
    if (status == RETA_OK) {
        status = reta_region_read(&regions[STATE], state);
    }
    if (status == RETA_OK) {
        block_print(round, output, state);
    }
    return status;
}

int main(void)
{
    block_make_weights(&weights);
    block_build(&block, descs);
    reta_region_fill(&regions[WEIGHTS], &weights);
    reta_region_fill(&regions[STATE], state);
    enum reta_status status = reta_guard_init(&guard, &GUARD_STYLE, GUARD_SUBMISSION, list, BLOCK_DESCS);
    for (unsigned round = 0; round < BLOCK_ROUNDS && status == RETA_OK; round++) {
        status = run_round(round);
    }
    guard_remark(&guard, status);
    return -(int)status;
}
