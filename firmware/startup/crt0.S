/*
 * Start-up code: from the first instruction to main, and the end of the program.
 *
 * The loader has placed all initialised sections; registers and unloaded memory are arbitrary. Everything that the C
 * environment needs is made here: gp, sp, tp (errno of the C library is thread-local), the vector table, running
 * cycle and instruction counters, cleared .bss sections. Not done: clocks (the FLLs keep their reset frequency).
 */

#include "soc_ctrl_regs.h"

/* mcountinhibit: 0 lets mcycle, minstret and mhpmcounter3 run. mtvec bit 0: vectored. */
#define MTVEC_VECTORED 1

        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        .option push
        .option norelax
        la      gp, __global_pointer$
        .option pop
        la      sp, __stack_top
        la      tp, __tls_base
        csrci   mstatus, 8              /* MIE = 0: interrupts wait until a driver wants them */
        csrw    mie, zero
        la      t0, __vectors + MTVEC_VECTORED
        csrw    mtvec, t0
        csrw    mcountinhibit, zero

        la      a0, __bss_start
        la      a1, __bss_end
        call    clear
        la      a0, __l2_bss_start
        la      a1, __l2_bss_end
        call    clear

        la      s0, __init_array_start
        la      s1, __init_array_end
        j       2f
1:      lw      t0, 0(s0)
        addi    s0, s0, 4
        jalr    t0
2:      bltu    s0, s1, 1b

        li      a0, 0
        li      a1, 0
        call    main
        tail    exit_program
        .size   _start, . - _start

/* Clears [a0, a1), both 16-byte aligned by the linker script. */
        .type   clear, @function
clear:
        beq     a0, a1, 2f
1:      sw      zero, 0(a0)
        sw      zero, 4(a0)
        sw      zero, 8(a0)
        sw      zero, 12(a0)
        addi    a0, a0, 16
        bltu    a0, a1, 1b
2:      ret
        .size   clear, . - clear

/*
 * void core_status_exit(int code): reports the exit code and sleeps. The store with bit 31 set ends the simulation;
 * on silicon the loop keeps the core asleep until a debugger takes over.
 */
        .globl  core_status_exit
        .type   core_status_exit, @function
core_status_exit:
        csrci   mstatus, 8
        li      t0, SOC_CTRL_CORESTATUS_EOC_MASK
        or      a0, a0, t0
        li      t1, SOC_CTRL_BASE
        sw      a0, SOC_CTRL_CORESTATUS_OFFSET(t1)
1:      wfi
        j       1b
        .size   core_status_exit, . - core_status_exit
