/**
 * @file console_uart.c
 * Standard output over UART0, in two buffers: one is filled while the uDMA sends the other.
 *
 * A UART that stands still costs what was to be sent; the next buffer tries again from the initialisation on. That
 * something is missing shows in what printf and fflush return, and in the exit code of the program (system.c).
 */
#include "board.h"
#include "console.h"
#include "udma_uart.h"

#include <stdio.h>

enum { BUFFER_SIZE = 128 };

static struct {
    char buffer[2][BUFFER_SIZE];
    unsigned active;
    unsigned length;
    bool open;
    bool incomplete; /* something printed has not been sent */
} console;

static bool lose(void)
{
    console.open = false;
    console.incomplete = true;
    return false;
}

static bool send(void)
{
    if (console.length == 0) {
        return true;
    }
    if (!console.open) {
        udma_uart_init(BOARD_UART_DIVIDER);
        console.open = true;
    }
    size_t length = console.length;
    console.length = 0;
    /* The other buffer becomes the one to fill: it must have been read. */
    if (udma_uart_wait() != UDMA_UART_OK || udma_uart_start(console.buffer[console.active], length) != UDMA_UART_OK) {
        return lose();
    }
    console.active ^= 1u;
    return true;
}

static int put(char character, FILE *file)
{
    (void)file;
    console.buffer[console.active][console.length++] = character;
    if ((character == '\n' || console.length == BUFFER_SIZE) && !send()) {
        return EOF;
    }
    return (unsigned char)character;
}

static int flush(FILE *file)
{
    (void)file;
    return send() ? 0 : EOF;
}

static FILE file = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);
FILE *const stdout = &file;
FILE *const stderr = &file;

bool console_drain(void)
{
    send();
    if (console.open && udma_uart_drain() != UDMA_UART_OK) {
        lose();
    }
    return !console.incomplete;
}
