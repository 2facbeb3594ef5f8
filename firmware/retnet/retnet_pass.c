/**
 * @file retnet_pass.c
 * Descriptors of one pass, in the order of the RETA specification's worked example.
 */
#include "retnet_pass.h"

enum { D = RETNET_WIDTH, F = RETNET_FFN, RETENTION_IN_LAYER = 3 };

RETA_CHECK_DIMENSION(sizeof retnet_state);

static const struct reta_requant identity = {.mul = 1, .sh = 0};
static const struct reta_requant norm_row = RETNET_NORM_ROW;

static struct reta_tensor weights(uint32_t offset, unsigned stride)
{
    return reta_at(retnet_blob + offset, stride);
}

static struct reta_stage lut(uint32_t offset)
{
    return (struct reta_stage){.act = RETA_ACT_LUT, .lut = weights(offset, 0)};
}

static struct reta_stage combine(enum reta_elt elt, struct reta_tensor z, const struct retnet_scale *scale)
{
    return (struct reta_stage){.elt = elt, .z = z, .ma = scale->ma, .mb = scale->mb, .esh = scale->esh};
}

static struct reta_desc norm(unsigned rows, struct reta_tensor x, struct reta_tensor y)
{
    return reta_build_norm(
        &(struct reta_norm){.rows = rows, .columns = D, .group = D, .x = x, .y = y, .requant = norm_row});
}

static struct reta_desc retention(const struct retnet_pass *pass, unsigned n, const struct retnet_layer *layer)
{
    struct retnet_activations *a = &retnet_activations;
    return reta_build_retention(&(struct reta_retention){
        .rows = pass->rows,
        .heads = RETNET_HEADS,
        .dk = RETNET_HEAD,
        .dv = RETNET_HEAD,
        .chunk = pass->chunk,
        .q = reta_at(a->qkv[0][0], 3 * D),
        .k = reta_at(a->qkv[0][1], 3 * D),
        .v = reta_at(a->qkv[0][2], 3 * D),
        .y = reta_at(a->r, D),
        .state = reta_at(retnet_state[n], 0),
        .theta = weights(RETNET_THETA, 0),
        .rotate = true,
        .norm = true,
        .load = pass->keep_state,
        .store = pass->keep_state,
        .position_base = pass->position_base,
        .decay = RETNET_DECAY,
        .requant = RETNET_NORM_HEAD,
        .stage = combine(RETA_ELT_MULTIPLY, reta_at(a->g, D), &layer->gate),
    });
}

static struct reta_desc *build_layer(struct reta_desc *next, const struct retnet_pass *pass, unsigned n)
{
    const struct retnet_layer *layer = &retnet_layers[n];
    struct retnet_activations *a = &retnet_activations;
    const struct reta_tensor x = reta_at(a->x, D), xn = reta_at(a->xn, D), g = reta_at(a->g, D), r = reta_at(a->r, D),
                             h = reta_at(a->h, F);
    const unsigned rows = pass->rows;

    *next++ = norm(rows, x, xn);
    *next++ = reta_build_linear(&(struct reta_linear){
        .rows = rows, .columns = 3 * D, .inner = D, .x = xn, .w = weights(layer->qkv_w, D), .y = reta_at(a->qkv, 3 * D),
        .requant = layer->qkv});
    *next++ = reta_build_linear(&(struct reta_linear){
        .rows = rows, .columns = D, .inner = D, .x = xn, .w = weights(layer->g_w, D), .y = g, .requant = layer->g,
        .stage = lut(layer->swish)});
    *next++ = retention(pass, n, layer);
    *next++ = reta_build_linear(&(struct reta_linear){
        .rows = rows, .columns = D, .inner = D, .x = r, .w = weights(layer->o_w, D), .y = x, .requant = layer->o,
        .stage = combine(RETA_ELT_ADD, x, &layer->res1)});
    *next++ = norm(rows, x, xn);
    *next++ = reta_build_linear(&(struct reta_linear){
        .rows = rows, .columns = F, .inner = D, .x = xn, .w = weights(layer->f1_w, D), .b = weights(layer->f1_b, 0),
        .bias = true, .y = h, .requant = layer->f1, .stage = lut(layer->gelu)});
    *next++ = reta_build_linear(&(struct reta_linear){
        .rows = rows, .columns = D, .inner = F, .x = h, .w = weights(layer->f2_w, F), .b = weights(layer->f2_b, 0),
        .bias = true, .y = x, .requant = layer->f2, .stage = combine(RETA_ELT_ADD, x, &layer->res2)});
    return next;
}

unsigned retnet_build_pass(struct reta_desc *list, const struct retnet_pass *pass)
{
    struct retnet_activations *a = &retnet_activations;
    struct reta_desc *next = list;

    *next++ = reta_build_map(&(struct reta_map){
        .rows = pass->rows, .columns = D, .x = weights(RETNET_EMBED, D), .y = reta_at(a->x, D), .gather = true,
        .index = pass->tokens, .table_rows = RETNET_SYMBOLS, .requant = identity});
    for (unsigned n = 0; n < RETNET_LAYERS; n++) {
        next = build_layer(next, pass, n);
    }
    if (pass->head) {
        *next++ = norm(1, reta_at(a->x[pass->rows - 1u], D), reta_at(a->xn, D));
        *next++ = reta_build_linear(&(struct reta_linear){
            .rows = 1, .columns = RETNET_OUTPUTS, .inner = D, .x = reta_at(a->xn, D), .w = weights(RETNET_OUT_W, D),
            .b = weights(RETNET_OUT_B, 0), .bias = true, .y = pass->output, .out = RETA_OUT_ARGMAX});
    }
    return (unsigned)(next - list);
}

void retnet_pass_retarget(struct reta_desc *list, const uint32_t *tokens, uint8_t position_base)
{
    const unsigned bit = 4u * RETA_SELECT_POS;
    list[0].word[RETA_WORD_A] = bus_address(tokens);
    for (unsigned n = 0; n < RETNET_LAYERS; n++) {
        uint32_t *select = &list[1 + 8 * n + RETENTION_IN_LAYER].word[RETA_WORD_SELECT];
        *select = (*select & ~(0xFu << bit)) | (uint32_t)position_base << bit;
    }
}

void retnet_pass_set_output(struct reta_desc *list, const uint32_t *output)
{
    list[RETNET_PASS_DESCS - 1].word[RETA_WORD_Y] = bus_address(output);
}

struct reta_desc retnet_build_clear_state(void)
{
    /* Multiplying by 0 makes zeros of whatever is there. */
    return reta_build_map(&(struct reta_map){
        .rows = 1, .columns = sizeof retnet_state, .x = reta_at(retnet_state, 0), .y = reta_at(retnet_state, 0)});
}
