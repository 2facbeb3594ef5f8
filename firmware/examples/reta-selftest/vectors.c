/**
 * @file vectors.c
 * Runs the golden vectors as register jobs and compares memory, registers and performance counters.
 *
 * The core stays away from interleaved L2 while a job runs, so that also CYCLES must agree.
 */
#include "selftest.h"

#include "checker.h"

#include "reta_regs.h"

#include <string.h>

/** A block of bytes: offset in the arena, offset in the group's data. */
struct vector_run {
    uint32_t at, offset, length;
};

/** One case (see scripts/vectors_header.py). */
struct vector {
    const char *name;
    uint8_t group, init_runs, expect_runs;
    uint16_t first_run;
    uint32_t used; /**< end of what the case touches in the arena */
    uint32_t words[RETA_DESC_WORDS], base[RETA_BASES], counter[RETA_COUNTERS];
    uint32_t error, error_pc, list_pc, progress, base_after[RETA_BASES], counter_after[RETA_COUNTERS];
    uint32_t cycles, macs, bytes_read, bytes_written, descriptors;
};

#include "vectors_table.h"

/** Bytes around the touched memory that must not change. */
enum { MARGIN = 256 };
_Static_assert(VECTOR_USED_BYTES + MARGIN <= ARENA_BYTES, "the arena is too small for the vectors");

extern const uint8_t vectors_linear[], vectors_retention[], vectors_norm[], vectors_map[], vectors_list[],
    vectors_errors[];
static const uint8_t *const group_data[] = {vectors_linear, vectors_retention, vectors_norm,
                                            vectors_map,    vectors_list,      vectors_errors};

/** What the arena has to look like afterwards. */
__attribute__((section(".l2_bss"), aligned(16))) static uint32_t expected[ARENA_BYTES / 4];

static void apply(uint32_t *image, const struct vector *v, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        const struct vector_run *run = &vector_runs[v->first_run + i];
        memcpy((uint8_t *)image + run->at, group_data[v->group] + run->offset, run->length);
    }
}

static void prepare(const struct vector *v)
{
    memset(arena, 0xA5, v->used + MARGIN);
    memset(expected, 0xA5, v->used + MARGIN);
    apply(arena, v, 0, v->init_runs);
    apply(expected, v, 0, v->init_runs);
    apply(expected, v, v->init_runs, v->expect_runs);
    reta_abort(&reta);
    reta_counters_clear();
    mmio_write(RETA_BASE + RETA_PROGRESS_OFFSET, 0);
    for (unsigned i = 0; i < RETA_BASES; i++) {
        reta_set_base(1u + i, v->base[i]);
    }
    for (unsigned i = 0; i < RETA_COUNTERS; i++) {
        mmio_write(RETA_BASE + RETA_CNT0_OFFSET + 4u * i, v->counter[i]);
    }
}

static bool registers_equal(uint32_t offset, const uint32_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (mmio_read(RETA_BASE + offset + 4u * i) != values[i]) {
            return false;
        }
    }
    return true;
}

static const char *difference(const struct vector *v, enum reta_status status)
{
    struct reta_counters c = reta_counters_read();
    if (status != (v->error ? RETA_JOB_FAILED : RETA_OK) || reta.error.code != v->error) {
        return "error code";
    }
    if (v->error && reta.error.descriptor != v->error_pc) {
        return "ERR_PC";
    }
    if (v->list_pc && mmio_read(RETA_BASE + RETA_LIST_PC_OFFSET) != v->list_pc) {
        return "LIST_PC";
    }
    if (memcmp(arena, expected, v->used + MARGIN) != 0) {
        return "memory";
    }
    if (!registers_equal(RETA_BASE1_OFFSET, v->base_after, RETA_BASES)) {
        return "BASE";
    }
    if (!registers_equal(RETA_CNT0_OFFSET, v->counter_after, RETA_COUNTERS)) {
        return "CNT";
    }
    if (mmio_read(RETA_BASE + RETA_PROGRESS_OFFSET) != v->progress) {
        return "PROGRESS";
    }
    if (c.macs != v->macs || c.descriptors != v->descriptors) {
        return "MACS or DESCS";
    }
    if (c.bytes_read != v->bytes_read || c.bytes_written != v->bytes_written) {
        return "BYTES_RD or BYTES_WR";
    }
    return c.cycles != v->cycles ? "CYCLES" : NULL;
}

void test_vectors(void)
{
    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct reta_desc job;
        memcpy(job.word, v->words, sizeof job.word);
        prepare(v);
        if (v->error) {
            checker_pause(); /* illegal on purpose */
        }
        enum reta_status status = reta_run(&reta, &job);
        if (v->error) {
            checker_resume();
        }
        report(v->name, difference(v, status));
    }
    reta_abort(&reta);
}
