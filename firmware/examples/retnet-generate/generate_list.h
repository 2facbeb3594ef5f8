/**
 * @file generate_list.h
 * The command list of a whole generation.
 */
#ifndef GENERATE_LIST_H
#define GENERATE_LIST_H

#include "generate.h"
#include "reta.h"
#include "retnet_pass.h"

/** Clear, start values, two prefill blocks and the generation, each with its CTRL. */
enum { GENERATE_LIST_DESCS = 2 + 2 * (RETNET_BODY_DESCS + 1) + RETNET_PASS_DESCS + 1 };

struct generate_list {
    const struct reta_desc *first;
    unsigned count;
};

/** Builds the list, where HOST_BSS places it. The generated tokens follow the prompt in `sequence`. */
struct generate_list generate_build_list(const struct generation *generation);

#endif
