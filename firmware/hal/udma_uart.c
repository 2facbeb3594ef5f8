/**
 * @file udma_uart.c
 * UART0 behind the uDMA.
 */
#include "udma_uart.h"

#include "mmio.h"
#include "udma_ctrl_regs.h"
#include "udma_uart_regs.h"

/** Peripheral id of UART0: its clock gate. */
enum { UDMA_ID_UART0 = 0 };

/** SETUP counts data bits from 5. */
enum { DATA_BITS = 8, FEWEST_DATA_BITS = 5 };

/** Consecutive idle readings that drain wants: STATUS shows idle for a moment between two characters. */
enum { IDLE_READINGS = 4 };

void udma_uart_init(uint16_t divider)
{
    mmio_set_bits(UDMA_CTRL_BASE + UDMA_CTRL_CG_OFFSET, 1u << UDMA_ID_UART0);
    mmio_write(UDMA_UART_BASE + UDMA_UART_SETUP_OFFSET,
               (uint32_t)divider << UDMA_UART_SETUP_CLKDIV_BIT |
                   (DATA_BITS - FEWEST_DATA_BITS) << UDMA_UART_SETUP_BITS_BIT | UDMA_UART_SETUP_TX_EN_MASK);
}

bool udma_uart_full(void)
{
    return (mmio_read(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET) & UDMA_UART_TX_CFG_PENDING_MASK) != 0;
}

bool udma_uart_busy(void)
{
    return (mmio_read(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET) & UDMA_UART_TX_CFG_EN_MASK) != 0;
}

void udma_uart_start(const void *buffer, size_t length)
{
    while (udma_uart_full()) {
    }
    memory_barrier();
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET, bus_address(buffer));
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SIZE_OFFSET, (uint32_t)length);
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_EN_MASK);
}

void udma_uart_write(const void *buffer, size_t length)
{
    if (length == 0) {
        return;
    }
    udma_uart_start(buffer, length);
    while (udma_uart_busy()) {
    }
}

void udma_uart_drain(void)
{
    unsigned idle = 0;
    while (udma_uart_busy()) {
    }
    /* Between the end of the channel and the start bit, and between characters, STATUS reads idle for a few cycles. */
    while (idle < IDLE_READINGS) {
        bool busy = mmio_read(UDMA_UART_BASE + UDMA_UART_STATUS_OFFSET) & UDMA_UART_STATUS_TX_BUSY_MASK;
        idle = busy ? 0 : idle + 1;
    }
}
