/*
 * Vector table and trap entry.
 *
 * mtvec is vectored: interrupt n enters at 4*n, exceptions enter at 0. Each entry jumps to `irq_vector_n`. That is a
 * weak name for the common entry, which saves the caller-saved registers and calls the handler that irq.c registered;
 * a driver that defines `irq_vector_n` itself (a C function with the attribute `interrupt`) is entered directly
 * from the table, without a table look-up, and saves only the registers that it uses (hal/soc_event.c does).
 * The hardware clears the pending bit when it takes an interrupt: handlers need not.
 */

        .section .vectors, "ax", @progbits
        .option push
        .option norvc
        .option norelax
        .balign 256
        .globl  irq_vectors
irq_vectors:
        j       trap_entry_0
        .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        .weak   irq_vector_\n
        j       irq_vector_\n
        .endr
        .option pop

        .section .text.vectors, "ax", @progbits

/* Entry 0 is shared by all exceptions and by interrupt line 0 (which only software can raise). */
        .balign 4
trap_entry_0:
        csrw    mscratch, t0
        csrr    t0, mcause
        bgez    t0, exception_entry
        csrr    t0, mscratch
        /* falls through: line 0 is an interrupt like the others */

        .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        .set    irq_vector_\n, irq_entry
        .endr

/* For debuggers: the frame that has been interrupted goes on at mepc (DWARF register 4096 + 0x341). */
        .cfi_sections .debug_frame
irq_entry:
        .cfi_startproc
        .cfi_signal_frame
        .cfi_return_column 4929
        addi    sp, sp, -64
        .cfi_def_cfa_offset 64
        sw      ra, 0(sp)
        sw      t0, 4(sp)
        sw      t1, 8(sp)
        sw      t2, 12(sp)
        sw      a0, 16(sp)
        sw      a1, 20(sp)
        sw      a2, 24(sp)
        sw      a3, 28(sp)
        sw      a4, 32(sp)
        sw      a5, 36(sp)
        sw      a6, 40(sp)
        sw      a7, 44(sp)
        sw      t3, 48(sp)
        sw      t4, 52(sp)
        sw      t5, 56(sp)
        sw      t6, 60(sp)
        .cfi_offset ra, -64
        .cfi_offset t0, -60
        .cfi_offset t1, -56
        .cfi_offset t2, -52
        .cfi_offset a0, -48
        .cfi_offset a1, -44
        .cfi_offset a2, -40
        .cfi_offset a3, -36
        .cfi_offset a4, -32
        .cfi_offset a5, -28
        .cfi_offset a6, -24
        .cfi_offset a7, -20
        .cfi_offset t3, -16
        .cfi_offset t4, -12
        .cfi_offset t5, -8
        .cfi_offset t6, -4
        csrr    a0, mcause
        slli    a1, a0, 2               /* bit 31 of mcause leaves, the line number becomes a table offset */
        la      a2, irq_handlers
        add     a1, a1, a2
        lw      a1, 0(a1)
        andi    a0, a0, 31
        jalr    a1
        lw      ra, 0(sp)
        lw      t0, 4(sp)
        lw      t1, 8(sp)
        lw      t2, 12(sp)
        lw      a0, 16(sp)
        lw      a1, 20(sp)
        lw      a2, 24(sp)
        lw      a3, 28(sp)
        lw      a4, 32(sp)
        lw      a5, 36(sp)
        lw      a6, 40(sp)
        lw      a7, 44(sp)
        lw      t3, 48(sp)
        lw      t4, 52(sp)
        lw      t5, 56(sp)
        lw      t6, 60(sp)
        addi    sp, sp, 64
        mret
        .cfi_endproc

/* An exception is a programming error: report it on a fresh stack (the old one may be the reason) and end. */
exception_entry:
        csrr    a0, mcause
        csrr    a1, mepc
        mv      a2, ra
        mv      a3, sp
        la      sp, __stack_top
        tail    exception_report
