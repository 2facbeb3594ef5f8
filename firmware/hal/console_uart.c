/**
 * @file console_uart.c
 * Standard output over UART0, in two buffers: one is filled while the uDMA sends the other.
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
} console;

static void send(void)
{
    if (console.length == 0) {
        return;
    }
    if (!console.open) {
        udma_uart_init(BOARD_UART_DIVIDER);
        console.open = true;
    }
    while (udma_uart_busy()) { /* the other buffer becomes the one to fill: it must have been read */
    }
    udma_uart_start(console.buffer[console.active], console.length);
    console.active ^= 1u;
    console.length = 0;
}

static int put(char character, FILE *file)
{
    (void)file;
    console.buffer[console.active][console.length++] = character;
    if (character == '\n' || console.length == BUFFER_SIZE) {
        send();
    }
    return (unsigned char)character;
}

static int flush(FILE *file)
{
    (void)file;
    send();
    return 0;
}

static FILE file = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);
FILE *const stdout = &file;
FILE *const stderr = &file;

void console_drain(void)
{
    send();
    if (console.open) {
        udma_uart_drain();
    }
}
