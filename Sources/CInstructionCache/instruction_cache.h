// Makes written code visible to the processor's instruction fetch.
//
// In C because no Swift reaches the instructions that AArch64 has for it (DC CVAU, IC IVAU, DSB, ISB); the compiler's
// builtin carries out the sequence of the Arm Architecture Reference Manual, "Synchronization and coherency issues
// between data and instruction accesses", with the line sizes of CTR_EL0. x86-64 needs none, and gets no instruction.

#ifndef PULPEMU_INSTRUCTION_CACHE_H
#define PULPEMU_INSTRUCTION_CACHE_H

#include <stddef.h>

/// `start`: where the code is executed, which may be another mapping of the pages than it was written through: data
/// caches find a line by its physical address, but instruction caches may be indexed by the virtual one.
static inline void synchronize_instruction_cache(const void *start, size_t size) {
#if defined(__aarch64__)
  // What was written through the other mapping comes before the cleaning through this one.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
  char *first = (char *)start;
  __builtin___clear_cache(first, first + size);
}

#endif
