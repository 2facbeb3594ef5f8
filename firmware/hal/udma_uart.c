/**
 * @file udma_uart.c
 * UART0 behind the uDMA.
 */
#include "udma_uart.h"

#include "csr.h"
#include "mmio.h"
#include "udma_ctrl_regs.h"
#include "udma_uart_regs.h"

/** Peripheral id of UART0: its clock gate. */
enum { UDMA_ID_UART0 = 0 };

/** SETUP counts data bits from 5. */
enum { DATA_BITS = 8, FEWEST_DATA_BITS = 5, FRAME_BITS = DATA_BITS + 2 };

/** Consecutive idle readings that drain wants: STATUS shows idle for a moment between two characters. */
enum { IDLE_READINGS = 4 };

/** Characters' time that the transmitter may stand still. */
enum { PATIENCE_FRAMES = 64 };

/** The same in cycles of the core, whose clock is the peripherals' (board.h). */
static uint32_t patience;

void udma_uart_init(uint16_t divider)
{
    patience = PATIENCE_FRAMES * FRAME_BITS * (divider + 1u);
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

/** Waits until the bits of `mask` in TX_CFG are 0. */
static enum udma_uart_status wait_for_channel(uint32_t mask)
{
    uint32_t left = 0, since = CSR_READ(mcycle);
    while ((mmio_read(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET) & mask) != 0) {
        if (CSR_READ(mcycle) - since <= patience) {
            continue;
        }
        uint32_t now = mmio_read(UDMA_UART_BASE + UDMA_UART_TX_SIZE_OFFSET);
        if (now == left) {
            mmio_write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_CLR_MASK);
            return UDMA_UART_TIMEOUT;
        }
        left = now;
        since = CSR_READ(mcycle);
    }
    memory_barrier();
    return UDMA_UART_OK;
}

enum udma_uart_status udma_uart_wait(void)
{
    return wait_for_channel(UDMA_UART_TX_CFG_EN_MASK);
}

enum udma_uart_status udma_uart_start(const void *buffer, size_t length)
{
    enum udma_uart_status status = wait_for_channel(UDMA_UART_TX_CFG_PENDING_MASK);
    if (status != UDMA_UART_OK) {
        return status;
    }
    memory_barrier();
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET, bus_address(buffer));
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_SIZE_OFFSET, (uint32_t)length);
    mmio_write(UDMA_UART_BASE + UDMA_UART_TX_CFG_OFFSET, UDMA_UART_TX_CFG_EN_MASK);
    return UDMA_UART_OK;
}

enum udma_uart_status udma_uart_write(const void *buffer, size_t length)
{
    if (length == 0) {
        return UDMA_UART_OK;
    }
    enum udma_uart_status status = udma_uart_start(buffer, length);
    return status == UDMA_UART_OK ? udma_uart_wait() : status;
}

enum udma_uart_status udma_uart_drain(void)
{
    unsigned idle = 0;
    enum udma_uart_status status = udma_uart_wait();
    if (status != UDMA_UART_OK) {
        return status;
    }
    /* Between the end of the channel and the start bit, and between characters, STATUS reads idle for a few cycles. */
    uint32_t begin = CSR_READ(mcycle);
    while (idle < IDLE_READINGS) {
        bool busy = mmio_read(UDMA_UART_BASE + UDMA_UART_STATUS_OFFSET) & UDMA_UART_STATUS_TX_BUSY_MASK;
        idle = busy ? 0 : idle + 1;
        if (CSR_READ(mcycle) - begin > patience) {
            return UDMA_UART_TIMEOUT;
        }
    }
    return UDMA_UART_OK;
}
