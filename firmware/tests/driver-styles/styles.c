/**
 * @file styles.c
 * Right ways to drive RETA and the uDMA that the shipped drivers do not go: the driver checker must find nothing in them.
 *
 * `check_request` names a style; without one the program lists what it has.
 */
#include "jobs.h"

#include "board.h"
#include "irq.h"
#include "itc.h"
#include "soc_event.h"
#include "timer.h"
#include "udma_uart.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

/** Written before the start. */
__attribute__((section(".data"))) char check_request[32] = "";

/** What has been read; kept, so that the reads are not optimised away. */
static volatile int sink;

static void use(const int8_t *tensor, unsigned rows)
{
    int sum = 0;
    memory_barrier();
    for (unsigned i = 0; i < rows * COLUMNS; i += 16) {
        sum += tensor[i];
    }
    sink = sum;
}

static void fill(int8_t *tensor, unsigned rows, int8_t value)
{
    memset(tensor, value, rows * COLUMNS);
    memory_barrier();
}

/** Job `id` has finished. */
static bool is_over(int id)
{
    return (int8_t)(uint8_t)(reta_get(RETA_RUNNING_JOB_OFFSET) - (unsigned)id) > 0;
}

static int submit(const volatile int8_t *from, int8_t *to, unsigned rows)
{
    struct reta_desc desc = copy(from, to, rows);
    return commit(&desc, 0);
}

/* ---- Sleeping ---- */

static void count(uint32_t line)
{
    (void)line;
    sink++;
}

/** Sleeps from tick to tick and looks at STATUS in between. */
static void status_by_tick(void)
{
    irq_set_handler(IRQ_TIMER_LO, count);
    irq_enable_line(IRQ_TIMER_LO);
    timer_period(300);
    irq_save();
    fill(x, ROWS, 1);
    submit(x, y, ROWS);
    while ((reta_get(RETA_STATUS_OFFSET) & 0xFFFFu) != 0) {
        irq_wait();
    }
    timer_alarm_cancel();
    use(y, ROWS);
}

/** No handler: WFI wakes for the pending line, INT_CLR takes the event. */
static void event_without_handler(void)
{
    soc_event_open(SOC_EVENT_HWPE_DONE);
    CSR_SET(mie, 1u << IRQ_SOC_EVENT);
    itc_unmask(1u << IRQ_SOC_EVENT);
    irq_save();
    for (unsigned i = 0; i < 3; i++) {
        submit(x, y, 4);
        while ((itc_pending() & 1u << IRQ_SOC_EVENT) == 0) {
            irq_sleep();
        }
        itc_clear(1u << IRQ_SOC_EVENT);
        use(y, 4);
        fill(x, 4, (int8_t)i);
    }
}

static volatile unsigned inner, outer;

static void on_inner(uint32_t line)
{
    (void)line;
    inner++;
}

static void on_outer(uint32_t line)
{
    uint32_t pc = CSR_READ(mepc), status = CSR_READ(mstatus);
    irq_enable();
    itc_raise(1u << (line + 1u));
    delay(20);
    irq_save();
    CSR_WRITE(mepc, pc);
    CSR_WRITE(mstatus, status);
    outer++;
}

/** A handler that lets itself be interrupted. */
static void nested_handlers(void)
{
    irq_set_handler((enum irq_line)3, on_outer);
    irq_set_handler((enum irq_line)4, on_inner);
    irq_enable_line((enum irq_line)3);
    irq_enable_line((enum irq_line)4);
    irq_enable();
    for (unsigned i = 0; i < 5; i++) {
        itc_raise(1u << 3);
        delay(50);
    }
    irq_save();
}

/* ---- Jobs ---- */

/** Two buffers in turn: one is filled and read while the accelerator has the other. */
static void double_buffer(void)
{
    enum { HALF = ROWS / 2 * COLUMNS };
    int id[2] = {-1, -1};
    for (unsigned i = 0; i < 6; i++) {
        unsigned half = i & 1u;
        while (i >= 2 && !is_over(id[half])) {
        }
        if (i >= 2) {
            use(&y[half * HALF], ROWS / 2);
        }
        fill(&x[half * HALF], ROWS / 2, (int8_t)i);
        id[half] = submit(&x[half * HALF], &y[half * HALF], ROWS / 2);
    }
    wait_idle();
}

/** Columns of one matrix by two jobs: what the first has written is used while the second one writes beside it. */
static void columns_in_turn(void)
{
    struct reta_map left = {.rows = ROWS, .columns = COLUMNS / 2, .x = reta_at(x, COLUMNS), .y = reta_at(y, COLUMNS),
                            .requant = {.mul = 1}};
    struct reta_map right = left;
    right.x = reta_at(x + COLUMNS / 2, COLUMNS);
    right.y = reta_at(y + COLUMNS / 2, COLUMNS);
    struct reta_desc first = reta_build_map(&left), second = reta_build_map(&right);
    int id = commit(&first, 0);
    commit(&second, 0);
    while (!is_over(id)) {
    }
    sink = *(volatile int8_t *)&y[3 * COLUMNS + 5];
    wait_idle();
    use(y, ROWS);
}

static struct {
    struct reta_desc jobs[4];
    unsigned next;
} queue;

static void feed(void)
{
    while (queue.next < 4 && acquire() >= 0) {
        write_words(&queue.jobs[queue.next++]);
        reta_put(RETA_TRIGGER_OFFSET, 0);
    }
}

