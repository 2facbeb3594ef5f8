/**
 * @file sleep.c
 * Mistakes in waiting (rules sleep-…, poll-could-sleep).
 */
#include "bugs.h"

#include "irq.h"
#include "itc.h"
#include "timer.h"

#define LINE ((enum irq_line)3)

static volatile uint32_t done;

static void set_done(uint32_t line)
{
    (void)line;
    done = 1;
}

static void no_wakeup(bool clean)
{
    CSR_SET(mie, 1u << LINE);
    itc_mask(~0u);
    if (clean) {
        itc_unmask(1u << LINE);
        itc_raise(1u << LINE);
    }
    irq_sleep();
}

static void lost_wakeup(bool clean)
{
    irq_set_handler(LINE, set_done);
    irq_enable_line(LINE);
    if (!clean) {
        irq_enable();
    }
    while (done == 0) {
        itc_raise(1u << LINE);
        __asm__ volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop");
        irq_sleep();
        if (clean) { /* the handler runs here */
            irq_enable();
            __asm__ volatile("nop");
            irq_save();
        }
    }
}

/** Much lies between the check and WFI, as in code that is not optimised. */
static void lost_far(bool clean)
{
    irq_set_handler(LINE, set_done);
    irq_enable_line(LINE);
    if (!clean) {
        irq_enable();
    }
    while (done == 0) {
        itc_raise(1u << LINE);
        __asm__ volatile(".rept 36\n\tnop\n\t.endr");
        irq_sleep();
        if (clean) { /* the handler runs here */
            irq_enable();
            __asm__ volatile("nop");
            irq_save();
        }
    }
}

/** The handler runs between the load of the flag and the branch: six cycles behind the store that raises the line. */
static void lost_loaded(bool clean)
{
    irq_set_handler(LINE, set_done);
    irq_enable_line(LINE);
    if (!clean) {
        irq_enable();
    }
    __asm__ volatile("sw %1, 0(%2)\n\t"
                     "lw t0, %0\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\t"
                     "bnez t0, 1f\n\t"
                     "wfi\n"
                     "1:" ::"m"(done),
                     "r"(1u << LINE), "r"(FC_ITC_BASE + FC_ITC_INT_SET_OFFSET)
                     : "t0", "memory");
    irq_enable();
}

static void unsafe_check(bool clean)
{
    irq_set_handler(IRQ_TIMER_LO, set_done);
    irq_enable_line(IRQ_TIMER_LO);
    timer_alarm(400);
    if (!clean) {
        irq_enable();
    }
    while (done == 0) {
        if (clean) {
            irq_wait();
        } else { /* the alarm may come here; in this run it comes later */
            irq_sleep();
        }
    }
}

static void polling(bool clean)
{
    if (clean) {
        reta_init(&reta, &reta_irq);
    }
    struct reta_desc desc = copy(x, y, ROWS);
    reta_run(&reta, &desc);
}

const struct bug sleep_bugs[] = {
    {"sleep-no-wakeup", no_wakeup},
    {"sleep-lost-wakeup", lost_wakeup},
    {"sleep-lost-wakeup:far", lost_far},
    {"sleep-lost-wakeup:loaded", lost_loaded},
    {"sleep-unsafe-check", unsafe_check},
    {"poll-could-sleep", polling},
    {0},
};
