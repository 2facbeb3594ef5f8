/**
 * @file retnet.c
 * The network's constants and its memory.
 */
#include "retnet.h"

const struct retnet_layer retnet_layers[RETNET_LAYERS] = {RETNET_LAYER_TABLE};

L2_BSS struct retnet_activations retnet_activations;
L2_BSS int32_t retnet_state[RETNET_LAYERS][RETNET_HEADS][RETNET_HEAD][RETNET_HEAD];
