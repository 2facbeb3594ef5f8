/**
 * @file generate.h
 * Between the main program and the host styles: each of generate_jobs.c, generate_list.c,
 * generate_guarded.c, generate_shared.c and generate_host.c is one.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "request.h"

/**
 * A generation. All prompt tokens but the last are prefilled in passes of `chunk` rows (the last pass may be shorter);
 * then passes of one row, each choosing the next token.
 */
struct generation {
    uint32_t prompt_length, count, chunk;
};

/** One pass of a generation. */
struct generation_step {
    uint32_t position; /**< of its first token in the sequence */
    uint32_t rows;
    bool chooses;
};

/** Prompt and generated tokens, one after the other, in interleaved L2. */
extern uint32_t sequence[RETNET_MAX_PROMPT + RETNET_MAX_GENERATE];

/** Host style of the linked program. */
extern const char *const generate_style;

/** Runs the generation and hands every token to emit_token, as soon as the host can know it. */
enum generate_status generate(const struct generation *generation);

/** Prints what the accelerator did, or its driver; nothing for the host style. */
void generate_report(void);

/** Prints the next generated token at once and appends it to the result. */
void emit_token(uint32_t token);

/** Number of prefill passes. */
static inline uint32_t prefill_steps(const struct generation *g)
{
    return (g->prompt_length - 1u + g->chunk - 1u) / g->chunk;
}

/** Pass number `index` of the generation. */
static inline struct generation_step generation_step(const struct generation *g, uint32_t index)
{
    uint32_t prefilled = g->prompt_length - 1u;
    uint32_t steps = prefill_steps(g);
    if (index >= steps) {
        return (struct generation_step){.position = prefilled + index - steps, .rows = 1, .chooses = true};
    }
    uint32_t position = index * g->chunk;
    uint32_t left = prefilled - position;
    return (struct generation_step){.position = position, .rows = left < g->chunk ? left : g->chunk};
}

#endif
