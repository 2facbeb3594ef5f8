/**
 * @file udma_uart.h
 * UART0 behind the uDMA: transmission in buffers, 8 data bits, no parity, one stop bit.
 *
 * The uDMA reads L2 only, so buffers must not be constants elsewhere (there is no elsewhere here). Reception is not used.
 *
 * No wait is without end: a transmitter that has not fetched a character while 64 could have been sent is stopped, and the
 * function says UDMA_UART_TIMEOUT. What was queued is lost then; udma_uart_init begins anew.
 */
#ifndef HAL_UDMA_UART_H
#define HAL_UDMA_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Result of the functions that wait. */
enum udma_uart_status {
    UDMA_UART_OK = 0,
    UDMA_UART_TIMEOUT = -1, /**< the transmitter stood still */
};

/** Opens the clock gate and sets the bit time to `divider` + 1 peripheral clock cycles (at least 2). */
void udma_uart_init(uint16_t divider);

/** True while a buffer waits behind the one that is being sent: another one would not be accepted. */
bool udma_uart_full(void);

/** True while the channel still fetches characters from a buffer. */
bool udma_uart_busy(void);

/** Waits until the channel has fetched everything: its buffers may be used again. */
enum udma_uart_status udma_uart_wait(void);

/**
 * Queues `length` (at least 1) bytes behind what is being sent, waiting until there is room. Returns before they are
 * sent: the buffer must stay as it is until it has been read, at the latest when udma_uart_busy is false.
 */
enum udma_uart_status udma_uart_start(const void *buffer, size_t length);

/** Sends `length` bytes and returns when the buffer may be used again. */
enum udma_uart_status udma_uart_write(const void *buffer, size_t length);

/** Waits until the last stop bit of everything queued has left the pin. */
enum udma_uart_status udma_uart_drain(void);

#endif
