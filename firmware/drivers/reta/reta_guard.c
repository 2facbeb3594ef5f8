/**
 * @file reta_guard.c
 * RETA driver: guarded execution.
 */
#include "reta_guard.h"

#include "irq.h"
#include "reta_registers.h"
#include "timer.h"

#include <string.h>

/** Passes of a run before it is given up. */
enum { MOST_PASSES = 8 };

/** Jobs of a pass: their ids must tell which one is the later. */
enum { MOST_JOBS = 127 };

/** Cycles beyond what the descriptors take: the host's share, and interrupts of others. */
enum { SLACK = 4000 };

static volatile bool alarm_rang;

static void on_alarm(uint32_t line)
{
    (void)line;
    alarm_rang = true;
}

/* ---- Checksums ---- */

/**
 * One word more. For any sum a bijection of the word, and the other way round: a change within one word always shows,
 * several ones but for one in 2^32. Half a dozen cycles a word; a CRC in software takes ten times that.
 */
static inline uint32_t mix(uint32_t sum, uint32_t word)
{
    sum = (sum ^ word) * 0x9E3779B1u;
    return sum ^ sum >> 15;
}

uint32_t reta_checksum(const volatile void *start, uint32_t count)
{
    const volatile uint8_t *bytes = start;
    uint32_t i = 0, sum = 0;
    if (((uintptr_t)start & 3u) == 0) {
        const volatile uint32_t *words = start;
        for (; i + 16u <= count; i += 16u, words += 4) {
            uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
            sum = mix(mix(mix(mix(sum, a), b), c), d);
        }
    }
    while (i < count) {
        uint32_t word = 0;
        for (unsigned shift = 0; shift < 32u && i < count; shift += 8u) {
            word |= (uint32_t)bytes[i++] << shift;
        }
        sum = mix(sum, word);
    }
    return sum;
}

static uint32_t checksum(const struct reta_region *region)
{
    return reta_checksum(region->start, region->bytes);
}

void reta_region_fill(struct reta_region *region, const void *source)
{
    region->checksum = reta_checksum(source, region->bytes);
    memcpy(region->start, source, region->bytes);
}

enum reta_status reta_region_read(const struct reta_region *region, void *destination)
{
    memory_barrier();
    memcpy(destination, region->start, region->bytes);
    return reta_checksum(destination, region->bytes) == region->checksum ? RETA_OK : RETA_CORRUPT;
}

/* ---- Time ---- */

static uint32_t beats(uint32_t bytes)
{
    return (bytes + 15u) / 16u;
}

