/**
 * @file uart.h
 * UART0 in both directions, 8 data bits, no parity, one stop bit. Programs that use it print elsewhere (CONSOLE stdout).
 */
#ifndef PULP_UART_H
#define PULP_UART_H

#include "driver.h"

/** The driver's state. */
struct uart {
    const struct driver_style *style;
    bool transmits; /**< a buffer was submitted for sending */
    bool receives;  /**< a buffer was submitted for receiving */
};

/** Opens the UART; a bit lasts divider + 1 peripheral clock cycles (at least 3). */
enum driver_status uart_init(struct uart *uart, const struct driver_style *style, uint16_t divider);

/** Starts to send `length` bytes. */
enum driver_status uart_transmit_submit(struct uart *uart, const void *buffer, size_t length);

/** Starts to receive `length` bytes. */
enum driver_status uart_receive_submit(struct uart *uart, void *buffer, size_t length);

/** Waits until the buffer has been fetched; its last characters are still on their way. */
enum driver_status uart_transmit_wait(struct uart *uart);

/**
 * Waits until all bytes are there. DRIVER_REFUSED if characters were lost or had wrong parity meanwhile, DRIVER_TIMEOUT if
 * none came for too long (driver_patience).
 */
enum driver_status uart_receive_wait(struct uart *uart);

#endif
