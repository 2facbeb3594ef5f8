/**
 * @file main.c
 * RETA's self-test on the target: golden vectors of every primitive and of the errors, then the driver.
 *
 * Prints a line a test; the exit code is the number of failures (at most 100).
 */
#include "selftest.h"

#include <stdio.h>

struct reta reta;
unsigned failures;

/** At the very start of interleaved L2 (linker script). */
__attribute__((section(".l2_head"), aligned(16))) uint32_t arena[ARENA_BYTES / 4] = {0};

static unsigned tests;

void report(const char *name, const char *failure)
{
    tests++;
    if (failure) {
        failures++;
        printf("FAILED %s: %s\n", name, failure);
    } else {
        printf("ok     %s\n", name);
    }
}

int main(void)
{
    enum reta_status status = reta_init(&reta, &reta_poll);
    report("probe", status == RETA_OK ? NULL : reta_status_name(status));
    if (status == RETA_OK) {
        test_vectors();
        test_driver();
    }
    printf("%u tests, %u failures\n", tests, failures);
    return failures > 100 ? 100 : (int)failures;
}
