/**
 * @file generate_list.h
 * The command list of a whole generation.
 */
#ifndef GENERATE_LIST_H
#define GENERATE_LIST_H

#include "generate.h"
#include "reta.h"

/** Builds the list in interleaved L2; returns its first descriptor. The generated tokens follow the prompt in `sequence`. */
const struct reta_desc *generate_build_list(const struct generation *generation);

#endif
