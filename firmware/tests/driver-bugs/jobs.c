/**
 * @file jobs.c
 * Jobs without the driver, for bugs and styles.
 */
#include "jobs.h"

__attribute__((section(".l2_bss"), aligned(16))) int8_t x[ROWS * COLUMNS], y[ROWS * COLUMNS], z[ROWS * COLUMNS];

struct reta_desc copy(const volatile void *from, const volatile void *to, unsigned rows)
{
    return reta_build_map(&(struct reta_map){.rows = rows,
                                             .columns = COLUMNS,
                                             .x = reta_at(from, COLUMNS),
                                             .y = reta_at(to, COLUMNS),
                                             .requant = {.mul = 1}});
}

int acquire(void)
{
    return (int)reta_get(RETA_ACQUIRE_OFFSET);
}

void write_words(const struct reta_desc *desc)
{
    for (unsigned i = 0; i < RETA_DESC_WORDS; i++) {
        reta_put(RETA_JOB0_OFFSET + 4u * i, desc->word[i]);
    }
}

int commit(const struct reta_desc *desc, uint32_t value)
{
    int id = acquire();
    write_words(desc);
    reta_put(RETA_TRIGGER_OFFSET, value);
    return id;
}

uint32_t wait_idle(void)
{
    uint32_t status;
    do {
        status = reta_get(RETA_STATUS_OFFSET);
    } while ((status & (RETA_STATUS_CONTEXT0_MASK | RETA_STATUS_CONTEXT1_MASK)) != 0 && status >> 24 == 0);
    return status >> 24;
}

void delay(unsigned turns)
{
    while (turns-- > 0) {
        __asm__ volatile("nop");
    }
}
