/**
 * @file reta_build.h
 * Builds RETA descriptors from named parameters.
 *
 * A descriptor is data: it can be submitted as a register job (reta.h) or stored in a command list. The hardware checks
 * every descriptor before it runs; the RETA_CHECK macros find the same errors at compile time where shapes are constants.
 */
#ifndef RETA_BUILD_H
#define RETA_BUILD_H

#include "mmio.h"
#include "reta_desc.h"

#include <stdbool.h>

/** Head size: a multiple of 4 up to 64. */
#define RETA_CHECK_HEAD(size) \
    _Static_assert((size) >= 4 && (size) <= RETA_MAX_HEAD && (size) % 4 == 0, "RETENTION: head size 4..64, multiple of 4")
/** Number of heads of one descriptor. */
#define RETA_CHECK_HEADS(heads) _Static_assert((heads) >= 1 && (heads) <= RETA_MAX_HEADS, "RETENTION: 1..8 heads")
/** Chunk length. */
#define RETA_CHECK_CHUNK(chunk) _Static_assert((chunk) >= 1 && (chunk) <= RETA_MAX_CHUNK, "RETENTION: chunk length 1..64")
/** Normalised groups of `group` in a row of `columns`. */
#define RETA_CHECK_GROUP(columns, group)                                                            \
    _Static_assert((group) >= 1 && (group) <= RETA_MAX_GROUP && (columns) % (group) == 0, \
                   "NORM: group length 1..1024 that divides the row")
/** A dimension of LINEAR or MAP. */
#define RETA_CHECK_DIMENSION(n) _Static_assert((n) >= 1 && (n) <= RETA_MAX_DIMENSION, "RETA: dimension 1..65535")
/** A row stride in bytes. */
#define RETA_CHECK_STRIDE(bytes) \
    _Static_assert((bytes) >= 0 && (bytes) <= 65532 && (bytes) % 4 == 0, "RETA: stride 0..65532, multiple of 4")

/** A tensor: rows of contiguous elements, `stride` bytes apart, at `address` plus base register `base` (0: none). */
struct reta_tensor {
    uint32_t address;
    uint16_t stride;
    uint8_t base;
};

/** The tensor at `start`. */
static inline struct reta_tensor reta_at(const volatile void *start, unsigned stride)
{
    return (struct reta_tensor){.address = bus_address(start), .stride = (uint16_t)stride};
}

/** The tensor at byte `offset` from where base register `base` points. */
static inline struct reta_tensor reta_from_base(unsigned base, uint32_t offset, unsigned stride)
{
    return (struct reta_tensor){.address = offset, .stride = (uint16_t)stride, .base = (uint8_t)base};
}

/** Requantisation (or norm scale): multiplier and shift. */
struct reta_requant {
    uint16_t mul;
    uint8_t sh;
};

/** The output stage that LINEAR, RETENTION, NORM and MAP share: activation, then a combination with Z. */
struct reta_stage {
    enum reta_act act;
    struct reta_tensor lut; /**< 256 bytes, for RETA_ACT_LUT */
    enum reta_elt elt;
    struct reta_tensor z;
    uint16_t ma, mb;
    uint8_t esh;
};

/** Y[rows][columns] = X[rows][inner] . W[columns][inner]^T + B[columns] */
struct reta_linear {
    unsigned rows, columns, inner;
    struct reta_tensor x, w, b, y;
    bool bias;
    enum reta_out out;
    struct reta_requant requant;
    struct reta_stage stage;
};

/** Multi-scale retention of `heads` heads; q, k, v rows are head-major. */
struct reta_retention {
    unsigned rows, heads, dk, dv, chunk;
    struct reta_tensor q, k, v, y;
    struct reta_tensor state; /**< int32 [heads][dk][dv], for load and store */
    struct reta_tensor theta; /**< uint32 [dk/2], for rotate */
    bool rotate, norm, mean, load, store;
    uint8_t position_base; /**< base register that holds the position of the first row; 0: position 0 */
    uint32_t decay;        /**< decay shift of head h in bits 4h+3:4h */
    struct reta_requant requant;
    struct reta_stage stage; /**< no activation allowed */
};

/** Normalises groups of `group` values in rows of `columns`. */
struct reta_norm {
    unsigned rows, columns, group;
    struct reta_tensor x, y;
    bool mean;
    struct reta_requant requant;
    struct reta_stage stage;
};

