/* libdw of elfutils: DWARF line tables. */
#include <dwarf.h>
#include <elfutils/libdw.h>
