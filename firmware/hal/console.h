/**
 * @file console.h
 * Where standard output goes: exactly one of console_uart.c and console_stdout.c is linked (CONSOLE in the Makefile).
 *
 * Both buffer; a newline, fflush and the end of the program send the buffer out.
 */
#ifndef HAL_CONSOLE_H
#define HAL_CONSOLE_H

#include <stdbool.h>

/** Waits until everything printed has left the chip. False if some of it has not, now or earlier. */
bool console_drain(void);

#endif