/** Copies, gathers (with `index`), rescales or combines rows. */
struct reta_map {
    unsigned rows, columns;
    struct reta_tensor x, y;
    bool gather;
    struct reta_tensor index; /**< uint32 [rows], for gather */
    unsigned table_rows;      /**< rows of the table at x, for gather; a greater index gives a row of zeros */
    struct reta_requant requant;
    struct reta_stage stage;
};

/** Changes base registers, then loops or goes on. */
struct reta_ctrl {
    uint32_t count;  /**< the body before this descriptor runs so often; 0: no branch */
    unsigned counter; /**< CNT register of the loop */
    const struct reta_desc *target;
    struct {
        enum reta_base_mode mode;
        uint32_t value;
    } base[RETA_BASES + 1]; /**< [0] is not used */
    const volatile uint32_t *break_word; /**< NULL: none. Leaves the loop when the word has this value */
    uint32_t break_value;
};

static inline uint32_t reta_pack(unsigned low, unsigned high)
{
    return (low & 0xFFFFu) | (uint32_t)high << 16;
}

static inline uint32_t reta_select(struct reta_tensor tensor, enum reta_select pointer)
{
    return (uint32_t)tensor.base << 4u * pointer;
}

/** Fills the fields of the output stage, the same for all data opcodes. */
static inline void reta_put_stage(struct reta_desc *desc, struct reta_requant requant, const struct reta_stage *stage,
                                  struct reta_tensor y)
{
    uint32_t *w = desc->word;
    w[RETA_WORD_HEADER] |= (uint32_t)stage->act << RETA_HDR_ACT_BIT | (uint32_t)stage->elt << RETA_HDR_ELT_BIT;
    w[RETA_WORD_SELECT] |= reta_select(stage->z, RETA_SELECT_Z) | reta_select(y, RETA_SELECT_Y);
    w[RETA_WORD_ZS_YS] = reta_pack(stage->z.stride, y.stride);
    w[RETA_WORD_Z] = stage->z.address;
    w[RETA_WORD_Y] = y.address;
    w[RETA_WORD_REQUANT] = (uint32_t)requant.mul << RETA_REQUANT_MUL_BIT | (uint32_t)requant.sh << RETA_REQUANT_SH_BIT |
                           (uint32_t)stage->esh << RETA_REQUANT_ESH_BIT;
    w[RETA_WORD_STAGE] = (uint32_t)stage->ma << RETA_STAGE_MA_BIT | (uint32_t)stage->mb << RETA_STAGE_MB_BIT;
    if (stage->act == RETA_ACT_LUT) {
        w[RETA_WORD_SELECT] |= reta_select(stage->lut, RETA_SELECT_L);
        w[RETA_WORD_L] = stage->lut.address;
    }
}

/** Builds a LINEAR descriptor. */
static inline struct reta_desc reta_build_linear(const struct reta_linear *p)
{
    struct reta_desc desc = {{0}};
    uint32_t *w = desc.word;
    w[RETA_WORD_HEADER] = RETA_OP_LINEAR | (uint32_t)p->out << RETA_HDR_OUT_BIT | (p->bias ? RETA_HDR_BIAS : 0);
    w[RETA_WORD_SELECT] = reta_select(p->x, RETA_SELECT_X) | reta_select(p->w, RETA_SELECT_W) |
                          reta_select(p->b, RETA_SELECT_B);
    w[RETA_WORD_ROWS_COLUMNS] = reta_pack(p->rows, p->columns);
    w[RETA_WORD_INNER_XS] = reta_pack(p->inner, p->x.stride);
    w[RETA_WORD_WS_BS] = reta_pack(p->w.stride, p->b.stride);
    w[RETA_WORD_X] = p->x.address;
    w[RETA_WORD_W] = p->w.address;
    w[RETA_WORD_B] = p->b.address;
    reta_put_stage(&desc, p->requant, &p->stage, p->y);
    return desc;
}

