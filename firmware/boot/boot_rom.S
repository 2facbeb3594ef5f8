/*
 * The boot ROM: what the core runs after reset, chosen by the boot mode pins (SOC_CTRL.BOOTSEL).
 *
 *   0  on the chip a Forth shell on UART0; this ROM has none and says so
 *   1  sleeps until a debugger takes over
 *   2  loads an image from the serial flash behind chip select 0 of SPI master 0 and jumps to its entry
 *   3  jumps to SOC_CTRL.FC_BOOTADDR, where somebody has put a program
 *
 * Modes, first instructions (mie = all ones), flash layout and the pads that it takes for the flash are those of the
 * chip's own ROM (pulpissimo sw/bootcode: boot_code.c, crt0.S). Layout of the image, 32-bit little-endian words:
 *
 *   0             offset behind the image                       (nextDesc; not used here)
 *   4             n, number of areas, 1 to 16
 *   8             entry
 *   12            value for FC_BOOTADDR
 *   16 + 16 i     area i: offset in the flash, address, bytes, blocks of 4 KiB
 *   16 + 16 n     optional: BOOT_EXTRAS_MAGIC, then for each area the number of zero bytes behind it and its CRC-32
 *   16 + 64 n     CRC-32 of everything before; 0: none
 *
 * The extras lie in what the chip's tools fill with zeros; the chip's ROM looks at neither them nor the CRC, and clears
 * nothing. What the chip's ROM does not do either: checks. A broken image is reported on the virtual stdout, and the
 * program ends with one of the codes below.
 *
 * No instruction is compressed and nothing is relaxed, so that every assembler makes the same bytes of this file.
 * Memory: only a block of STATE_SIZE bytes of L2, in boot mode 2, at a place that the image leaves free. No stack.
 */

#include "fc_itc_regs.h"
#include "pad_cfg_regs.h"
#include "soc_ctrl_regs.h"
#include "stdout_regs.h"
#include "udma_ctrl_regs.h"
#include "udma_spim_regs.h"

/* Exit codes. */
#define BOOT_NO_SHELL 180
#define BOOT_NO_IMAGE 181
#define BOOT_BROKEN_HEADER 182
#define BOOT_BAD_ENTRY 183
#define BOOT_BAD_AREA 184
#define BOOT_BROKEN_AREA 185
#define BOOT_NO_ROOM 186

#define MODE_SHELL 0
#define MODE_DEBUGGER 1
#define MODE_FLASH 2

/* L2 as the address decoder knows it, and its alias at 0 (soc_mem_map.svh). */
#define L2_BASE 0x1C000000
#define L2_SIZE 0x90000
#define ALIAS_SIZE 0x100000

#define MOST_AREAS 16
#define BLOCK_SIZE 4096
/* Three-byte addresses reach 16 MiB. */
#define FLASH_REACH_BIT 24

/* The image's header. */
#define HEADER_AREAS 4
#define HEADER_ENTRY 8
#define HEADER_BOOTADDR 12
#define HEADER_TABLE 16
#define AREA_START 0
#define AREA_ADDRESS 4
#define AREA_BYTES 8
#define AREA_SIZE 16
#define BOOT_EXTRAS_MAGIC 0x4D455042
#define EXTRA_ZEROS 0
#define EXTRA_CRC 4
#define EXTRA_SIZE 8

/* State: the longest header with its CRC, then the commands for the SPI master. */
#define STATE_HEADER_SIZE (HEADER_TABLE + MOST_AREAS * 64 + 4)
#define STATE_COMMANDS 1056
#define STATE_SIZE 1088

/* Commands of the SPI master (udma_spim_ctrl.sv). */
#define SPI_DIVIDER 1 /* SCK = peripheral clock / 2 */
#define SPI_CFG (0x00000000 | SPI_DIVIDER)
#define SPI_WAIT_CYCLES (0x50000100 | 20) /* a new divider takes more than 9 cycles to act */
#define SPI_SOT 0x10000000
#define SPI_SEND_READ (0x20070000 | 0x03)
#define SPI_SEND_16 0x200F0000
#define SPI_SEND_8 0x20070000
#define SPI_RX_BYTES 0x70470000 /* 8 bits a word, 4 words a datum */
#define SPI_EOT_EVENT 0x90000001
#define SPI_COMMANDS_SIZE 32

