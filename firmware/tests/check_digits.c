/**
 * @file check_digits.c
 * Runs on the build machine: the plain C network must give the manifest's classes in all three forms.
 */
#include "retnet_host.h"

#include <stdio.h>

enum { PIXELS = 64 };

struct image {
    uint32_t tokens[PIXELS];
    uint32_t expected[3]; /**< chunk lengths 1, 16, 64 */
};

#include "examples.h"

int main(void)
{
    static const unsigned chunks[3] = {1, 16, 64};
    const unsigned count = sizeof images / sizeof images[0];
    unsigned wrong = 0;
    for (unsigned form = 0; form < 3; form++) {
        unsigned w = 0;
        for (unsigned i = 0; i < count; i++) {
            retnet_host_reset();
            for (unsigned position = 0; position < PIXELS; position += chunks[form]) {
                retnet_host_pass(&images[i].tokens[position], chunks[form], position);
            }
            w += retnet_host_choose(chunks[form]) != images[i].expected[form];
        }
        printf("digits, chunk %u: %u of %u images differ\n", chunks[form], w, count);
        wrong += w;
    }
    return wrong != 0;
}
