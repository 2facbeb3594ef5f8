# Start-up of a kernel. The machine's end: PULPissimo's CORESTATUS, or the test device of QEMU's virt board.
# TICK: on PULPissimo, the timer interrupts every so many cycles, and a handler of the size of an RTOS tick runs.
# EVENT: its other half raises a line that nobody has enabled, every so many cycles: something happens, but not to the core.
    .option norelax
    .section .init, "ax"
    .globl _start
_start:
    la    sp, __stack_top
    la    t0, __bss_start
    la    t1, __bss_end
1:  bgeu  t0, t1, 2f
    sw    x0, 0(t0)
    addi  t0, t0, 4
    j     1b
2:
#if !defined(QEMU) && defined(TICK)
    la    t0, vectors
    ori   t0, t0, 1
    csrw  mtvec, t0
    li    t0, 0x1A10B000         # TIMER: compare, then enabled, with interrupt, cleared by the compare
    li    t1, TICK - 1
    sw    t1, 0x10(t0)
    li    t1, 0x15
    sw    t1, 0x00(t0)
    li    t1, EVENT - 1
    sw    t1, 0x14(t0)
    li    t1, 0x15
    sw    t1, 0x04(t0)
    li    t0, 0x1A109804         # FC_ITC: MASK_SET, line 10
    li    t1, 1 << 10
    sw    t1, 0(t0)
    csrs  mie, t1
    csrsi mstatus, 8
#endif
    li    a0, ROUNDS
    call  kernel
    la    t0, result
    sw    a0, 0(t0)
#ifdef QEMU
    mv    s0, a0                 # the checksum in hexadecimal on the UART, then the end
    li    t0, 0x10000000
    li    t1, 28
3:  srl   t2, s0, t1
    andi  t2, t2, 15
    addi  t2, t2, '0'
    li    t3, '9'
    ble   t2, t3, 4f
    addi  t2, t2, 'a' - '0' - 10
4:  sb    t2, 0(t0)
    addi  t1, t1, -4
    bgez  t1, 3b
    li    t0, 0x100000
    li    t1, 0x5555
    sw    t1, 0(t0)
#else
    li    t0, 0x1A1040A0
    li    t1, 0x80000000
    sw    t1, 0(t0)
#endif
5:  j     5b

#if !defined(QEMU) && defined(TICK)
    .balign 256
vectors:
    .rept 32
    j     tick
    .endr
tick:                            # what FreeRTOS saves, a counter, a look at a list, and back
    addi  sp, sp, -128
    sw    ra, 0(sp)
    sw    t0, 4(sp)
    sw    t1, 8(sp)
    sw    t2, 12(sp)
    sw    t3, 16(sp)
    sw    t4, 20(sp)
    sw    t5, 24(sp)
    sw    t6, 28(sp)
    sw    a0, 32(sp)
    sw    a1, 36(sp)
    sw    a2, 40(sp)
    sw    a3, 44(sp)
    sw    a4, 48(sp)
    sw    a5, 52(sp)
    sw    a6, 56(sp)
    sw    a7, 60(sp)
    csrr  t0, mepc
    sw    t0, 64(sp)
    csrr  t0, mstatus
    sw    t0, 68(sp)
    la    t0, ticks
    lw    t1, 0(t0)
    addi  t1, t1, 1
    sw    t1, 0(t0)
    lw    t2, 4(t0)
    bltu  t1, t2, 1f
    addi  t2, t1, 100
    sw    t2, 4(t0)
1:  lw    t0, 68(sp)
    csrw  mstatus, t0
    lw    t0, 64(sp)
    csrw  mepc, t0
    lw    ra, 0(sp)
    lw    t0, 4(sp)
    lw    t1, 8(sp)
    lw    t2, 12(sp)
    lw    t3, 16(sp)
    lw    t4, 20(sp)
    lw    t5, 24(sp)
    lw    t6, 28(sp)
    lw    a0, 32(sp)
    lw    a1, 36(sp)
    lw    a2, 40(sp)
    lw    a3, 44(sp)
    lw    a4, 48(sp)
    lw    a5, 52(sp)
    lw    a6, 56(sp)
    lw    a7, 60(sp)
    addi  sp, sp, 128
    mret
#endif
    .bss
    .balign 4
    .globl result
result: .word 0
    .size result, 4
    .globl ticks
ticks: .word 0, 0
    .size ticks, 8
