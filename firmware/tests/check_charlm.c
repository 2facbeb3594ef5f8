/**
 * @file check_charlm.c
 * Runs on the build machine: the plain C network must generate the manifest's examples, token by token.
 */
#include "retnet_host.h"

#include <stdio.h>

struct example {
    unsigned length, count;
    uint32_t prompt[64];
    uint32_t expected[2][64]; /**< prefill in chunks of 1 and of 16 */
};

#include "examples.h"

static unsigned differences(const struct example *e, unsigned chunk, const uint32_t *expected)
{
    unsigned wrong = 0, position = 0;
    uint32_t token = e->prompt[e->length - 1];
    retnet_host_reset();
    while (position < e->length - 1) {
        unsigned left = e->length - 1 - position;
        unsigned rows = left < chunk ? left : chunk;
        retnet_host_pass(&e->prompt[position], rows, position);
        position += rows;
    }
    for (unsigned i = 0; i < e->count; i++) {
        retnet_host_pass(&token, 1, position++);
        token = retnet_host_choose(1);
        wrong += token != expected[i];
    }
    return wrong;
}

int main(void)
{
    static const unsigned chunks[2] = {1, 16};
    unsigned wrong = 0;
    for (unsigned i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        for (unsigned form = 0; form < 2; form++) {
            unsigned w = differences(&examples[i], chunks[form], examples[i].expected[form]);
            printf("charlm example %u, prefill chunk %u: %u of %u tokens differ\n", i, chunks[form], w,
                   examples[i].count);
            wrong += w;
        }
    }
    return wrong != 0;
}
