/* libelf of elfutils, and the fixed-width ELF types. */
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
