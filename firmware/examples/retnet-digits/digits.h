/**
 * @file digits.h
 * Which images are to be classified, and the classes found: two structures in memory for a loader or debugger.
 */
#ifndef DIGITS_H
#define DIGITS_H

#include "retnet.h"

enum {
    DIGITS_MAX = 128,
    DIGITS_PIXELS = 64,
    DIGITS_REQUEST_MAGIC = 0x51474944, /* "DIGQ" */
    DIGITS_RESULT_MAGIC = 0x52474944,  /* "DIGR" */
};

/** The request. Its default are the test images of the model. */
struct digits_request {
    uint32_t magic;
    uint32_t count; /**< 0..DIGITS_MAX */
    uint8_t tokens[DIGITS_MAX][DIGITS_PIXELS]; /**< grey values 0..16, row by row */
};

/** The result. `magic` is written last. */
struct digits_result {
    uint32_t magic;
    uint32_t count;
    uint8_t parallel_C64[DIGITS_MAX];
    uint8_t chunk_C16[DIGITS_MAX];
    uint8_t recurrent_C1[DIGITS_MAX];
};

/* Volatile: written from outside before the program starts, read from outside at its end. */
extern volatile struct digits_request digits_request;
extern volatile struct digits_result digits_result;

/** Checks the request; says what is wrong with it. */
bool digits_check(void);

/** Tells whether the request holds the model's test images, whose labels are known. */
bool digits_are_tests(void);

/** The label of test image `index`. */
uint8_t digits_label(uint32_t index);

#endif
