/**
 * @file reta.h
 * Driver of RETA, the retention accelerator.
 *
 * A program builds descriptors (reta_build.h), submits them and waits. How the host waits is its style, chosen at
 * reta_init: the same calls poll, sleep until the interrupt, or keep both job contexts filled. One driver instance
 * owns the accelerator; its functions are not reentrant.
 *
 * This is the plain driver, which the figures of host overhead are measured with. No wait of it is without end: a watch
 * (reta_watch) finds lost events and jobs that do not end, and what the hardware reports is reported. That memory and
 * registers hold what was written it believes: results that must be right, or an error, come from reta_guard.h.
 */
#ifndef RETA_H
#define RETA_H

#include "reta_build.h"
#include "reta_desc.h"

/** Result of the driver's functions: 0, or a negative code. */
enum reta_status {
    RETA_OK = 0,
    RETA_NO_DEVICE = -1,   /**< the register slot does not identify itself as RETA */
    RETA_BAD_VERSION = -2, /**< another major version */
    RETA_UNSUPPORTED = -3, /**< a capability that the driver relies on is missing */
    RETA_LOCKED = -4,      /**< somebody else holds an acquired context */
    RETA_JOB_FAILED = -5,  /**< a job ended with an error and the queue is halted: see reta_error, reta_continue */
    RETA_NOT_SUSPENDED = -6, /**< the list had ended by itself */
    RETA_TIMED_OUT = -7, /**< a job took longer than it can: it and all others are dropped, as by reta_abort */
    /* Guarded execution (reta_guard.h) only: */
    RETA_CORRUPT = -8,   /**< memory is not what it was, and there is no copy */
    RETA_GIVEN_UP = -9,  /**< no two passes agreed */
};

/** A submitted job. */
struct reta_job {
    uint8_t id;      /**< 0..255; later jobs have greater ids, modulo 256 */
    uint8_t context; /**< the register context that holds it */
};

/** The error that halted the queue. */
struct reta_error {
    uint8_t code;        /**< RETA_ERR_CODE_... of reta_regs.h */
    uint8_t job;         /**< id of the failing job */
    uint32_t descriptor; /**< address of the failing descriptor of a list, 0 for a register job */
};

struct reta;

/** How the host waits for the accelerator. */
struct reta_style {
    const char *name;
    /** Jobs that may be outstanding when the next is submitted. */
    unsigned depth;
    /** Opens the interrupts that `pause` needs. */
    void (*open)(void);
    /** Returns when the accelerator may have made progress. Called with interrupts disabled. */
    void (*pause)(struct reta *reta);
    /** It sleeps: the watch has to be a timer's. */
    bool sleeps;
};

/** Reads STATUS again and again. */
extern const struct reta_style reta_poll;
/** Sleeps until interrupt 26 (SoC events 140 and 141); one job at a time. */
extern const struct reta_style reta_irq;
/** As reta_irq, but the second context is filled while the first one runs. */
extern const struct reta_style reta_queue;

/** The driver's state. */
struct reta {
    const struct reta_style *style;
    /** What the two contexts hold: only words that differ are written. */
    struct reta_desc context[RETA_CONTEXTS];
    uint8_t next_context;
    struct reta_error error;
    /** What the watch saw last. */
    struct {
        volatile bool expired; /**< the jobs were stopped; the next wait says so */
        bool is_busy;
        uint32_t descriptors, job;
        uint32_t due; /**< polling: mcycle of the next look */
    } watch;
};

/** Performance counters since reset or reta_counters_clear. */
struct reta_counters {
    uint64_t cycles, stalls, macs, bytes_read, bytes_written, descriptors, jobs;
};

/** A suspended command list: everything needed to go on later. */
struct reta_list_state {
    uint32_t next;
    uint32_t base[RETA_BASES];
    uint32_t counter[RETA_COUNTERS];
};

/** Cycles that no descriptor needs whose tensors fit into the interleaved L2. */
enum { RETA_PATIENCE = 1 << 21 };

/**
 * Checks identity, version and capabilities, brings the accelerator into a known state, opens its events and begins to
 * watch with RETA_PATIENCE.
 */
enum reta_status reta_init(struct reta *reta, const struct reta_style *style);

/**
 * Looks after the accelerator every `patience` cycles from now on; 0: never, so that a lost event or a job that does not
 * end is waited for for ever. A look opens the events again, and stops everything if no descriptor has ended since the
 * look before: the wait then gives RETA_TIMED_OUT. Styles that sleep are woken for it by the timer's low half and
 * line 10, which belong to the driver meanwhile; polling reads mcycle.
 */
void reta_watch(struct reta *reta, uint32_t patience);

/** One look of the watch. */
void reta_watch_look(struct reta *reta);

/** Tells whether the accelerator can reach [start, end). */
bool reta_reaches(const volatile void *start, const volatile void *end);

/**
 * Commits a register job, waiting while both contexts are taken. The context is acquired only when it is known which
 * words have to be written.
 */
enum reta_status reta_submit(struct reta *reta, const struct reta_desc *desc, struct reta_job *job);

/** Tells whether the job has finished (also with an error), without waiting. */
bool reta_finished(const struct reta *reta, struct reta_job job);

/** Waits until the job has finished. RETA_JOB_FAILED if it or an earlier one failed. */
enum reta_status reta_wait(struct reta *reta, struct reta_job job);

/** Waits until no job is outstanding. */
enum reta_status reta_wait_idle(struct reta *reta);

/** Submits a job and waits for it. */
enum reta_status reta_run(struct reta *reta, const struct reta_desc *desc);

/** Sets base register `base` (1..7). Ignored by the hardware while a job runs: wait first. */
void reta_set_base(unsigned base, uint32_t value);

/** Clears the recorded error; the queue goes on with the next job. The failed job is not repeated. */
void reta_continue(struct reta *reta);

/** Aborts the running job, drops all others and clears contexts, bases, counters and job ids. */
void reta_abort(struct reta *reta);

/** Submits the command list that starts at `first`. Its descriptors and inputs must stay as they are meanwhile. */
enum reta_status reta_list_submit(struct reta *reta, const struct reta_desc *first, struct reta_job *job);

/** Asks the running list to end after its current descriptor. Wait for its job, then call reta_list_save. */
void reta_list_suspend(void);

/** Reads the state of the list that has been suspended. RETA_NOT_SUSPENDED if it had ended by itself. */
enum reta_status reta_list_save(struct reta_list_state *state);

/** Restores the state and submits the rest of the list. The accelerator must be idle. */
enum reta_status reta_list_resume(struct reta *reta, const struct reta_list_state *state, struct reta_job *job);

/** Reads all performance counters. */
struct reta_counters reta_counters_read(void);

/** Clears all performance counters. */
void reta_counters_clear(void);

/** The name of an error code of the hardware. */
const char *reta_error_name(unsigned code);

/** The name of a result of the driver. */
const char *reta_status_name(enum reta_status status);

#endif
