/**
 * @file list.c
 * The command list of a whole generation, for the host styles that trigger only once.
 *
 * It clears the state, sets the base registers, prefills the prompt in loops, and generates in a loop that feeds each
 * chosen token to the next pass.
 */
#include "generate_list.h"

/** Base registers of the list. */
enum { BASE_TOKEN = 1, BASE_POSITION = 2 };

/** Loop counter of all loops: they are not nested. */
enum { LOOP = 0 };

HOST_BSS static struct reta_desc list[GENERATE_LIST_DESCS];

/** Appends a pass that advances by `rows` tokens and runs `times` times. */
static struct reta_desc *append_loop(struct reta_desc *next, uint32_t rows, uint32_t times, bool chooses)
{
    struct reta_desc *begin = next;
    next += retnet_build_pass(next, &(struct retnet_pass){
                                        .rows = rows,
                                        .chunk = rows,
                                        .tokens = reta_from_base(BASE_TOKEN, 0, 0),
                                        .position_base = BASE_POSITION,
                                        .keep_state = true,
                                        .head = chooses,
                                        .output = reta_from_base(BASE_TOKEN, sizeof sequence[0], 0),
                                    });
    *next++ = reta_build_ctrl(&(struct reta_ctrl){
        .count = times,
        .counter = LOOP,
        .target = begin,
        .base = {[BASE_TOKEN] = {RETA_BASE_ADD, rows * sizeof sequence[0]}, [BASE_POSITION] = {RETA_BASE_ADD, rows}},
    });
    return next;
}

struct generate_list generate_build_list(const struct generation *g)
{
    uint32_t prefilled = g->prompt_length - 1u;
    struct reta_desc *next = list;

    *next++ = retnet_build_clear_state();
    *next++ = reta_build_ctrl(&(struct reta_ctrl){
        .base = {[BASE_TOKEN] = {RETA_BASE_SET, bus_address(sequence)}, [BASE_POSITION] = {RETA_BASE_SET, 0}},
    });
    if (prefilled >= g->chunk) {
        next = append_loop(next, g->chunk, prefilled / g->chunk, false);
    }
    if (prefilled % g->chunk != 0) {
        next = append_loop(next, prefilled % g->chunk, 1, false);
    }
    next = append_loop(next, 1, g->count, true);
    next[-1].word[RETA_WORD_HEADER] |= RETA_HDR_END;
    return (struct generate_list){.first = list, .count = (unsigned)(next - list)};
}
