// What the suite's macros mean on pulpemu; with -DQEMU on QEMU's `virt`, where the signature is printed raw by the UART.
#ifndef _COMPLIANCE_MODEL_H
#define _COMPLIANCE_MODEL_H
#define RVMODEL_DATA_SECTION .pushsection .tohost, "aw", @progbits; .align 8; .global tohost; tohost: .dword 0; \
  .align 8; .global fromhost; fromhost: .dword 0; .popsection;
#ifdef QEMU
#define RVMODEL_HALT la t0, begin_signature; la t1, end_signature; li t2, 0x10000000; \
  90: bgeu t0, t1, 93f; lbu t3, 0(t0); addi t0, t0, 1; \
  91: lbu t4, 5(t2); andi t4, t4, 0x20; beqz t4, 91b; sb t3, 0(t2); j 90b; \
  93: li t0, 0x100000; li t1, 0x5555; sw t1, 0(t0); 94: j 94b;
#else
#define RVMODEL_HALT li t0, 1; la t1, tohost; sw t0, 0(t1); 90: j 90b;
#endif
#define RVMODEL_MTVEC_ALIGN 8
#define RVMODEL_BOOT
#define RVMODEL_DATA_BEGIN RVMODEL_DATA_SECTION .align 4; .global begin_signature; begin_signature:
#define RVMODEL_DATA_END .align 4; .global end_signature; end_signature:
#define RVMODEL_IO_INIT
#define RVMODEL_IO_WRITE_STR(_R, _STR)
#define RVMODEL_IO_CHECK()
#define RVMODEL_IO_ASSERT_GPR_EQ(_S, _R, _I)
#define RVMODEL_IO_ASSERT_SFPR_EQ(_F, _R, _I)
#define RVMODEL_IO_ASSERT_DFPR_EQ(_D, _R, _I)
#define RVMODEL_SET_MSW_INT
#define RVMODEL_CLEAR_MSW_INT
#define RVMODEL_CLEAR_MTIMER_INT
#define RVMODEL_CLEAR_MEXT_INT
#endif
