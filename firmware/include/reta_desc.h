/**
 * @file reta_desc.h
 * RETA's descriptor: 16 words that a register job writes to JOB0..JOB15 and a command list keeps in memory.
 *
 * The only place where the format is written down (RETA specification, section 5). Registers: reta_regs.h.
 */
#ifndef RETA_DESC_H
#define RETA_DESC_H

#include <stdint.h>

enum { RETA_DESC_WORDS = 16, RETA_DESC_BYTES = 64 };

/** One descriptor. Lists are arrays of these in interleaved L2. */
struct reta_desc {
    uint32_t word[RETA_DESC_WORDS];
};
_Static_assert(sizeof(struct reta_desc) == RETA_DESC_BYTES, "the sequencer steps by 64 bytes");

/** What each word holds. */
enum reta_desc_word {
    RETA_WORD_HEADER = 0,
    RETA_WORD_SELECT = 1,
    RETA_WORD_ROWS_COLUMNS = 2,
    RETA_WORD_INNER_XS = 3,
    RETA_WORD_WS_BS = 4,
    RETA_WORD_ZS_YS = 5,
    RETA_WORD_X = 6,
    RETA_WORD_W = 7,
    RETA_WORD_B = 8,
    RETA_WORD_A = 9,
    RETA_WORD_L = 10,
    RETA_WORD_Z = 11,
    RETA_WORD_Y = 12,
    RETA_WORD_REQUANT = 13,
    RETA_WORD_STAGE = 14,
    RETA_WORD_DECAY = 15,
    /* CTRL */
    RETA_WORD_COUNT = 2,
    RETA_WORD_TARGET = 3,
    RETA_WORD_BREAK_POINTER = 4,
    RETA_WORD_BREAK_VALUE = 5,
    RETA_WORD_MODE = 6,
    RETA_WORD_VALUE1 = 9,
};

/** Header, bits 3:0. */
enum reta_op {
    RETA_OP_LINEAR = 1,
    RETA_OP_RETENTION = 2,
    RETA_OP_NORM = 3,
    RETA_OP_MAP = 4,
    RETA_OP_CTRL = 8,
    RETA_OP_LIST = 15,
};

/** Header, bits 7:6: activation. */
enum reta_act { RETA_ACT_NONE = 0, RETA_ACT_RELU = 1, RETA_ACT_LUT = 2 };

/** Header, bits 9:8: element-wise operation with Z. */
enum reta_elt { RETA_ELT_NONE = 0, RETA_ELT_ADD = 1, RETA_ELT_MULTIPLY = 2 };

/** Header, bits 11:10: what LINEAR writes. */
enum reta_out { RETA_OUT_INT8 = 0, RETA_OUT_INT32 = 1, RETA_OUT_ARGMAX = 2 };

/** Header: flags in place. */
#define RETA_HDR_END    (1u << 4)
#define RETA_HDR_EVT    (1u << 5)
#define RETA_HDR_BIAS   (1u << 12) /* LINEAR */
#define RETA_HDR_ROT    (1u << 12) /* RETENTION */
#define RETA_HDR_IDX    (1u << 12) /* MAP */
#define RETA_HDR_BRK    (1u << 12) /* CTRL */
#define RETA_HDR_RESUME (1u << 12) /* LIST */
#define RETA_HDR_NRM    (1u << 13)
#define RETA_HDR_LOAD   (1u << 14)
#define RETA_HDR_STORE  (1u << 15)
#define RETA_HDR_MEAN   (1u << 16)

/** Header: positions of the fields. */
enum {
    RETA_HDR_OP_BIT = 0,
    RETA_HDR_ACT_BIT = 6,
    RETA_HDR_ELT_BIT = 8,
    RETA_HDR_OUT_BIT = 10,
    RETA_HDR_HEADS_BIT = 20, /* RETENTION: heads - 1 */
    RETA_HDR_COUNTER_BIT = 20, /* CTRL */
    RETA_HDR_CHUNK_BIT = 24,
};

/** Word 13. */
enum { RETA_REQUANT_MUL_BIT = 0, RETA_REQUANT_SH_BIT = 16, RETA_REQUANT_ESH_BIT = 24 };

/** Word 14. */
enum { RETA_STAGE_MA_BIT = 0, RETA_STAGE_MB_BIT = 16 };

/** Word 1: nibble of each pointer; its value 1..7 names the base register that is added, 0 none. */
enum reta_select {
    RETA_SELECT_X = 0,
    RETA_SELECT_W = 1,
    RETA_SELECT_B = 2,
    RETA_SELECT_A = 3,
    RETA_SELECT_L = 4,
    RETA_SELECT_Z = 5,
    RETA_SELECT_Y = 6,
    RETA_SELECT_POS = 7,
};

/** CTRL, word 6: what happens to a base register. */
enum reta_base_mode { RETA_BASE_KEEP = 0, RETA_BASE_SET = 1, RETA_BASE_ADD = 2 };

/** CTRL: a loop count that never ends. */
#define RETA_COUNT_FOREVER 0xFFFFFFFFu

/** Limits of version 1.0 (CAP1 and CAP2 read the same). */
enum {
    RETA_MAX_HEAD = 64,
    RETA_MAX_CHUNK = 64,
    RETA_MAX_HEADS = 8,
    RETA_MAX_GROUP = 1024,
    RETA_MAX_DIMENSION = 65535,
    RETA_BASES = 7,
    RETA_COUNTERS = 4,
    RETA_CONTEXTS = 2,
    RETA_LUT_BYTES = 256,
};

#endif
