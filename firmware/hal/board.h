/**
 * @file board.h
 * What the firmware assumes of the board: clock frequency and baud rate.
 */
#ifndef HAL_BOARD_H
#define HAL_BOARD_H

/** Peripheral clock after reset; nobody programs the FLLs. */
#ifndef BOARD_PERIPHERAL_CLOCK_HZ
#define BOARD_PERIPHERAL_CLOCK_HZ 50000000u
#endif

#ifndef BOARD_UART_BAUD
#define BOARD_UART_BAUD 1000000u
#endif

/** A bit lasts divider + 1 cycles of the peripheral clock. */
#define BOARD_UART_DIVIDER ((BOARD_PERIPHERAL_CLOCK_HZ + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD - 1u)

_Static_assert(BOARD_UART_DIVIDER >= 2u && BOARD_UART_DIVIDER <= 0xFFFFu, "the UART cannot make this baud rate");

#endif