#define UDMA_ID_SPIM0 1
#define DATUM_32 (UDMA_SPIM_RX_CFG_DATASIZE_SIZE_32 << UDMA_SPIM_RX_CFG_DATASIZE_BIT)

/* Lines of the interrupt controller: edges of the reference clock, end of a command list of SPI master 0. */
#define LINE_REFERENCE_CLOCK 14
#define LINE_SPIM_EOT 30
/* 20 edges at 32768 Hz: the time that a flash needs after power-up. */
#define POWER_UP_EDGES 20

/* Functions of pads (padrick output): data lines of the SPI master. */
#define PAD_QSPIM0_SDIO0 30
#define PAD_QSPIM0_SDIO1 31

        .option norvc
        .option norelax

        .section .vectors, "ax", @progbits
        .globl  _start
boot_vectors:
        .rept   32
        j       boot_return
        .endr
_start:
        j       boot_start              /* 0x80: the reset entry */
boot_forever:
        j       boot_forever            /* 0x84, as in the chip's ROM */
boot_return:
        mret

        .text
boot_start:
        li      t0, -1
        csrw    mie, t0                 /* what programs rely on: the interrupt controller alone masks */
        li      s0, SOC_CTRL_BASE
        lw      t0, SOC_CTRL_BOOTSEL_OFFSET(s0)
        andi    t0, t0, 3
        li      t1, MODE_FLASH
        beq     t0, t1, boot_flash
        bgtu    t0, t1, boot_preloaded
        li      t1, MODE_DEBUGGER
        beq     t0, t1, boot_debugger
        la      a0, text_no_shell
        li      a1, BOOT_NO_SHELL
        j       boot_fail

boot_debugger:
        wfi
        j       boot_debugger

boot_preloaded:
        lw      t0, SOC_CTRL_FC_BOOTADDR_OFFSET(s0)
        jr      t0

/*
 * s0 SOC_CTRL, s1 SPI master, s2 state, s3 number of areas, s4 area in the table, s5 areas left,
 * s6 extras of the area (0: none), s7 FC_ITC, s8 address, s9 bytes
 */
boot_flash:
        li      s1, UDMA_SPIM_BASE
        li      s7, FC_ITC_BASE
        li      s2, L2_BASE
        /* Pads 2 to 5 lead to the flash. P7, where soc_ctrl has no SOC_INFO, has the pins wired. */
        lw      t0, SOC_CTRL_SOC_INFO_OFFSET(s0)
        beqz    t0, 1f
        li      t0, PAD_CFG_BASE
        li      t1, PAD_CFG_PAD_MUX_SEL0_SEL_QSPIM0_SCK
        sw      t1, PAD_CFG_PAD_MUX_SEL2_OFFSET(t0)
        li      t1, PAD_CFG_PAD_MUX_SEL0_SEL_QSPIM0_CSN0
        sw      t1, PAD_CFG_PAD_MUX_SEL3_OFFSET(t0)
        li      t1, PAD_QSPIM0_SDIO0
        sw      t1, PAD_CFG_PAD_MUX_SEL4_OFFSET(t0)
        li      t1, PAD_QSPIM0_SDIO1
        sw      t1, PAD_CFG_PAD_MUX_SEL5_OFFSET(t0)
1:      li      t0, UDMA_CTRL_BASE
        li      t1, 1 << UDMA_ID_SPIM0
        sw      t1, UDMA_CTRL_CG_OFFSET(t0)

        li      s5, POWER_UP_EDGES
