/**
 * @file memory.c
 * Uninitialised values, stack, code and constants (rules uninit-…, udma-…, stack-…, write-…, execute-data).
 */
#include "bugs.h"

#include "board.h"
#include "checker.h"
#include "udma_uart.h"
#include "udma_uart_regs.h"

#include <stdlib.h>
#include <string.h>

static volatile uint32_t sink;
static uint32_t table[4];

static __attribute__((noinline)) void branch(bool clean)
{
    uint32_t buffer[4], *flags = unknown(buffer);
    flags[clean ? 2 : 0] = 1;
    if (*(volatile uint32_t *)&flags[2] == 1) {
        sink = 2;
    }
}

static __attribute__((noinline)) void address(bool clean)
{
    uint32_t buffer[4], *index = unknown(buffer);
    index[clean ? 2 : 0] = 1;
    sink = *(volatile uint32_t *)&table[index[2] & 3u];
}

static __attribute__((noinline)) void peripheral(bool clean)
{
    uint32_t buffer[4], *words = unknown(buffer);
    words[clean ? 2 : 0] = 1;
    reta_put(RETA_SCRATCH_OFFSET, words[2]);
}

static void accelerator(bool clean)
{
    extern int8_t __l2_end[]; /* behind everything that the program initialises */
    if (clean) {
        memset(unknown(__l2_end), 1, 4 * COLUMNS);
    }
    struct reta_desc desc = copy(__l2_end, y, 4);
    commit(&desc, 0);
    wait_idle();
}

static __attribute__((noinline)) void transfer(bool clean)
{
    char buffer[16], *text = unknown(buffer);
    memset(text, '-', clean ? 16 : 8);
    udma_uart_init(BOARD_UART_DIVIDER);
    udma_uart_write(text, 16);
    udma_uart_drain();
}

static void transfer_bounds(bool clean)
{
    static char text[16] = "sixteen letters";
    udma_uart_init(BOARD_UART_DIVIDER);
    udma_uart_write(text, clean ? sizeof text : sizeof text + 8);
    udma_uart_drain();
}

static void transfer_outside(bool clean)
{
    static char text[16] = "sixteen letters";
    udma_uart_init(BOARD_UART_DIVIDER);
    udma_uart_start(clean ? (void *)text : unknown((void *)UDMA_UART_BASE), sizeof text);
}

static void stack_overflow(bool clean)
{
    uint32_t frame = clean ? 1024 : 0x7F00;
    __asm__ volatile("sub sp, sp, %0\n\t"
                     "add sp, sp, %0" ::"r"(frame)
                     : "memory");
}

static void landed(void)
{
    exit(0);
}

static __attribute__((noinline)) void smash(bool clean)
{
    uint32_t buffer[4], *word = unknown(buffer);
    uint32_t own = (uint32_t)(uintptr_t)__builtin_return_address(0);
    delay(1); /* a call: ra has to be saved */
    checker_pause(); /* looks for it in memory that nobody may have written */
    while (!clean && *word != own) {
        word++;
    }
    checker_resume();
    *word = (uint32_t)(uintptr_t)landed;
    unknown(buffer);
    delay(1);
    sink = 4;
}

static __attribute__((noinline)) void victim(void)
{
    sink = 3;
}

static void write_code(bool clean)
{
    volatile uint32_t *place = clean ? &sink : (volatile uint32_t *)((uintptr_t)victim & ~(uintptr_t)3);
    *place = *place;
}

static const uint32_t constants[4] = {1, 2, 3, 4};

static void write_constant(bool clean)
{
    volatile uint32_t *place = clean ? table : unknown((void *)(uintptr_t)constants);
    place[1] = 2;
}

static void execute_data(bool clean)
{
    static uint32_t code[] = {0x00008067}; /* ret */
    void (*function)(void) = clean ? victim : (void (*)(void))(uintptr_t)unknown(code);
    function();
}

static void call_null(bool clean)
{
    void (*function)(void) = clean ? victim : (void (*)(void))(uintptr_t)unknown(NULL);
    function();
}

const struct bug memory_bugs[] = {
    {"uninit-branch", branch},           {"uninit-address", address},         {"uninit-register", peripheral},
    {"uninit-reta", accelerator},        {"uninit-udma", transfer},           {"stack-overflow", stack_overflow},
    {"write-code", write_code},          {"write-constant", write_constant},  {"execute-data", execute_data},
    {"stack-smashed", smash},            {"udma-object-bounds", transfer_bounds},
    {"udma-outside-l2", transfer_outside}, {"execute-data:null", call_null},
    {0},
};
