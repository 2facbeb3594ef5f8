/**
 * @file bugs.h
 * One mistake for each rule of the driver checker, and the same program without it.
 */
#ifndef BUGS_H
#define BUGS_H

#include "reta.h"
#include "reta_registers.h"

#include <stdbool.h>

/** A rule's id, perhaps with a variant (RULE:VARIANT), and the function that breaks it unless `clean`. */
struct bug {
    const char *rule;
    void (*run)(bool clean);
};

/** Ends of the tables: rule is NULL. */
extern const struct bug protocol_bugs[], event_bugs[], race_bugs[], memory_bugs[], sleep_bugs[];

/** A row of the operands: long enough that a job takes some thousand cycles. */
enum { ROWS = 64, COLUMNS = 256 };

/** Operands in interleaved L2. */
extern int8_t x[ROWS * COLUMNS], y[ROWS * COLUMNS], z[ROWS * COLUMNS];
/** The driver, polling. */
extern struct reta reta;

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
/** A value that the compiler knows nothing about. */
static inline void *unknown(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

#endif
