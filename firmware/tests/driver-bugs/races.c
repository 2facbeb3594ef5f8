/**
 * @file races.c
 * Accesses without an order between core, accelerator and uDMA (rules race-…).
 */
#include "bugs.h"

#include "board.h"
#include "udma_uart.h"
#include "udma_uart_regs.h"

static volatile int8_t sink;

static void host_read(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    struct reta_job job;
    reta_submit(&reta, &desc, &job);
    if (clean) {
        reta_wait(&reta, job);
    }
    sink = *(volatile int8_t *)&y[5];
    reta_wait(&reta, job);
}

static void host_write(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    struct reta_job job;
    reta_submit(&reta, &desc, &job);
    if (clean) {
        reta_wait(&reta, job);
    }
    *(volatile int8_t *)&x[5] = 1;
    reta_wait(&reta, job);
}

static void list_write(bool clean)
{
    static struct reta_desc list[2] __attribute__((section(".l2_bss"), aligned(16)));
    list[0] = copy(x, y, ROWS);
    list[1] = copy(y, z, ROWS);
    list[1].word[RETA_WORD_HEADER] |= RETA_HDR_END;
    struct reta_job job;
    reta_list_submit(&reta, list, &job);
    if (clean) {
        reta_wait(&reta, job);
    }
    *(volatile uint32_t *)&list[1].word[RETA_WORD_X] = bus_address(x);
    reta_wait(&reta, job);
}

static void jobs(bool clean)
{
    struct reta_desc desc = copy(x, y, ROWS);
    struct reta_job first, second;
    reta_submit(&reta, &desc, &first);
    desc.word[RETA_WORD_X] = bus_address(z);
    reta_submit(&reta, &desc, &second);
    reta_wait(&reta, clean ? second : first);
    sink = *(volatile int8_t *)&y[5];
    reta_wait(&reta, second);
}

static void udma_reta(bool clean)
{
    udma_uart_init(BOARD_UART_DIVIDER);
    struct reta_desc desc = copy(x, y, ROWS);
    struct reta_job job;
    reta_submit(&reta, &desc, &job);
    if (clean) {
        reta_wait(&reta, job);
    }
    udma_uart_write(y, 4);
    reta_wait(&reta, job);
    udma_uart_drain();
}

static void host_udma(bool clean)
{
    static char text[] = "hello, world\n";
    udma_uart_init(BOARD_UART_DIVIDER);
    udma_uart_start(text, sizeof text - 1);
    if (clean) {
        udma_uart_drain();
    }
    *(volatile char *)&text[11] = 'D';
    udma_uart_drain();
}

static void delayed(bool clean)
{
    static char text[] = "hello\n";
    udma_uart_init(BOARD_UART_DIVIDER);
    udma_uart_start(text, sizeof text - 1);
    if (clean) {
        udma_uart_drain();
    } else {
        delay(20000);
    }
    *(volatile char *)&text[1] = 'a';
    udma_uart_drain();
}

/** EN in CFG falls a cycle before the event: whoever reads it then, and looks at nothing else, knows enough. */
static void enable_bit(bool clean)
{
    static char text[] = "hello, world\n";
    udma_uart_init(BOARD_UART_DIVIDER);
    for (unsigned i = 0; i < 32; i++) {
        udma_uart_start(text, 1 + i % 4);
        delay(i % 8);
        if (clean) {
            while (udma_uart_busy()) {
            }
        } else {
            delay(3000);
        }
        *(volatile char *)&text[0] = 'a';
    }
    udma_uart_drain();
}

/** CLR in CFG ends a transfer. */
static void clear_bit(bool clean)
{
    static int8_t buffer[16] = {1};
    udma_uart_init(BOARD_UART_DIVIDER);
    mmio_set_bits(UDMA_UART_BASE + UDMA_UART_SETUP_OFFSET, UDMA_UART_SETUP_RX_EN_MASK);
    mmio_write(UDMA_UART_BASE + UDMA_UART_RX_SADDR_OFFSET, bus_address(buffer));
    mmio_write(UDMA_UART_BASE + UDMA_UART_RX_SIZE_OFFSET, sizeof buffer);
    mmio_write(UDMA_UART_BASE + UDMA_UART_RX_CFG_OFFSET, UDMA_UART_RX_CFG_EN_MASK);
    delay(100);
    if (clean) {
        mmio_write(UDMA_UART_BASE + UDMA_UART_RX_CFG_OFFSET, UDMA_UART_RX_CFG_CLR_MASK);
    }
    sink = *(volatile int8_t *)&buffer[0];
}

