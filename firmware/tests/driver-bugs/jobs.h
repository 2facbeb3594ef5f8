/**
 * @file jobs.h
 * Jobs without the driver, for bugs and styles.
 */
#ifndef JOBS_H
#define JOBS_H

#include "reta_build.h"
#include "reta_registers.h"

#include <stdbool.h>

/** A row of the operands: long enough that a job takes some thousand cycles. */
enum { ROWS = 64, COLUMNS = 256 };

/** Operands in interleaved L2. */
extern int8_t x[ROWS * COLUMNS], y[ROWS * COLUMNS], z[ROWS * COLUMNS];
/** A job that copies `rows` rows. */
struct reta_desc copy(const volatile void *from, const volatile void *to, unsigned rows);

/** Takes a context, or -1 or -2. */
int acquire(void);
/** Writes all words of the context. */
void write_words(const struct reta_desc *desc);
/** Takes a context, fills it, and commits it with `value`. */
int commit(const struct reta_desc *desc, uint32_t value);
/** Polls STATUS until no context is committed. */
uint32_t wait_idle(void);
/** Lets about `turns` cycles pass. */
void delay(unsigned turns);

#endif
