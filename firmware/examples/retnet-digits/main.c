/**
 * @file main.c
 * The digits model: classifies 8x8 images, each a sequence of 64 pixels, in the three forms of retention.
 *
 * The images come from memory (digits.h); the classes go there too. All three forms get the same tensors; only the chunk
 * length differs.
 */
#include "classify.h"

#include <stdio.h>

/** Exit codes. */
enum { BAD_REQUEST = 2, NO_ACCELERATOR = 3, JOB_FAILED = 5 };

static int run_form(const char *name, unsigned chunk, volatile uint8_t *result, bool labelled)
{
    uint32_t count = digits_request.count;
    enum reta_status status = classify(chunk, result);
    if (status != RETA_OK) {
        printf("%s form: %s\n", name, classify_error(status));
        return JOB_FAILED;
    }
    printf("%-9s C=%-2u: %lu images", name, chunk, (unsigned long)count);
    classify_cost();
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
    enum reta_status status = classify_open();
    if (status != RETA_OK) {
        printf("cannot use the accelerator: %s\n", reta_status_name(status));
        return NO_ACCELERATOR;
    }
    uint32_t count = digits_request.count;
    bool labelled = digits_are_tests();
    int failed = 0;
    if (count > 0) {
        failed = run_form("parallel", 64, digits_result.parallel_C64, labelled);
        failed = failed ? failed : run_form("chunkwise", 16, digits_result.chunk_C16, labelled);
        failed = failed ? failed : run_form("recurrent", 1, digits_result.recurrent_C1, labelled);
    }
    classify_remark();
    if (!failed) {
        digits_result.count = count;
        digits_result.magic = DIGITS_RESULT_MAGIC;
    }
    return failed;
}
