/* int8 matrix product, int32 accumulators: what a network on the host core does. */
#include "kernel.h"

enum { N = 48 };
static int8_t a[N][N], b[N][N];
static int32_t c[N][N];

uint32_t kernel(uint32_t rounds)
{
    uint32_t sum = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (int8_t)(i * 3 + j);
            b[i][j] = (int8_t)(i - 5 * j);
        }
    }
    while (rounds--) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                int32_t acc = 0;
                for (int k = 0; k < N; k++) {
                    acc += a[i][k] * b[j][k];
                }
                c[i][j] = acc;
            }
        }
        a[rounds % N][(rounds * 7) % N] ^= (int8_t)rounds;
        sum = sum * 31 + (uint32_t)c[rounds % N][(rounds * 5) % N];
    }
    return sum;
}
