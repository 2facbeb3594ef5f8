/**
 * @file main.c
 * The character model: prompt in, text out.
 *
 * The request comes from memory (request.h), the text goes to the UART, and the tokens to the result in memory. How the
 * host drives the accelerator is decided by the file that implements generate.h.
 */
#include "generate.h"
#include "timer.h"
#ifdef RETNET_BLOB_LOADED
#include "weights.h"
#endif

#include <stdio.h>

L2_BSS uint32_t sequence[RETNET_MAX_PROMPT + RETNET_MAX_GENERATE];

static const char vocabulary[] = RETNET_VOCABULARY;
_Static_assert(sizeof vocabulary == RETNET_SYMBOLS + 1, "one character a token");

/** Tokens generated so far. */
static uint32_t emitted;

void emit_token(uint32_t token)
{
    retnet_result.tokens[emitted++] = token;
    putchar(token < RETNET_SYMBOLS ? vocabulary[token] : '?');
    fflush(stdout);
}

static enum generate_status run(void)
{
    enum generate_status status = request_check();
    if (status != GENERATE_OK) {
        return status;
    }
#ifdef RETNET_BLOB_LOADED
    enum driver_status loaded = weights_load();
    if (loaded != DRIVER_OK) {
        printf("no weights in the flash: %s\n", driver_status_name(loaded));
        return GENERATE_NO_WEIGHTS;
    }
#endif
    const struct generation generation = {
        .prompt_length = retnet_request.prompt_length, .count = retnet_request.generate, .chunk = retnet_request.chunk};

    printf("RetNet %s, host style %s, prefill in chunks of %lu\n", RETNET_NAME, generate_style,
           (unsigned long)generation.chunk);
    for (uint32_t i = 0; i < generation.prompt_length; i++) {
        sequence[i] = retnet_request.tokens[i];
        putchar(vocabulary[sequence[i]]);
    }
    fflush(stdout);

    uint32_t begin = timer_cycles();
    status = generation.count == 0 ? GENERATE_OK : generate(&generation);
    uint32_t cycles = timer_cycles() - begin;
    putchar('\n');
    if (status != GENERATE_OK) {
        return status;
    }
    retnet_result.count = generation.count;
    printf("%lu tokens after a prompt of %lu, %lu cycles\n", (unsigned long)generation.count,
           (unsigned long)generation.prompt_length, (unsigned long)cycles);
    generate_report();
    return GENERATE_OK;
}

int main(void)
{
    timer_start();
    enum generate_status status = run();
    retnet_result.status = status;
    retnet_result.magic = RETNET_RESULT_MAGIC;
    return status;
}
