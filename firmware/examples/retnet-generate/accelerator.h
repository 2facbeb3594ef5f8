/**
 * @file accelerator.h
 * What the accelerated host styles share: opening RETA, and saying why it failed.
 */
#ifndef ACCELERATOR_H
#define ACCELERATOR_H

#include "generate.h"
#include "reta.h"

extern struct reta accelerator;

/** Opens RETA; says what is wrong if it is missing or does not reach the program's tensors. */
enum generate_status accelerator_open(const struct reta_style *style);

/** The same for an accelerator that has been opened with this result. */
enum generate_status accelerator_opened(enum reta_status status);

/** Says why the driver failed. */
enum generate_status accelerator_failed(enum reta_status status);

#endif
