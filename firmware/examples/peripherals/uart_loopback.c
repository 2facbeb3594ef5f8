/**
 * @file uart_loopback.c
 * UART0 with its transmit pin wired to its receive pin (boards/loopback.yaml): a buffer of every byte value goes out
 * and comes back. Prints by the virtual stdout.
 */
#include "board.h"
#include "check.h"
#include "uart.h"

#include <string.h>

enum { LENGTH = 256 };

static uint8_t sent[LENGTH], received[LENGTH];

static void run(const struct driver_style *style)
{
    static struct uart uart;
    memset(received, 0, sizeof received);
    check(style->name, "a divider that the receiver cannot do is refused",
          uart_init(&uart, style, 1) == DRIVER_BAD_ARGUMENT);
    if (!check_status(style->name, "init", uart_init(&uart, style, BOARD_UART_DIVIDER))) {
        return;
    }
    check(style->name, "nothing to wait for", uart_receive_wait(&uart) == DRIVER_IDLE);
    check_status(style->name, "receive", uart_receive_submit(&uart, received, sizeof received));
    check_status(style->name, "transmit", uart_transmit_submit(&uart, sent, sizeof sent));
    check(style->name, "a second buffer is refused", uart_transmit_submit(&uart, sent, 1) == DRIVER_BUSY);
    check_status(style->name, "transmit wait", uart_transmit_wait(&uart));
    check_status(style->name, "receive wait", uart_receive_wait(&uart));
    check(style->name, "all byte values came back", memcmp(sent, received, sizeof sent) == 0);
}

int main(void)
{
    for (unsigned i = 0; i < LENGTH; i++) {
        sent[i] = (uint8_t)(i * 7u);
    }
    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        check_restart();
        run(check_styles[i]);
    }
    return check_failures;
}
