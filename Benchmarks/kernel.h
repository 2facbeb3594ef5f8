/* A kernel: does `rounds` rounds of its work and returns a checksum, which both machines must agree on. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stdint.h>
uint32_t kernel(uint32_t rounds);
#endif