static uint32_t up(uint32_t value, uint32_t step)
{
    return (value + step - 1u) / step;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static bool is_control(const struct reta_desc *desc)
{
    return (desc->word[RETA_WORD_HEADER] & 15u) == RETA_OP_CTRL;
}

/** RETA specification, section 8.3, with every optional term. */
uint32_t reta_cycles_bound(const struct reta_desc *desc)
{
    const uint32_t *w = desc->word;
    uint32_t rows = w[RETA_WORD_ROWS_COLUMNS] & 0xFFFFu, columns = w[RETA_WORD_ROWS_COLUMNS] >> 16;
    uint32_t inner = w[RETA_WORD_INNER_XS] & 0xFFFFu;
    uint32_t cycles = 64; /* start, fetch, check, done, table */
    switch (w[RETA_WORD_HEADER] & 15u) {
    case RETA_OP_LINEAR: {
        uint32_t tile = rows < 64u ? rows : 64u;
        return cycles + up(rows, 64) * up(columns, 16) * (4u + up(inner, 16) * (16u + tile) + 6u + 5u * tile) + rows;
    }
    case RETA_OP_RETENTION: {
        uint32_t heads = (w[RETA_WORD_HEADER] >> RETA_HDR_HEADS_BIT & 7u) + 1u;
        uint32_t chunk = larger(w[RETA_WORD_HEADER] >> RETA_HDR_CHUNK_BIT & 127u, 1);
        uint32_t c = rows < chunk ? rows : chunk;
        uint32_t bk = beats(inner), bv = beats(columns), state = beats(4u * inner * columns), sv = up(columns, 16);
        uint32_t one = c * (2u * bk + bv) + c * (up(c, 16) * bk + up(c, 4) * bv) + up(c, 4) * inner * sv +
                       c * larger(3u * bv, 12) + 24u + 6u + 2u * c * bv + up(c, 8) * inner * sv;
        return cycles + beats(2u * inner) + heads * (2u * state + up(rows, chunk) * one);
    }
    case RETA_OP_NORM:
        return cycles + rows * (3u * beats(columns) + columns / larger(inner, 1) * larger(3u * beats(inner), 12)) + 30u;
    case RETA_OP_CTRL: return cycles;
    default: return cycles + rows * (3u * beats(columns) + 3u) + 6u;
    }
}

/** A bound for waiting: twice the time without contention. */
static uint32_t budget(const struct reta_desc *descs, unsigned count)
{
    uint32_t cycles = SLACK;
    for (unsigned i = 0; i < count; i++) {
        cycles += 2u * reta_cycles_bound(&descs[i]);
    }
    return cycles;
}

/* ---- Lists ---- */

/** What carrying out a list amounts to. */
struct extent {
    uint32_t descriptors;
    uint32_t budget;
};

/** The descriptor of `descs` that a CTRL branches to; `count` if it does not branch. False: none of them. */
static bool find_target(const struct reta_desc *descs, unsigned count, unsigned control, unsigned *target)
{
    const uint32_t *w = descs[control].word;
    *target = count;
    if (w[RETA_WORD_COUNT] == 0) {
        return true;
    }
    uint32_t offset = w[RETA_WORD_TARGET] - bus_address(descs);
    *target = offset / RETA_DESC_BYTES;
    return offset % RETA_DESC_BYTES == 0 && *target <= control;
}

/** Every CTRL repeats what lies between its target and itself. False: the list is not one that can be guarded. */
static bool measure(const struct reta_desc *descs, unsigned count, struct extent *extent)
{
    uint64_t descriptors = 0, cycles = SLACK;
    for (unsigned i = 0; i < count; i++) {
        uint64_t times = 1;
        for (unsigned j = i; j < count; j++) {
            unsigned target = count;
            if (!is_control(&descs[j])) {
                continue;
            }
            if ((descs[j].word[RETA_WORD_HEADER] & RETA_HDR_BRK) != 0 || !find_target(descs, count, j, &target)) {
                return false;
            }
            times *= target <= i ? descs[j].word[RETA_WORD_COUNT] : 1u;
        }
        descriptors += times;
        cycles += 2u * times * reta_cycles_bound(&descs[i]);
    }
    *extent = (struct extent){.descriptors = (uint32_t)descriptors,
                              .budget = cycles < INT32_MAX ? (uint32_t)cycles : INT32_MAX};
    return true;
}

/** Writes the descriptors to the list's room, the last one with END; branches go along. */
static void write_list(const struct reta_guard *guard, const struct reta_desc *descs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct reta_desc desc = descs[i];
        unsigned target = count;
        desc.word[RETA_WORD_HEADER] |= i + 1u == count ? RETA_HDR_END : 0;
        if (is_control(&desc) && find_target(descs, count, i, &target) && target < count) {
            desc.word[RETA_WORD_TARGET] = bus_address(&guard->list[target]);
        }
        guard->list[i] = desc;
    }
}

/* ---- One pass ---- */

enum reta_status reta_guard_init(struct reta_guard *guard, const struct reta_style *style,
                                 enum reta_submission submission, struct reta_desc *list, unsigned list_capacity)
{
    memset(guard, 0, sizeof *guard);
    guard->submission = submission;
    guard->list = list;
    guard->list_capacity = list_capacity;
    enum reta_status status = reta_init(&guard->reta, style);
    if (status == RETA_OK) {
        reta_watch(&guard->reta, 0); /* every wait has a tighter bound of its own */
        irq_set_handler(IRQ_TIMER_LO, on_alarm);
    }
    return status;
}

/** Everything that a pass relies on, whatever has happened to it. */
static void known_state(struct reta_guard *guard)
{
    reta_abort(&guard->reta);
    reta_put(RETA_EVT_MASK_OFFSET, RETA_EVT_MASK_DONE_MASK | RETA_EVT_MASK_ERROR_MASK | RETA_EVT_MASK_PROGRESS_MASK);
    for (unsigned i = 0; i < RETA_BASES; i++) {
        reta_put(RETA_BASE1_OFFSET + 4u * i, guard->base[i]);
    }
    guard->reta.style->open();
    irq_enable_line(IRQ_TIMER_LO);
}

/** Jobs up to `id` have finished. */
static bool has_finished(unsigned id)
{
    return (int8_t)(uint8_t)(reta_get(RETA_RUNNING_JOB_OFFSET) - id) > 0;
}

static enum reta_status failed_job(struct reta_guard *guard)
{
    guard->reta.error.code = (uint8_t)reta_get(RETA_ERR_OFFSET);
    guard->reta.error.job = (uint8_t)reta_get(RETA_ERR_JOB_OFFSET);
    guard->reta.error.descriptor = reta_get(RETA_ERR_PC_OFFSET);
    guard->account.errors++;
    return RETA_JOB_FAILED;
}

