/**
 * @file system.h
 * The program's end, and exit codes that the runtime itself uses.
 */
#ifndef HAL_SYSTEM_H
#define HAL_SYSTEM_H

/** Exit codes of the runtime. Programs use 0 for success and small positive codes. */
enum {
    /** In the place of 0: the program is done, but not all that it has printed has left the chip. */
    EXIT_INCOMPLETE_OUTPUT = 189,
    EXIT_UNEXPECTED_INTERRUPT = 190,
    EXIT_ABORT = 191,
    /** Plus mcause. */
    EXIT_EXCEPTION = 192,
};

/** Sends out what is buffered, waits until the last character has left the chip, and ends the program. */
_Noreturn void exit_program(int code);

/** Ends the program at once (startup/crt0.S): a store to CORESTATUS, then sleep. */
_Noreturn void core_status_exit(int code);

#endif
