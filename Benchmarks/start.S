# Start-up of a kernel. The machine's end: PULPissimo's CORESTATUS, or the test device of QEMU's virt board.
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
2:  li    a0, ROUNDS
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
    .bss
    .balign 4
    .globl result
result: .word 0
    .size result, 4