/** Waits until job `id` has finished, for at most `cycles`. Interrupts are disabled. */
static enum reta_status wait_for(struct reta_guard *guard, unsigned id, uint32_t cycles)
{
    uint32_t start = CSR_READ(mcycle); /* stands still in sleep; the alarm does not */
    bool is_polling = guard->reta.style == &reta_poll;
    enum reta_status status = RETA_OK;
    alarm_rang = false;
    if (!is_polling) {
        timer_alarm(cycles);
    }
    for (;;) {
        bool was_late = alarm_rang;
        if ((reta_get(RETA_STATUS_OFFSET) & RETA_STATUS_ERROR_MASK) != 0) {
            status = failed_job(guard);
            break;
        }
        if (has_finished(id)) {
            guard->account.lost += was_late;
            break;
        }
        if (was_late || CSR_READ(mcycle) - start > cycles) {
            guard->account.timeouts++;
            status = RETA_TIMED_OUT;
            break;
        }
        guard->reta.style->pause(&guard->reta);
    }
    if (!is_polling) {
        timer_alarm_cancel();
    }
    return status;
}

/** Commits one descriptor as job `id`; the hardware must hold what was written. */
static enum reta_status commit(struct reta_guard *guard, const struct reta_desc *desc, unsigned id)
{
    uint32_t acquired = reta_get(RETA_ACQUIRE_OFFSET);
    bool is_right = acquired == (id & 0xFFu);
    for (unsigned i = 0; i < RETA_DESC_WORDS; i++) {
        reta_put(RETA_JOB0_OFFSET + 4u * i, desc->word[i]);
    }
    for (unsigned i = 0; i < RETA_DESC_WORDS; i++) {
        is_right = is_right && reta_get(RETA_JOB0_OFFSET + 4u * i) == desc->word[i];
    }
    if (!is_right) {
        guard->account.registers++;
        return RETA_CORRUPT;
    }
    memory_barrier();
    reta_put(RETA_TRIGGER_OFFSET, 0);
    return RETA_OK;
}

static enum reta_status run_jobs(struct reta_guard *guard, const struct reta_desc *descs, unsigned count)
{
    unsigned depth = guard->reta.style->depth;
    for (unsigned i = 0; i < count; i++) {
        if (i >= depth) {
            enum reta_status status = wait_for(guard, i - depth, budget(&descs[i - depth], depth));
            if (status != RETA_OK) {
                return status;
            }
        }
        enum reta_status status = commit(guard, &descs[i], i);
        if (status != RETA_OK) {
            return status;
        }
    }
    unsigned left = count < depth ? count : depth;
    return wait_for(guard, count - 1u, budget(&descs[count - left], left));
}

static enum reta_status run_list(struct reta_guard *guard, uint32_t cycles)
{
    struct reta_desc job = {{0}};
    job.word[RETA_WORD_HEADER] = RETA_OP_LIST;
    job.word[RETA_WORD_X] = bus_address(guard->list);
    enum reta_status status = commit(guard, &job, 0);
    return status == RETA_OK ? wait_for(guard, 0, cycles) : status;
}

/** Bases must be as they were set. Not for lists: CTRL may change them. */
static enum reta_status check_bases(struct reta_guard *guard)
{
    for (unsigned i = 0; i < RETA_BASES; i++) {
        if (reta_get(RETA_BASE1_OFFSET + 4u * i) != guard->base[i]) {
            guard->account.registers++;
            return RETA_CORRUPT;
        }
    }
    return RETA_OK;
}

/** Everything once, from a known state. */
static enum reta_status pass(struct reta_guard *guard, const struct reta_desc *descs, unsigned count,
                             const struct extent *extent)
{
    guard->account.passes++;
    bool enabled = irq_save();
    known_state(guard);
    uint32_t before = reta_get(RETA_DESCS_OFFSET);
    bool is_list = guard->submission == RETA_AS_LIST;
    enum reta_status status = is_list ? run_list(guard, extent->budget) : run_jobs(guard, descs, count);
    if (status == RETA_OK && reta_get(RETA_DESCS_OFFSET) - before != extent->descriptors) {
        guard->account.registers++;
        status = RETA_CORRUPT;
    }
    if (status == RETA_OK && !is_list) {
        status = check_bases(guard);
    }
    if (status != RETA_OK) {
        reta_abort(&guard->reta); /* a job that is only late would write while everything is put in order */
    }
    memory_barrier();
    irq_restore(enabled);
    return status;
}

