/**
 * @file retnet_pass.h
 * One pass of tokens through the network as a sequence of RETA descriptors.
 *
 * The same descriptors serve every host style: submitted one by one as register jobs, or chained in a command list.
 */
#ifndef RETNET_PASS_H
#define RETNET_PASS_H

#include "retnet.h"

enum {
    /** Embedding and eight descriptors a layer. */
    RETNET_BODY_DESCS = 1 + 8 * RETNET_LAYERS,
    /** Final norm, and the choice of the next token. */
    RETNET_HEAD_DESCS = 2,
    RETNET_PASS_DESCS = RETNET_BODY_DESCS + RETNET_HEAD_DESCS,
};

/** What one pass does. */
struct retnet_pass {
    unsigned rows;              /**< tokens, 1..RETNET_MAX_ROWS */
    unsigned chunk;             /**< chunk length of the retention */
    struct reta_tensor tokens;  /**< uint32 [rows] */
    uint8_t position_base;      /**< base register with the position of the first token; 0: position 0 */
    bool keep_state;            /**< load the state before and store it afterwards; else start from zero and drop it */
    bool head;                  /**< also compute the greedy choice after the last row */
    struct reta_tensor output;  /**< uint32, for head */
};

/** Builds the pass at `list`: RETNET_BODY_DESCS descriptors, or RETNET_PASS_DESCS with head. Returns their number. */
unsigned retnet_build_pass(struct reta_desc *list, const struct retnet_pass *pass);

/** Lets an already built pass read its tokens at `tokens` and its position from base register `position_base`. */
void retnet_pass_retarget(struct reta_desc *list, const uint32_t *tokens, uint8_t position_base);

/** Lets an already built pass with head write its output to `output`. */
void retnet_pass_set_output(struct reta_desc *list, const uint32_t *output);

/** Builds the descriptor that clears the state of all layers. */
struct reta_desc retnet_build_clear_state(void);

#endif
