/**
 * @file naive.c
 * The same block without any guard, by a driver that trusts everything: what not to do.
 *
 * It sleeps until its one interrupt and looks at nothing else: no status, no bound for the wait, no checksum.
 */
#include "block.h"
#include "reta.h"

#include "irq.h"
#include "soc_event.h"

L2_BSS static struct block block;

static struct reta reta;
static struct reta_desc descs[BLOCK_DESCS];

int main(void)
{
    block_make_weights(&block.weights);
    block_build(&block, descs);
    reta_init(&reta, &reta_irq);
    reta_watch(&reta, 0); /* nobody looks after lost events and jobs that do not end */
    for (unsigned round = 0; round < BLOCK_ROUNDS; round++) {
        struct reta_job job;
        block_make_input(block.input, round);
        for (unsigned i = 0; i < BLOCK_DESCS; i++) {
            irq_save();
            reta_submit(&reta, &descs[i], &job);
            while (!soc_event_take(SOC_EVENT_HWPE_DONE)) {
                irq_wait();
            }
        }
        block_print(round, block.output, block.state);
    }
    return 0;
}