1:      li      a0, 1 << LINE_REFERENCE_CLOCK
        jal     t6, wait_for_line
        addi    s5, s5, -1
        bnez    s5, 1b

        jal     ra, read_header
        lw      s3, HEADER_AREAS(s2)
        /* An erased or absent flash reads all ones or all zeros. */
        addi    t0, s3, 1
        li      t1, 1
        bgtu    t0, t1, 1f
        la      a0, text_no_image
        li      a1, BOOT_NO_IMAGE
        j       boot_fail
1:      li      t0, MOST_AREAS
        bgtu    s3, t0, broken_header
        slli    a1, s3, 6
        addi    a1, a1, HEADER_TABLE
        add     t0, s2, a1
        lw      s4, 0(t0)               /* the header's CRC */
        beqz    s4, 1f
        mv      a0, s2
        jal     ra, crc32
        bne     a0, s4, broken_header
1:      lw      t0, HEADER_ENTRY(s2)
        andi    t1, t0, 1
        bnez    t1, bad_entry
        li      t1, L2_BASE
        sub     t0, t0, t1
        li      t1, L2_SIZE
        bgeu    t0, t1, bad_entry

        /* Each area must lie in L2 and in the reach of the read command. */
        jal     t6, first_area
1:      jal     ra, area_extent
        lw      t0, AREA_START(s4)
        lw      t1, AREA_BYTES(s4)
        add     t1, t0, t1
        bltu    t1, t0, bad_area
        srli    t1, t1, FLASH_REACH_BIT
        bnez    t1, bad_area
        jal     t6, next_area
        bnez    s5, 1b

        /* The state moves to where no area will come: behind each area that it meets, until it meets none. */
        li      s10, L2_BASE
2:      jal     t6, first_area
1:      jal     ra, area_extent         /* a0 first address, a1 first one behind */
        addi    t0, s10, STATE_SIZE
        bleu    t0, a0, 3f
        bleu    a1, s10, 3f
        addi    s10, a1, 15
        andi    s10, s10, -16
        li      t0, L2_BASE + L2_SIZE - STATE_SIZE
        bleu    s10, t0, 2b
        la      a0, text_no_room
        li      a1, BOOT_NO_ROOM
        j       boot_fail
3:      jal     t6, next_area
        bnez    s5, 1b
        mv      s2, s10
        jal     ra, read_header

        /* Load. */
        jal     t6, first_area
load_area:
        jal     ra, area_extent
        mv      s8, a0
        lw      s9, AREA_BYTES(s4)
        lw      a0, AREA_START(s4)
        mv      a1, s8
        mv      a2, s9
        jal     ra, flash_read
        beqz    s6, 1f
        add     a0, s8, s9
        lw      a1, EXTRA_ZEROS(s6)
        jal     ra, clear
        mv      a0, s8
        mv      a1, s9
        jal     ra, crc32
        lw      t0, EXTRA_CRC(s6)
        bne     a0, t0, broken_area
1:      jal     t6, next_area
        bnez    s5, load_area

        /* Everything as after reset, but for the pads and FC_BOOTADDR, as the chip leaves it. */
        li      t0, UDMA_CTRL_BASE
        sw      zero, UDMA_CTRL_CG_OFFSET(t0)
        sw      zero, FC_ITC_INT_OFFSET(s7)
        lw      t0, HEADER_BOOTADDR(s2)
        sw      t0, SOC_CTRL_FC_BOOTADDR_OFFSET(s0)
        lw      t0, HEADER_ENTRY(s2)
        jr      t0

/* first_area, next_area (link t6): s4, s5 and s6 for the first or the next area of the table. */
first_area:
        addi    s4, s2, HEADER_TABLE
        mv      s5, s3
        slli    s6, s3, 4
        add     s6, s6, s4              /* behind the table */
        lw      t0, 0(s6)
        li      t1, BOOT_EXTRAS_MAGIC
        addi    s6, s6, 4
        beq     t0, t1, 1f
        li      s6, 0
1:      jr      t6
next_area:
        addi    s4, s4, AREA_SIZE
        addi    s5, s5, -1
        beqz    s6, 1f
        addi    s6, s6, EXTRA_SIZE
