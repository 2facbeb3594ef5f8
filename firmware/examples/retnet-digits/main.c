/**
 * @file main.c
 * The digits model: classifies 8x8 images, each a sequence of 64 pixels, in the three forms of retention.
 *
 * One command list a form: a pass over 64 tokens and a CTRL that moves on to the next image. The images come from memory
 * (digits.h); the classes go there too. All three forms get the same tensors; only the chunk length differs.
 */
#include "digits.h"
#include "reta.h"
#include "retnet_pass.h"

#include <stdio.h>

enum { BASE_TOKENS = 1, BASE_CLASS = 2 };

/** Exit codes. */
enum { BAD_REQUEST = 2, NO_ACCELERATOR = 3, JOB_FAILED = 5 };

static struct reta reta;

L2_BSS static uint32_t pixels[DIGITS_MAX][DIGITS_PIXELS];
L2_BSS static uint32_t classes[DIGITS_MAX];
L2_BSS static struct reta_desc list[RETNET_PASS_DESCS + 1];

static void build(uint32_t count, unsigned chunk)
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
        .base = {[BASE_TOKENS] = {RETA_BASE_ADD, sizeof pixels[0]}, [BASE_CLASS] = {RETA_BASE_ADD, sizeof classes[0]}},
    });
    list[length].word[RETA_WORD_HEADER] |= RETA_HDR_END;
}

static enum reta_status classify(uint32_t count, unsigned chunk, volatile uint8_t *result)
{
    struct reta_job job;
    build(count, chunk);
    reta_set_base(BASE_TOKENS, bus_address(pixels));
    reta_set_base(BASE_CLASS, bus_address(classes));
    reta_counters_clear();
    enum reta_status status = reta_list_submit(&reta, list, &job);
    if (status == RETA_OK) {
        status = reta_wait(&reta, job);
    }
    for (uint32_t i = 0; i < count && status == RETA_OK; i++) {
        result[i] = (uint8_t)classes[i];
    }
    return status;
}

static int run_form(const char *name, unsigned chunk, volatile uint8_t *result, bool labelled)
{
    uint32_t count = digits_request.count;
    enum reta_status status = classify(count, chunk, result);
    if (status != RETA_OK) {
        printf("%s form: %s (%s)\n", name, reta_status_name(status), reta_error_name(reta.error.code));
        return JOB_FAILED;
    }
    struct reta_counters counters = reta_counters_read();
    printf("%-9s C=%-2u: %lu images, %lu cycles, %lu MACs", name, chunk, (unsigned long)count,
           (unsigned long)counters.cycles, (unsigned long)counters.macs);
    if (labelled) {
        uint32_t right = 0;
        for (uint32_t i = 0; i < count; i++) {
            right += result[i] == digits_label(i);
        }
        printf("; label exact %lu of %lu: accuracy %lu.%lu %%", (unsigned long)right, (unsigned long)count,
               (unsigned long)(right * 100 / count), (unsigned long)(right * 1000 / count % 10));
    }
    printf("\n");
    return 0;
}

int main(void)
{
    if (!digits_check()) {
        return BAD_REQUEST;
    }
    enum reta_status status = reta_init(&reta, &reta_irq);
    if (status != RETA_OK) {
        printf("cannot use the accelerator: %s\n", reta_status_name(status));
        return NO_ACCELERATOR;
    }
    uint32_t count = digits_request.count;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < DIGITS_PIXELS; j++) {
            pixels[i][j] = digits_request.tokens[i][j];
        }
    }
    bool labelled = digits_are_tests();
    int failed = 0;
    if (count > 0) {
        failed = run_form("parallel", 64, digits_result.parallel_C64, labelled);
        failed = failed ? failed : run_form("chunkwise", 16, digits_result.chunk_C16, labelled);
        failed = failed ? failed : run_form("recurrent", 1, digits_result.recurrent_C1, labelled);
    }
    if (!failed) {
        digits_result.count = count;
        digits_result.magic = DIGITS_RESULT_MAGIC;
    }
    return failed;
}