static __attribute__((noinline)) void send_local(bool clean)
{
    char text[16] = "on the stack...";
    text[15] = '\n';
    udma_uart_start(text, sizeof text);
    if (clean) {
        udma_uart_drain();
    }
}

static void stack_buffer(bool clean)
{
    udma_uart_init(BOARD_UART_DIVIDER);
    send_local(clean);
    udma_uart_drain();
}

/** Sends 16 bytes of its own stack and returns: `channel` is TX_SADDR. */
__attribute__((naked, noinline)) static void send_stack(__attribute__((unused)) uintptr_t channel)
{
    __asm__ volatile("addi sp, sp, -16\n\t"
                     "sw zero, 0(sp)\n\tsw zero, 4(sp)\n\tsw zero, 8(sp)\n\tsw zero, 12(sp)\n\t"
                     "sw sp, 0(a0)\n\t"
                     "li t0, 16\n\tsw t0, 4(a0)\n\tsw t0, 8(a0)\n\t" /* SIZE; EN */
                     "addi sp, sp, 16\n\t"
                     "ret");
}

/** The store that starts the transfer is still on its way when the stack is given back. */
static void stack_buffer_at_once(bool clean)
{
    udma_uart_init(BOARD_UART_DIVIDER);
    if (clean) {
        send_local(true);
    } else {
        send_stack(UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET);
    }
    udma_uart_drain();
}

/** … or when the next one changes the buffer. */
static void host_udma_at_once(bool clean)
{
    static char text[] = "hello, world\n";
    udma_uart_init(BOARD_UART_DIVIDER);
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET, bus_address(text));
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SIZE_OFFSET, sizeof text - 1);
    memory_barrier();
    if (clean) {
        mmio_write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_EN_MASK);
        udma_uart_drain();
    } else {
        __asm__ volatile("sw %0, 0(%1)\n\tsb %0, 0(%2)" ::"r"(UDMA_UART_TX_CFG_EN_MASK),
                         "r"(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET), "r"(text)
                         : "memory");
    }
    udma_uart_drain();
}

/** PROGRESS has shown that the first descriptor is done; the second one still reads its input. */
static void after_progress(bool clean)
{
    static struct reta_desc list[2] __attribute__((section(".l2_bss"), aligned(16)));
    list[0] = copy(x, y, ROWS);
    list[0].word[RETA_WORD_HEADER] |= RETA_HDR_EVT;
    list[1] = copy(z, &y[ROWS / 2 * COLUMNS], ROWS / 2);
    list[1].word[RETA_WORD_HEADER] |= RETA_HDR_END;
    struct reta_job job;
    reta_list_submit(&reta, list, &job);
    while (reta_get(RETA_PROGRESS_OFFSET) == 0) {
    }
    *(volatile int8_t *)&x[5] = 1; /* free in both: the first one's input, and the half of y that is not written again */
    *(volatile int8_t *)&list[0].word[RETA_WORD_X] = 0;
    sink = *(volatile int8_t *)&y[5];
    if (clean) {
        reta_wait(&reta, job);
    }
    *(volatile int8_t *)&z[5] = 1;
    reta_wait(&reta, job);
}

const struct bug race_bugs[] = {
    {"race-host-read", host_read}, {"race-host-write", host_write}, {"race-list-write", list_write},
    {"race-jobs", jobs},           {"race-udma-reta", udma_reta},   {"race-host-udma", host_udma},
    {"race-delay", delayed},       {"race-stack-buffer", stack_buffer}, {"race-delay:enable-bit", enable_bit},
    {"race-host-udma:clear-bit", clear_bit},
    {"race-stack-buffer:at-once", stack_buffer_at_once},
    {"race-host-udma:at-once", host_udma_at_once},
    {"race-host-write:after-progress", after_progress},
    {0},
};
