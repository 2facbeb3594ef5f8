/**
 * @file retnet_guard.h
 * The network's memory as regions of guarded execution (reta_guard.h).
 */
#ifndef RETNET_GUARD_H
#define RETNET_GUARD_H

#include "reta_guard.h"
#include "retnet.h"

/** The weights and six tensors of activations. */
enum { RETNET_REGIONS = 7 };

/**
 * Declares what passes of up to `rows` rows read and write, but for the state. The weights have no copy: their checksum
 * comes from the model, and damage is reported.
 */
void retnet_regions(struct reta_region regions[RETNET_REGIONS], unsigned rows);

/** The state as an output: for descriptors that clear it first. */
struct reta_region retnet_state_region(void);

#endif
