/**
 * @file retnet_host.h
 * The same network in plain C on the core: bit for bit the accelerator's arithmetic, without the accelerator.
 */
#ifndef RETNET_HOST_H
#define RETNET_HOST_H

#include "retnet.h"

/** Forgets the sequence: clears the state of all layers. */
void retnet_host_reset(void);

/** Passes `rows` tokens as one chunk, the first one at `position`, and updates the state. */
void retnet_host_pass(const uint32_t *tokens, unsigned rows, uint32_t position);

/** The greedy choice after the last row of the last pass of `rows` rows; of equal outputs the smallest number. */
uint32_t retnet_host_choose(unsigned rows);

#endif