1:      jr      t6

/* area_extent: where the area lies in L2, first address a0 and first one behind a1, its zeros included; or bad_area. */
area_extent:
        lw      a0, AREA_ADDRESS(s4)
        lw      t1, AREA_BYTES(s4)
        li      t2, L2_BASE
        li      t3, ALIAS_SIZE
        bgeu    a0, t3, 1f
        add     a0, a0, t2
1:      sub     t0, a0, t2              /* offset in L2, then the room behind it */
        li      t3, L2_SIZE
        bgtu    t0, t3, bad_area
        sub     t0, t3, t0
        bgtu    t1, t0, bad_area
        sub     t0, t0, t1
        add     a1, a0, t1
        beqz    s6, 1f
        lw      t1, EXTRA_ZEROS(s6)
        bgtu    t1, t0, bad_area
        add     a1, a1, t1
1:      ret

read_header:
        li      a0, 0
        mv      a1, s2
        li      a2, STATE_HEADER_SIZE
        /* falls through */

/* flash_read: copies a2 bytes from offset a0 of the flash to a1 in L2. */
flash_read:
        beqz    a2, 4f
        li      a3, BLOCK_SIZE
        bgeu    a2, a3, 1f
        mv      a3, a2
1:      addi    t0, s2, STATE_COMMANDS
        li      t1, SPI_CFG
        sw      t1, 0(t0)
        li      t1, SPI_WAIT_CYCLES
        sw      t1, 4(t0)
        li      t1, SPI_SOT
        sw      t1, 8(t0)
        li      t1, SPI_SEND_READ
        sw      t1, 12(t0)
        srli    t1, a0, 8
        li      t2, SPI_SEND_16
        or      t1, t1, t2
        sw      t1, 16(t0)
        andi    t1, a0, 0xFF
        li      t2, SPI_SEND_8
        or      t1, t1, t2
        sw      t1, 20(t0)
        /* Whole data: what is received within one that is not complete would not be handed over. */
        addi    t1, a3, 3
        andi    t1, t1, -4
        addi    t1, t1, -1
        li      t2, SPI_RX_BYTES
        or      t1, t1, t2
        sw      t1, 24(t0)
        li      t1, SPI_EOT_EVENT
        sw      t1, 28(t0)

        li      a4, 1 << LINE_SPIM_EOT
        sw      a4, FC_ITC_INT_CLR_OFFSET(s7)
        sw      a1, UDMA_SPIM_RX_SADDR_OFFSET(s1)
        sw      a3, UDMA_SPIM_RX_SIZE_OFFSET(s1)
        li      t1, UDMA_SPIM_RX_CFG_EN_MASK | DATUM_32
        sw      t1, UDMA_SPIM_RX_CFG_OFFSET(s1)
        sw      t0, UDMA_SPIM_CMD_SADDR_OFFSET(s1)
        li      t1, SPI_COMMANDS_SIZE
        sw      t1, UDMA_SPIM_CMD_SIZE_OFFSET(s1)
        li      t1, UDMA_SPIM_CMD_CFG_EN_MASK | DATUM_32
        sw      t1, UDMA_SPIM_CMD_CFG_OFFSET(s1)
        mv      t5, a0
        mv      a0, a4
        jal     t6, wait_for_line
        mv      a0, t5
        /* The end of the list may come before the last data have reached L2. */
3:      lw      t0, UDMA_SPIM_RX_CFG_OFFSET(s1)
        andi    t0, t0, UDMA_SPIM_RX_CFG_EN_MASK
        bnez    t0, 3b
        add     a0, a0, a3
        add     a1, a1, a3
        sub     a2, a2, a3
        j       flash_read
4:      ret

/* wait_for_line (link t6): sleeps until the line of mask a0 is pending, and takes it back. Interrupts are off. */
wait_for_line:
        sw      a0, FC_ITC_MASK_SET_OFFSET(s7)