/* ---- Regions ---- */

/** Copies the backup to its region; false if it is no longer what it was. */
static bool restore(const struct reta_region *region)
{
    memcpy(region->start, region->backup, region->bytes);
    return reta_checksum(region->backup, region->bytes) == region->checksum;
}

/**
 * Before a pass: outputs get what no pass leaves behind, states are again what they were before the run. RETA_CORRUPT if
 * a state's backup is damaged.
 */
static enum reta_status prepare(struct reta_region *regions, unsigned count, unsigned number)
{
    for (unsigned i = 0; i < count; i++) {
        struct reta_region *region = &regions[i];
        if (region->role == RETA_OUTPUT) {
            memset(region->start, (int)(0x5Au + number), region->bytes);
        } else if (region->role == RETA_STATE && number > 0 && !restore(region)) {
            return RETA_CORRUPT;
        }
    }
    return RETA_OK;
}

/** Keeps the states for further passes. */
static enum reta_status keep_states(struct reta_region *regions, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct reta_region *region = &regions[i];
        if (region->role == RETA_STATE) {
            enum reta_status status = reta_region_read(region, region->backup);
            if (status != RETA_OK) {
                return status;
            }
        }
    }
    return RETA_OK;
}

static void restore_states(struct reta_region *regions, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (regions[i].role == RETA_STATE) {
            (void)restore(&regions[i]);
        }
    }
}

/** Tells whether everything written is what the pass before wrote. */
static bool agrees(struct reta_region *regions, unsigned count)
{
    bool is_same = true;
    for (unsigned i = 0; i < count; i++) {
        struct reta_region *region = &regions[i];
        if (region->role != RETA_INPUT) {
            uint32_t now = checksum(region);
            is_same = is_same && now == region->written;
            region->written = now;
        }
    }
    return is_same;
}

/**
 * Inputs must be what they were: what is right behind two passes was right during both. Damaged ones are restored;
 * `intact` tells that there were none. RETA_CORRUPT if there is no backup.
 */
static enum reta_status check_inputs(struct reta_guard *guard, struct reta_region *regions, unsigned count, bool *intact)
{
    *intact = true;
    for (unsigned i = 0; i < count; i++) {
        struct reta_region *region = &regions[i];
        if (region->role != RETA_INPUT || checksum(region) == region->checksum) {
            continue;
        }
        *intact = false;
        if (region->backup == NULL || !restore(region)) {
            return RETA_CORRUPT;
        }
        guard->account.restored++;
    }
    return RETA_OK;
}

/** The outputs and states as they are now are the valid ones. */
static void accept(struct reta_region *regions, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (regions[i].role != RETA_INPUT) {
            regions[i].checksum = regions[i].written;
        }
    }
}

enum reta_status reta_guard_run(struct reta_guard *guard, const struct reta_desc *descs, unsigned count,
                                struct reta_region *regions, unsigned region_count)
{
    bool is_list = guard->submission == RETA_AS_LIST;
    struct extent extent = {.descriptors = count, .budget = 0};
    if (count == 0 || (is_list ? count > guard->list_capacity || !measure(descs, count, &extent) : count > MOST_JOBS)) {
        return RETA_UNSUPPORTED;
    }
    guard->account.runs++;
    enum reta_status status = keep_states(regions, region_count);
    if (status != RETA_OK) {
        return status;
    }
    bool has_result = false; /* of a pass with the inputs as they are now, in `written` */
    for (unsigned number = 0; number < MOST_PASSES && status == RETA_OK; number++) {
        status = prepare(regions, region_count, number);
        if (status != RETA_OK) {
            break;
        }
        if (is_list) {
            write_list(guard, descs, count); /* anew for each pass: it needs no backup */
        }
        if (pass(guard, descs, count, &extent) != RETA_OK) {
            continue;
        }
        bool is_same = agrees(regions, region_count), intact = true;
        if (has_result) {
            status = check_inputs(guard, regions, region_count, &intact);
            guard->account.disagreements += !is_same;
        }
        if (status == RETA_OK && has_result && intact && is_same) {
            accept(regions, region_count);
            return RETA_OK;
        }
        has_result = intact;
    }
    reta_abort(&guard->reta);
    restore_states(regions, region_count);
    return status == RETA_OK ? RETA_GIVEN_UP : status;
}

/* Here and not in reta_names.c: programs without a guard do not pay for the texts. */
const char *reta_guard_status_name(enum reta_status status)
{
    switch (status) {
    case RETA_CORRUPT: return "memory is damaged";
    case RETA_GIVEN_UP: return "no two passes agree";
    default: return reta_status_name(status);
    }
}
