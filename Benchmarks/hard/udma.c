/* The uDMA sends from the bank of the core's data, a character every 50 cycles, while the core works in it: each of its accesses may have
   to wait. */
#include "kernel.h"
#include "udma_ctrl_regs.h"
#include "udma_uart_regs.h"

#define DIVIDER 5u

static uint32_t data[256];
static char text[64] = "...............................................................\n";

static void write(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

uint32_t kernel(uint32_t rounds)
{
    uint32_t sum = 0;
    write(UDMA_CTRL_BASE + UDMA_CTRL_CG_OFFSET, 1);
    write(UDMA_UART_BASE + UDMA_UART_SETUP_OFFSET,
          DIVIDER << UDMA_UART_SETUP_CLKDIV_BIT | 3u << UDMA_UART_SETUP_BITS_BIT | UDMA_UART_SETUP_TX_EN_MASK);
    write(UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET, (uint32_t)text);
    write(UDMA_UART_BASE + UDMA_UART_TX_SIZE_OFFSET, sizeof text);
    write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_EN_MASK | UDMA_UART_TX_CFG_CONTINUOUS_MASK);
    while (rounds--) {
        for (uint32_t i = 0; i < 256; i++) {
            sum = sum * 5u + data[i];
            data[i] = sum;
        }
    }
    write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_CLR_MASK);
    return sum;
}
