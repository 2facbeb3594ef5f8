/* Heap sort of words: compares, swaps, short loops with unpredictable branches. */
#include "kernel.h"

enum { N = 1024 };
static uint32_t data[N];

static void sift(uint32_t start, uint32_t end)
{
    uint32_t root = start;
    while (2 * root + 1 <= end) {
        uint32_t child = 2 * root + 1;
        if (child + 1 <= end && data[child] < data[child + 1]) {
            child++;
        }
        if (data[root] >= data[child]) {
            return;
        }
        uint32_t swap = data[root];
        data[root] = data[child];
        data[child] = swap;
        root = child;
    }
}

uint32_t kernel(uint32_t rounds)
{
    uint32_t seed = 1, sum = 0;
    while (rounds--) {
        for (int i = 0; i < N; i++) {
            seed = seed * 1664525u + 1013904223u;
            data[i] = seed >> 8;
        }
        for (uint32_t start = N / 2; start-- > 0;) {
            sift(start, N - 1);
        }
        for (uint32_t end = N - 1; end > 0; end--) {
            uint32_t swap = data[end];
            data[end] = data[0];
            data[0] = swap;
            sift(0, end - 1);
        }
        sum = sum * 31 + data[rounds % N];
    }
    return sum;
}
