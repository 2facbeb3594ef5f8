/**
 * @file events.c
 * Mistakes on the way from an event to its handler (rules event-…, irq-…).
 */
#include "bugs.h"

#include "irq.h"
#include "itc.h"
#include "soc_event.h"

/** A line without a source of its own. */
#define LINE ((enum irq_line)3)

static volatile uint32_t calls;

static void count_call(uint32_t line)
{
    (void)line;
    calls++;
}

static void call_again(uint32_t line)
{
    if (++calls < 400) {
        itc_raise(1u << line);
    }
}

static void never_unmasked(bool clean)
{
    irq_enable_line(IRQ_SOC_EVENT);
    if (clean) {
        soc_event_open(SOC_EVENT_HWPE_DONE);
    }
    struct reta_desc desc = copy(x, y, 4);
    commit(&desc, 0);
    irq_sleep(); /* interrupts are disabled: a pending line wakes the core, and nothing is lost before */
    wait_idle();
}

/** WFI stands right behind the store to TRIGGER, which takes effect when the core has gone to sleep. */
static void never_unmasked_at_once(bool clean)
{
    irq_enable_line(IRQ_SOC_EVENT);
    if (clean) {
        soc_event_open(SOC_EVENT_HWPE_DONE);
    }
    struct reta_desc desc = copy(x, y, 4);
    acquire();
    write_words(&desc);
    reta_put(RETA_TRIGGER_OFFSET, 0);
    irq_sleep();
    wait_idle();
}

static void no_handler(bool clean)
{
    if (clean) {
        irq_set_handler(LINE, count_call);
    }
    irq_enable_line(LINE);
    irq_enable();
    itc_raise(1u << LINE);
    delay(20);
}

static void storm(bool clean)
{
    irq_set_handler(LINE, clean ? count_call : call_again);
    irq_enable_line(LINE);
    irq_enable();
    itc_raise(1u << LINE);
    delay(20);
}

static void overflow(bool clean)
{
    soc_event_open(SOC_EVENT_SOFTWARE0);
    for (unsigned i = 0; i < 12; i++) {
        soc_event_fire(0);
        delay(10);
        if (clean) {
            soc_event_poll();
        }
    }
}

const struct bug event_bugs[] = {
    {"event-never-unmasked", never_unmasked},
    {"event-never-unmasked:at-once", never_unmasked_at_once},
    {"irq-no-handler", no_handler},
    {"irq-storm", storm},
    {"event-overflow", overflow},
    {0},
};
