/**
 * @file console_stdout.c
 * Standard output on the test bench's virtual stdout: a store a character, no hardware behind it.
 */
#include "console.h"
#include "mmio.h"
#include "stdout_regs.h"

#include <stdio.h>

static int put(char character, FILE *file)
{
    (void)file;
    mmio_write(STDOUT_BASE + STDOUT_FC_CHARACTER_OFFSET, (unsigned char)character);
    return (unsigned char)character;
}

static FILE file = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &file;
FILE *const stderr = &file;

bool console_drain(void)
{
    return true;
}
