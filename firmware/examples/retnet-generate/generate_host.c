/**
 * @file generate_host.c
 * Host style host: the core computes everything, as a yardstick for the accelerator.
 */
#include "generate.h"
#include "retnet_host.h"

const char *const generate_style = "host";

enum generate_status generate(const struct generation *g)
{
    uint32_t steps = prefill_steps(g) + g->count;
    retnet_host_reset();
    for (uint32_t index = 0; index < steps; index++) {
        struct generation_step step = generation_step(g, index);
        uint32_t *tokens = &sequence[step.position];
        retnet_host_pass(tokens, step.rows, step.position);
        if (step.chooses) {
            tokens[1] = retnet_host_choose(1);
            emit_token(tokens[1]);
        }
    }
    return GENERATE_OK;
}

void generate_report(void)
{
}
