/**
 * @file uart.c
 * UART0 in both directions.
 */
#include "uart.h"

#include "udma.h"
#include "udma_uart_regs.h"

enum { DATA_BITS = 8, FEWEST_DATA_BITS = 5, SMALLEST_DIVIDER = 2 };

#define RX_CHANNEL (UDMA_UART_BASE + UDMA_UART_RX_SADDR_OFFSET)
#define TX_CHANNEL (UDMA_UART_BASE + UDMA_UART_TX_SADDR_OFFSET)

enum driver_status uart_init(struct uart *uart, const struct driver_style *style, uint16_t divider)
{
    *uart = (struct uart){.style = style};
    if (divider < SMALLEST_DIVIDER) {
        return DRIVER_BAD_ARGUMENT;
    }
    udma_open(UDMA_ID_UART0);
    style->open(SOC_EVENT_UART0_RX);
    style->open(SOC_EVENT_UART0_TX);
    /* Divider and format are taken over when the enables rise. */
    mmio_write(UDMA_UART_BASE + UDMA_UART_SETUP_OFFSET, 0);
    mmio_write(UDMA_UART_BASE + UDMA_UART_SETUP_OFFSET,
               (uint32_t)divider << UDMA_UART_SETUP_CLKDIV_BIT |
                   (DATA_BITS - FEWEST_DATA_BITS) << UDMA_UART_SETUP_BITS_BIT | UDMA_UART_SETUP_TX_EN_MASK |
                   UDMA_UART_SETUP_RX_EN_MASK);
    (void)mmio_read(UDMA_UART_BASE + UDMA_UART_ERROR_OFFSET); /* the read clears it */
    return DRIVER_OK;
}

enum driver_status uart_transmit_submit(struct uart *uart, const void *buffer, size_t length)
{
    if (uart->transmits) {
        return DRIVER_BUSY;
    }
    if (length == 0 || length > UDMA_LONGEST) {
        return DRIVER_BAD_ARGUMENT;
    }
    driver_expect(SOC_EVENT_UART0_TX);
    uart->transmits = true;
    udma_start(TX_CHANNEL, buffer, length, UDMA_BYTES);
    return DRIVER_OK;
}

enum driver_status uart_receive_submit(struct uart *uart, void *buffer, size_t length)
{
    if (uart->receives) {
        return DRIVER_BUSY;
    }
    if (length == 0 || length > UDMA_LONGEST) {
        return DRIVER_BAD_ARGUMENT;
    }
    driver_expect(SOC_EVENT_UART0_RX);
    uart->receives = true;
    udma_start(RX_CHANNEL, buffer, length, UDMA_BYTES);
    return DRIVER_OK;
}

enum driver_status uart_transmit_wait(struct uart *uart)
{
    if (!uart->transmits) {
        return DRIVER_IDLE;
    }
    enum driver_status status = driver_await(uart->style, SOC_EVENT_UART0_TX, TX_CHANNEL);
    memory_barrier();
    uart->transmits = false;
    return status;
}

enum driver_status uart_receive_wait(struct uart *uart)
{
    if (!uart->receives) {
        return DRIVER_IDLE;
    }
    enum driver_status status = driver_await(uart->style, SOC_EVENT_UART0_RX, RX_CHANNEL);
    memory_barrier();
    uart->receives = false;
    return mmio_read(UDMA_UART_BASE + UDMA_UART_ERROR_OFFSET) != 0 ? DRIVER_REFUSED : status;
}
