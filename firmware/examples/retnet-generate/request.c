/**
 * @file request.c
 * The request's default and its check.
 */
#include "request.h"

#include <stdio.h>

HOST_DATA volatile struct retnet_request retnet_request = {
    .magic = RETNET_REQUEST_MAGIC,
    .prompt_length = RETNET_EXAMPLE_LENGTH,
    .generate = RETNET_EXAMPLE_GENERATE,
    .chunk = 1,
    .tokens = {RETNET_EXAMPLE_TOKENS},
};

HOST_BSS volatile struct retnet_result retnet_result;

static enum generate_status refuse(const char *what, uint32_t value, uint32_t limit)
{
    printf("bad request: %s is %lu, the limit is %lu\n", what, (unsigned long)value, (unsigned long)limit);
    return GENERATE_BAD_REQUEST;
}

enum generate_status request_check(void)
{
    const volatile struct retnet_request *r = &retnet_request;
    if (r->magic != RETNET_REQUEST_MAGIC) {
        printf("bad request: magic is 0x%08lx, not 0x%08x\n", (unsigned long)r->magic, RETNET_REQUEST_MAGIC);
        return GENERATE_BAD_REQUEST;
    }
    if (r->prompt_length == 0) {
        printf("bad request: the prompt is empty\n");
        return GENERATE_BAD_REQUEST;
    }
    if (r->prompt_length > RETNET_MAX_PROMPT) {
        return refuse("the prompt's length", r->prompt_length, RETNET_MAX_PROMPT);
    }
    if (r->generate > RETNET_MAX_GENERATE) {
        return refuse("the number of tokens", r->generate, RETNET_MAX_GENERATE);
    }
    if (r->chunk == 0 || r->chunk > RETNET_MAX_ROWS) {
        return refuse("the chunk length", r->chunk, RETNET_MAX_ROWS);
    }
    for (uint32_t i = 0; i < r->prompt_length; i++) {
        if (r->tokens[i] >= RETNET_SYMBOLS) {
            return refuse("a token number", r->tokens[i], RETNET_SYMBOLS - 1);
        }
    }
    return GENERATE_OK;
}