/** Builds a RETENTION descriptor. */
static inline struct reta_desc reta_build_retention(const struct reta_retention *p)
{
    struct reta_desc desc = {{0}};
    uint32_t *w = desc.word;
    w[RETA_WORD_HEADER] = RETA_OP_RETENTION | (p->rotate ? RETA_HDR_ROT : 0) | (p->norm ? RETA_HDR_NRM : 0) |
                          (p->load ? RETA_HDR_LOAD : 0) | (p->store ? RETA_HDR_STORE : 0) |
                          (p->mean ? RETA_HDR_MEAN : 0) | (uint32_t)(p->heads - 1u) << RETA_HDR_HEADS_BIT |
                          (uint32_t)p->chunk << RETA_HDR_CHUNK_BIT;
    w[RETA_WORD_SELECT] = reta_select(p->q, RETA_SELECT_X) | reta_select(p->k, RETA_SELECT_W) |
                          reta_select(p->v, RETA_SELECT_B) | reta_select(p->state, RETA_SELECT_A) |
                          reta_select(p->theta, RETA_SELECT_L) | (uint32_t)p->position_base << 4u * RETA_SELECT_POS;
    w[RETA_WORD_ROWS_COLUMNS] = reta_pack(p->rows, p->dv);
    w[RETA_WORD_INNER_XS] = reta_pack(p->dk, p->q.stride);
    w[RETA_WORD_WS_BS] = reta_pack(p->k.stride, p->v.stride);
    w[RETA_WORD_X] = p->q.address;
    w[RETA_WORD_W] = p->k.address;
    w[RETA_WORD_B] = p->v.address;
    w[RETA_WORD_A] = p->state.address;
    w[RETA_WORD_L] = p->theta.address;
    w[RETA_WORD_DECAY] = p->decay;
    reta_put_stage(&desc, p->requant, &p->stage, p->y);
    return desc;
}

/** Builds a NORM descriptor. */
static inline struct reta_desc reta_build_norm(const struct reta_norm *p)
{
    struct reta_desc desc = {{0}};
    uint32_t *w = desc.word;
    w[RETA_WORD_HEADER] = RETA_OP_NORM | (p->mean ? RETA_HDR_MEAN : 0);
    w[RETA_WORD_SELECT] = reta_select(p->x, RETA_SELECT_X);
    w[RETA_WORD_ROWS_COLUMNS] = reta_pack(p->rows, p->columns);
    w[RETA_WORD_INNER_XS] = reta_pack(p->group, p->x.stride);
    w[RETA_WORD_X] = p->x.address;
    reta_put_stage(&desc, p->requant, &p->stage, p->y);
    return desc;
}

/** Builds a MAP descriptor. */
static inline struct reta_desc reta_build_map(const struct reta_map *p)
{
    struct reta_desc desc = {{0}};
    uint32_t *w = desc.word;
    w[RETA_WORD_HEADER] = RETA_OP_MAP | (p->gather ? RETA_HDR_IDX : 0);
    w[RETA_WORD_SELECT] = reta_select(p->x, RETA_SELECT_X) | reta_select(p->index, RETA_SELECT_A);
    w[RETA_WORD_ROWS_COLUMNS] = reta_pack(p->rows, p->columns);
    w[RETA_WORD_INNER_XS] = reta_pack(p->table_rows, p->x.stride);
    w[RETA_WORD_X] = p->x.address;
    w[RETA_WORD_A] = p->index.address;
    reta_put_stage(&desc, p->requant, &p->stage, p->y);
    return desc;
}

/** Builds a CTRL descriptor; legal in lists only. */
static inline struct reta_desc reta_build_ctrl(const struct reta_ctrl *p)
{
    struct reta_desc desc = {{0}};
    uint32_t *w = desc.word;
    w[RETA_WORD_HEADER] = RETA_OP_CTRL | (p->break_word ? RETA_HDR_BRK : 0) | (uint32_t)p->counter << RETA_HDR_COUNTER_BIT;
    w[RETA_WORD_COUNT] = p->count;
    w[RETA_WORD_TARGET] = bus_address(p->target);
    w[RETA_WORD_BREAK_POINTER] = bus_address(p->break_word);
    w[RETA_WORD_BREAK_VALUE] = p->break_value;
    for (unsigned i = 1; i <= RETA_BASES; i++) {
        w[RETA_WORD_MODE] |= (uint32_t)p->base[i].mode << 2u * i;
        w[RETA_WORD_VALUE1 + i - 1u] = p->base[i].value;
    }
    return desc;
}

#endif
