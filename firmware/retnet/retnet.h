/**
 * @file retnet.h
 * A quantised RetNet: its model constants and where it lives in interleaved L2.
 *
 * Which network it is comes from the generated header retnet_model.h, found through the include path of the program.
 */
#ifndef RETNET_H
#define RETNET_H

#include "retnet_model.h"

#include "reta_build.h"

/** Rows of one pass: the longest chunk that a program uses. */
#ifndef RETNET_MAX_ROWS
#define RETNET_MAX_ROWS 64
#endif

RETA_CHECK_HEAD(RETNET_HEAD);
RETA_CHECK_HEADS(RETNET_HEADS);
RETA_CHECK_CHUNK(RETNET_MAX_ROWS);
RETA_CHECK_GROUP(RETNET_WIDTH, RETNET_WIDTH);
RETA_CHECK_STRIDE(RETNET_WIDTH);
RETA_CHECK_STRIDE(3 * RETNET_WIDTH);
RETA_CHECK_STRIDE(RETNET_FFN);

/** MA, MB and ESH of an element-wise output stage. */
struct retnet_scale {
    uint16_t ma, mb;
    uint8_t esh;
};

/** One layer: byte offsets of its tensors in the blob, and the constants of its descriptors. */
struct retnet_layer {
    uint32_t qkv_w, g_w, o_w, f1_w, f1_b, f2_w, f2_b, swish, gelu;
    struct reta_requant qkv, g, o, f1, f2;
    struct retnet_scale gate, res1, res2;
};

extern const struct retnet_layer retnet_layers[RETNET_LAYERS];

/** The weights, in interleaved L2: part of the image, or loaded by the program (RETNET_BLOB_LOADED). */
#ifdef RETNET_BLOB_LOADED
extern uint8_t retnet_blob[RETNET_BLOB_BYTES];
#else
extern const uint8_t retnet_blob[RETNET_BLOB_BYTES];
#endif

/** Activations of one pass; each row of a tensor follows the previous one without a gap. */
struct retnet_activations {
    int8_t x[RETNET_MAX_ROWS][RETNET_WIDTH];
    int8_t xn[RETNET_MAX_ROWS][RETNET_WIDTH];
    int8_t qkv[RETNET_MAX_ROWS][3][RETNET_WIDTH];
    int8_t g[RETNET_MAX_ROWS][RETNET_WIDTH];
    int8_t r[RETNET_MAX_ROWS][RETNET_WIDTH];
    int8_t h[RETNET_MAX_ROWS][RETNET_FFN];
};

extern struct retnet_activations retnet_activations;

/** Recurrent state of all layers. */
extern int32_t retnet_state[RETNET_LAYERS][RETNET_HEADS][RETNET_HEAD][RETNET_HEAD];

/** Places an object in interleaved L2, where the accelerator reaches it; cleared by start-up. */
#define L2_BSS __attribute__((section(".l2_bss"), aligned(16)))
/** The same for objects with an initial value. */
#define L2_DATA __attribute__((section(".l2_data"), aligned(16)))

/**
 * Places what only the host uses. Under guard (RETNET_GUARDED) it lies in the private banks, where nothing but the core
 * comes, and can be believed; else with the tensors, where there is more room.
 */
#ifdef RETNET_GUARDED
#define HOST_BSS
#define HOST_DATA
#else
#define HOST_BSS L2_BSS
#define HOST_DATA L2_DATA
#endif

#endif
