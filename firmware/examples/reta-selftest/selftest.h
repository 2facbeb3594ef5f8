/**
 * @file selftest.h
 * The self-test's parts.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "reta.h"

extern struct reta reta;

/** Prints the result line of a test: ok, or FAILED and why. Counts failures. */
void report(const char *name, const char *failure);

/** Failures so far. */
extern unsigned failures;

/** The first bytes of interleaved L2: the vectors address them absolutely, the driver tests use them too. */
enum { ARENA_BYTES = 32 * 1024 };
extern uint32_t arena[ARENA_BYTES / 4];

/** Runs all golden vectors. */
void test_vectors(void);

/** Tests the driver: styles, queue, errors, suspension. */
void test_driver(void);

#endif
