/**
 * @file digits.c
 * The request's default and its check.
 */
#include "digits.h"

#include <stdio.h>

HOST_DATA volatile struct digits_request digits_request = {
    .magic = DIGITS_REQUEST_MAGIC,
    .count = RETNET_TESTS,
    .tokens = {RETNET_TEST_TOKENS},
};

HOST_BSS volatile struct digits_result digits_result;

static const uint8_t labels[RETNET_TESTS] = {RETNET_TEST_LABELS};

bool digits_check(void)
{
    if (digits_request.magic != DIGITS_REQUEST_MAGIC) {
        printf("bad request: magic is 0x%08lx, not 0x%08x\n", (unsigned long)digits_request.magic, DIGITS_REQUEST_MAGIC);
        return false;
    }
    if (digits_request.count > DIGITS_MAX) {
        printf("bad request: %lu images, the limit is %u\n", (unsigned long)digits_request.count, DIGITS_MAX);
        return false;
    }
    for (uint32_t i = 0; i < digits_request.count; i++) {
        for (unsigned j = 0; j < DIGITS_PIXELS; j++) {
            if (digits_request.tokens[i][j] >= RETNET_SYMBOLS) {
                printf("bad request: image %lu, pixel %u is %u, the limit is %u\n", (unsigned long)i, j,
                       digits_request.tokens[i][j], RETNET_SYMBOLS - 1);
                return false;
            }
        }
    }
    return true;
}

bool digits_are_tests(void)
{
    if (digits_request.count != RETNET_TESTS) {
        return false;
    }
    uint32_t hash = 0x811C9DC5u; /* FNV-1a, as scripts/model_header.py */
    for (uint32_t i = 0; i < RETNET_TESTS; i++) {
        for (unsigned j = 0; j < DIGITS_PIXELS; j++) {
            hash = (hash ^ digits_request.tokens[i][j]) * 0x01000193u;
        }
    }
    return hash == RETNET_TESTS_HASH;
}

uint8_t digits_label(uint32_t index)
{
    return labels[index];
}
