/**
 * @file list.c
 * The command list of one form: a pass over 64 tokens and a CTRL that moves on to the next image.
 */
#include "classify.h"

void classify_build(struct reta_desc list[CLASSIFY_DESCS], uint32_t count, unsigned chunk)
{
    unsigned length = retnet_build_pass(list, &(struct retnet_pass){
                                                  .rows = DIGITS_PIXELS,
                                                  .chunk = chunk,
                                                  .tokens = reta_from_base(BASE_TOKENS, 0, 0),
                                                  .head = true,
                                                  .output = reta_from_base(BASE_CLASS, 0, 0),
                                              });
    list[length] = reta_build_ctrl(&(struct reta_ctrl){
        .count = count,
        .target = list,
        .base = {[BASE_TOKENS] = {RETA_BASE_ADD, DIGITS_PIXELS * sizeof(uint32_t)},
                 [BASE_CLASS] = {RETA_BASE_ADD, sizeof(uint32_t)}},
    });
    list[length].word[RETA_WORD_HEADER] |= RETA_HDR_END;
}