1:      lw      t0, FC_ITC_INT_OFFSET(s7)
        and     t0, t0, a0
        bnez    t0, 2f
        wfi
        j       1b
2:      sw      a0, FC_ITC_MASK_CLR_OFFSET(s7)
        sw      a0, FC_ITC_INT_CLR_OFFSET(s7)
        jr      t6

/* clear: a1 bytes of 0 from a0 on. */
clear:
        add     a1, a0, a1
1:      bgeu    a0, a1, 3f
        andi    t0, a0, 3
        bnez    t0, 2f
        addi    t0, a0, 4
        bgtu    t0, a1, 2f
        sw      zero, 0(a0)
        mv      a0, t0
        j       1b
2:      sb      zero, 0(a0)
        addi    a0, a0, 1
        j       1b
3:      ret

/* crc32: of a1 bytes at a0, in a0. */
crc32:
        add     a1, a0, a1
        la      t1, crc_table
        li      t0, -1
1:      bgeu    a0, a1, 2f
        lbu     t2, 0(a0)
        addi    a0, a0, 1
        xor     t0, t0, t2
        .rept   2
        andi    t2, t0, 15
        slli    t2, t2, 2
        add     t2, t2, t1
        lw      t2, 0(t2)
        srli    t0, t0, 4
        xor     t0, t0, t2
        .endr
        j       1b
2:      not     a0, t0
        ret

/* What is wrong with the image. */
broken_header:
        la      a0, text_broken_header
        li      a1, BOOT_BROKEN_HEADER
        j       boot_fail
bad_entry:
        la      a0, text_bad_entry
        li      a1, BOOT_BAD_ENTRY
        j       boot_fail
bad_area:
        la      a2, text_bad_area
        li      a1, BOOT_BAD_AREA
        j       1f
broken_area:
        la      a2, text_broken_area
        li      a1, BOOT_BROKEN_AREA
1:      la      a0, text_area
        jal     ra, print
        /* Its number, counted from 0: at most 15. */
        sub     t0, s3, s5
        li      t1, 10
        bltu    t0, t1, 2f
        li      t2, '1'
        sw      t2, 0(t4)
        addi    t0, t0, -10
2:      addi    t0, t0, '0'
        sw      t0, 0(t4)
        mv      a0, a2
        /* falls through */

/* boot_fail: prints the text at a0 and ends with exit code a1. */
boot_fail:
        jal     ra, print
        li      t0, SOC_CTRL_CORESTATUS_EOC_MASK
        or      a1, a1, t0
        sw      a1, SOC_CTRL_CORESTATUS_OFFSET(s0)
1:      wfi
        j       1b

/* print: the text at a0; t4 = where the virtual stdout takes characters, afterwards too. */
print:
        li      t4, STDOUT_BASE + STDOUT_FC_CHARACTER_OFFSET
1:      lbu     t0, 0(a0)
        beqz    t0, 2f
        sw      t0, 0(t4)
        addi    a0, a0, 1
        j       1b
2:      ret

        .section .rodata, "a", @progbits
        .balign 4
crc_table:                              /* CRC-32 (IEEE 802.3), four bits at a time */
        .word   0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C
        .word   0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C
text_no_shell:
        .asciz  "boot ROM: boot mode 0 is a shell on the UART, which this ROM does not have\n"
text_no_image:
        .asciz  "boot ROM: no image in the SPI flash: its header is erased or no flash answers\n"
text_broken_header:
        .asciz  "boot ROM: the header of the image in the SPI flash is broken\n"
text_bad_entry:
        .asciz  "boot ROM: the entry of the image in the SPI flash is not in L2\n"
text_no_room:
        .asciz  "boot ROM: the image leaves no 1088 bytes of L2 free for loading it\n"
text_area:
        .asciz  "boot ROM: area "
text_bad_area:
        .asciz  " of the image in the SPI flash does not fit L2 or the flash\n"
text_broken_area:
        .asciz  " of the image in the SPI flash is broken: wrong CRC\n"