/** Every completion feeds the queue; events may stand for several jobs. */
static void fed_by_events(void)
{
    soc_event_listen(SOC_EVENT_HWPE_DONE);
    irq_save();
    for (unsigned i = 0; i < 4; i++) {
        queue.jobs[i] = copy(i & 1u ? y : x, i & 1u ? z : y, 4 + 8 * i);
    }
    feed();
    while (queue.next < 4 || (reta_get(RETA_STATUS_OFFSET) & 0xFFFFu) != 0) {
        while (!soc_event_take(SOC_EVENT_HWPE_DONE)) {
            irq_wait();
        }
        feed();
    }
    use(z, 4);
}

/** What a list has done is used, and its input filled anew, while it goes on. */
static void behind_progress(void)
{
    static struct reta_desc list[4] __attribute__((section(".l2_bss"), aligned(16)));
    enum { PART = ROWS / 4, BYTES = PART * COLUMNS };
    for (unsigned i = 0; i < 4; i++) {
        list[i] = copy(&x[i * BYTES], &y[i * BYTES], PART);
        list[i].word[RETA_WORD_HEADER] |= RETA_HDR_EVT | (i == 3 ? RETA_HDR_END : 0);
    }
    struct reta_desc job = {{0}};
    job.word[RETA_WORD_HEADER] = RETA_OP_LIST;
    job.word[RETA_WORD_X] = bus_address(list);
    commit(&job, 0);
    for (unsigned i = 0; i < 4; i++) {
        while (reta_get(RETA_PROGRESS_OFFSET) <= i && (reta_get(RETA_STATUS_OFFSET) & 0xFFFFu) != 0) {
        }
        use(&y[i * BYTES], PART);
        fill(&x[i * BYTES], PART, (int8_t)i);
    }
    wait_idle();
}

/** SOFT_CLEAR takes everything back at once. */
static void cancelled(void)
{
    submit(x, y, ROWS);
    submit(y, z, ROWS);
    delay(30);
    reta_put(RETA_SOFT_CLEAR_OFFSET, 0);
    fill(x, ROWS, 1);
    fill(y, ROWS, 2);
    submit(x, y, 4);
    wait_idle();
    use(y, 4);
}

/* ---- Tasks ---- */

enum { TASKS = 2, STACK = 2048 };
static uint8_t stacks[TASKS][STACK] __attribute__((aligned(16)));
static jmp_buf scheduler, tasks[TASKS];
static volatile unsigned current, ended;

static void yield(void)
{
    if (setjmp(tasks[current]) == 0) {
        longjmp(scheduler, 1);
    }
}

static void task(void)
{
    int8_t *buffer = current == 0 ? y : z;
    for (unsigned round = 0; round < 3; round++) {
        int id;
        while ((id = acquire()) < 0) {
            yield();
        }
        struct reta_desc desc = copy(x, buffer, 4 + round);
        write_words(&desc);
        reta_put(RETA_TRIGGER_OFFSET, 0);
        while (!is_over(id)) {
            yield();
        }
        use(buffer, 4 + round);
    }
    ended++;
    for (;;) {
        yield();
    }
}

/** Two tasks on stacks of their own share the accelerator. */
static void two_tasks(void)
{
    for (current = 0; current < TASKS; current++) {
        if (setjmp(scheduler) == 0) {
            __asm__ volatile("mv sp, %0\n\tjr %1" ::"r"(stacks[current] + STACK), "r"(task) : "memory");
        }
    }
    while (ended < TASKS) {
        current = (current + 1) % TASKS;
        if (setjmp(scheduler) == 0) {
            longjmp(tasks[current], 1);
        }
    }
}

/* ---- uDMA ---- */

static char ring[4][16];
static volatile unsigned filled, sent;

/** The handler alone drives the transmitter; what it has sent it leaves to the program. */
static void pump(uint32_t line)
{
    (void)line;
    if (sent < filled && !udma_uart_busy()) {
        udma_uart_start(ring[sent % 4], sizeof ring[0]);
        sent++;
    }
}

/** A ring of buffers between the program and the timer's handler. */
static void pumped_by_timer(void)
{
    udma_uart_init(BOARD_UART_DIVIDER);
    irq_set_handler(IRQ_TIMER_LO, pump);
    irq_enable_line(IRQ_TIMER_LO);
    timer_period(500);
    irq_enable();
    for (unsigned i = 0; i < 8; i++) {
        while (filled - sent >= 3) { /* one more is being sent */
        }
        memset(ring[i % 4], 'a' + (int)i, sizeof ring[0]);
        memory_barrier();
        filled++;
    }
    while (sent < 8) {
    }
    irq_save();
    timer_alarm_cancel();
    udma_uart_drain();
}

static const struct {
    const char *name;
    void (*run)(void);
} styles[] = {
    {"status-by-tick", status_by_tick},   {"event-without-handler", event_without_handler},
    {"nested-handlers", nested_handlers}, {"double-buffer", double_buffer},
    {"columns-in-turn", columns_in_turn}, {"fed-by-events", fed_by_events},
    {"behind-progress", behind_progress}, {"cancelled", cancelled},
    {"two-tasks", two_tasks},             {"pumped-by-timer", pumped_by_timer},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        if (check_request[0] == '\0') {
            puts(styles[i].name);
        } else if (strcmp(check_request, styles[i].name) == 0) {
            reta_put(RETA_SOFT_CLEAR_OFFSET, 0);
            styles[i].run();
            return 0;
        }
    }
    return check_request[0] == '\0' ? 0 : 2;
}
