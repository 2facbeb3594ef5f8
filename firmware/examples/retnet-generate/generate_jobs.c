/**
 * @file generate_jobs.c
 * Host styles poll, irq and queue: the host submits every primitive as a register job.
 *
 * GENERATE_STYLE is the driver's style. One at a time the host waits for each job; with the queue both contexts are
 * kept filled, and a token is printed when its last job is found to have finished. The next token needs no help of the
 * host: its embedding reads the token from where the previous pass has written it. Only the position is in a base
 * register, which cannot be written while a job runs; so seven passes get their positions at once, each its own base.
 */
#include "accelerator.h"
#include "retnet_pass.h"

const char *const generate_style = GENERATE_STYLE_NAME;

/** The pass that is being submitted; in private memory: the driver copies it into registers. */
static struct reta_desc pass[RETNET_PASS_DESCS];

/** The last job of a pass that has chosen a token which is not printed yet. */
static struct {
    bool waiting;
    struct reta_job job;
    uint32_t position;
} unprinted;

static void print_if_finished(void)
{
    if (unprinted.waiting && reta_finished(&accelerator, unprinted.job)) {
        unprinted.waiting = false;
        emit_token(sequence[unprinted.position]);
    }
}

/** Submits one descriptor; waits for it unless jobs are queued. */
static enum reta_status submit(const struct reta_desc *desc, struct reta_job *job)
{
    enum reta_status status = reta_submit(&accelerator, desc, job);
    if (status == RETA_OK && accelerator.style->depth == 1) {
        status = reta_wait(&accelerator, *job);
    }
    return status;
}

/** Gives the next seven passes their positions. */
static enum reta_status set_positions(const struct generation *g, uint32_t index)
{
    enum reta_status status = reta_wait_idle(&accelerator);
    for (uint32_t i = 0; i < RETA_BASES && status == RETA_OK; i++) {
        reta_set_base(1u + i, generation_step(g, index + i).position);
    }
    return status;
}

/** Builds the descriptors anew when the shape changes, else only changes what differs from pass to pass. */
static unsigned prepare(const struct generation_step *step, const struct generation_step *previous, uint8_t base)
{
    const uint32_t *tokens = &sequence[step->position];
    unsigned count = step->chooses ? RETNET_PASS_DESCS : RETNET_BODY_DESCS;
    if (step->rows != previous->rows || step->chooses != previous->chooses) {
        count = retnet_build_pass(pass, &(struct retnet_pass){
                                            .rows = step->rows,
                                            .chunk = step->rows,
                                            .tokens = reta_at(tokens, 0),
                                            .position_base = base,
                                            .keep_state = true,
                                            .head = step->chooses,
                                            .output = reta_at(tokens + 1, 0),
                                        });
    } else {
        retnet_pass_retarget(pass, tokens, base);
        if (step->chooses) {
            retnet_pass_set_output(pass, tokens + 1);
        }
    }
    return count;
}

static enum reta_status run_pass(const struct generation_step *step, unsigned count)
{
    struct reta_job job = {0};
    for (unsigned i = 0; i < count; i++) {
        enum reta_status status = submit(&pass[i], &job);
        if (status != RETA_OK) {
            return status;
        }
        print_if_finished();
    }
    if (step->chooses) {
        unprinted.waiting = true;
        unprinted.job = job;
        unprinted.position = step->position + 1u;
        print_if_finished();
    }
    return RETA_OK;
}

static enum reta_status run_all(const struct generation *g)
{
    struct reta_job job;
    struct generation_step previous = {0};
    const struct reta_desc clear = retnet_build_clear_state();
    enum reta_status status = submit(&clear, &job);
    uint32_t steps = prefill_steps(g) + g->count;

    for (uint32_t index = 0; index < steps && status == RETA_OK; index++) {
        struct generation_step step = generation_step(g, index);
        unsigned slot = index % RETA_BASES;
        unsigned count = prepare(&step, &previous, (uint8_t)(1u + slot));
        if (slot == 0) {
            status = set_positions(g, index);
        }
        if (status == RETA_OK) {
            status = run_pass(&step, count);
        }
        previous = step;
    }
    if (status == RETA_OK) {
        status = reta_wait_idle(&accelerator);
        print_if_finished();
    }
    return status;
}

enum generate_status generate(const struct generation *generation)
{
    enum generate_status opened = accelerator_open(&GENERATE_STYLE);
    if (opened != GENERATE_OK) {
        return opened;
    }
    enum reta_status status = run_all(generation);
    return status == RETA_OK ? GENERATE_OK : accelerator_failed(status);
}
