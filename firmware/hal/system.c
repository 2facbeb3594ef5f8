/**
 * @file system.c
 * The end of a program, and what the C library wants of a system.
 */
#include "system.h"

#include "console.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void exit_program(int code)
{
    bool complete = console_drain();
    core_status_exit(code == 0 && !complete ? EXIT_INCOMPLETE_OUTPUT : code);
}

/** C library's exit: no atexit handlers are supported. */
_Noreturn void _exit(int code)
{
    exit_program(code);
}

/** Called by the C library's abort and failed assertions. */
_Noreturn void abort(void)
{
    exit_program(EXIT_ABORT);
}
