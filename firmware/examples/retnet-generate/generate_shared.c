/**
 * @file generate_shared.c
 * Host style shared: the list style of a host that has work of its own, in the memory that the accelerator reads.
 *
 * While one command list generates everything, the core computes checksums of a table in interleaved L2. Both want the
 * same banks: this shows what each costs the other. The work is always the same, however long it takes.
 */
#include "accelerator.h"
#include "generate_list.h"

#include <stdio.h>

const char *const generate_style = "shared";

enum { TABLE_WORDS = 1024, ROUNDS_A_TOKEN = 2 };

L2_BSS static uint32_t table[TABLE_WORDS];

static uint32_t checksum;

/** One round of the host's own work: reads every word of the table and changes every eighth. */
static void work(void)
{
    uint32_t sum = checksum;
    for (unsigned i = 0; i < TABLE_WORDS; i += 8) {
        for (unsigned j = 0; j < 8; j++) {
            sum = (sum << 1 | sum >> 31) ^ table[i + j];
        }
        table[i] = sum;
    }
    checksum = sum;
}

enum generate_status generate(const struct generation *generation)
{
    enum generate_status opened = accelerator_open(&reta_irq);
    if (opened != GENERATE_OK) {
        return opened;
    }
    for (unsigned i = 0; i < TABLE_WORDS; i++) {
        table[i] = i * 0x9E3779B9u;
    }
    struct reta_job job;
    enum reta_status status = reta_list_submit(&accelerator, generate_build_list(generation).first, &job);
    if (status == RETA_OK) {
        for (uint32_t i = 0; i < ROUNDS_A_TOKEN * (generation->count + generation->prompt_length); i++) {
            work();
        }
        status = reta_wait(&accelerator, job);
    }
    if (status != RETA_OK) {
        return accelerator_failed(status);
    }
    for (uint32_t i = 0; i < generation->count; i++) {
        emit_token(sequence[generation->prompt_length + i]);
    }
    printf("\nchecksum of the host's own work: %08lx\n", (unsigned long)checksum);
    return GENERATE_OK;
}
