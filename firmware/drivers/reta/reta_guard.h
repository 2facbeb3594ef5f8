/**
 * @file reta_guard.h
 * Guarded execution: descriptors whose results are right, or an error code, whatever goes wrong outside the core. This is
 * the driver to ship; the plain one (reta.h), on which it stands, is for measurements and for memory with ECC.
 *
 * The memory that descriptors read and write is declared as regions. A guarded run carries everything out twice and
 * compares checksums of what was written; it bounds every wait by the time that the descriptors can take, reads back
 * what it writes to registers, restores routing of events before each pass, and tries again from a known state when
 * something does not fit. What it cannot put right it reports. The accelerator works twice as long, and the core computes
 * checksums: once a run of what is read, twice of what is written.
 *
 * Not covered: wrong arithmetic of the core itself, and damage to its code, stack and data in the private banks, where
 * backups lie. Two independent faults at a time are found where they do not hide each other.
 */
#ifndef RETA_GUARD_H
#define RETA_GUARD_H

#include "reta.h"

/** What descriptors do with a region. */
enum reta_role {
    RETA_INPUT,  /**< only read */
    RETA_OUTPUT, /**< every byte is written by every run */
    RETA_STATE,  /**< read and written; needs a backup */
};

/** Memory in interleaved L2 that a guarded run knows. */
struct reta_region {
    enum reta_role role;
    uint8_t *start;
    uint32_t bytes;
    /** A copy outside interleaved L2: of an input what to restore it from (NULL: damage is only reported); of a state
     *  room for what it was before the run. */
    uint8_t *backup;
    uint32_t checksum; /**< of the valid contents, see reta_checksum */
    uint32_t written;  /**< of the last pass */
};

/** How the descriptors of a run reach the accelerator. */
enum reta_submission {
    RETA_AS_JOBS, /**< one register job each, as many at a time as the style queues */
    RETA_AS_LIST, /**< one command list, which may have loops */
};

/** What has been put right so far. */
struct reta_account {
    unsigned runs;
    unsigned passes;   /**< carried out, two a run when all goes well */
    unsigned errors;   /**< error codes of the hardware */
    unsigned timeouts; /**< waits that took too long: the accelerator was reset */
    unsigned lost;     /**< completions that were found without their event */
    unsigned registers; /**< registers that did not hold what was written */
    unsigned disagreements; /**< passes whose results differ */
    unsigned restored; /**< regions restored from their backup */
};

/** A guarded accelerator. */
struct reta_guard {
    struct reta reta;
    enum reta_submission submission;
    /** The command list: a region of `list_capacity` descriptors, for RETA_AS_LIST. */
    struct reta_desc *list;
    unsigned list_capacity;
    uint32_t base[RETA_BASES]; /**< what the base registers hold during a run */
    struct reta_account account;
};

/** Opens the accelerator as reta_init does, and the alarm that bounds waiting. `list`: room in interleaved L2, or NULL. */
enum reta_status reta_guard_init(struct reta_guard *guard, const struct reta_style *style,
                                 enum reta_submission submission, struct reta_desc *list, unsigned list_capacity);

/**
 * The checksum of `count` bytes: for each little-endian word, the last one filled up with zeros,
 * sum = (sum ^ word) * 0x9E3779B1 and then sum ^= sum >> 15, from 0 on.
 */
uint32_t reta_checksum(const volatile void *start, uint32_t count);

/** Copies `source`, outside interleaved L2, into the region: its valid contents. */
void reta_region_fill(struct reta_region *region, const void *source);

/** Copies the region to `destination`, outside interleaved L2. RETA_CORRUPT if that is not its valid contents. */
enum reta_status reta_region_read(const struct reta_region *region, void *destination);

/** Cycles that a descriptor can take at most while nobody else uses the memory; not for CTRL and LIST. */
uint32_t reta_cycles_bound(const struct reta_desc *desc);

/**
 * Carries out `count` descriptors, which touch nothing but the regions. RETA_OK: outputs and states are right. Else the
 * states are as before, if they can be restored.
 *
 * As jobs at most 127 descriptors. As a list `descs` lie outside interleaved L2 and are copied to the list's room anew for
 * each pass; CTRL may set bases and branch back to descriptors of `descs`, but has no break word (RETA_UNSUPPORTED).
 */
enum reta_status reta_guard_run(struct reta_guard *guard, const struct reta_desc *descs, unsigned count,
                                struct reta_region *regions, unsigned region_count);

/** The name of a result of guarded execution. */
const char *reta_guard_status_name(enum reta_status status);

#endif
