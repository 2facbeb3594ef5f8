#!/usr/bin/env python3
"""Writes a C program of many functions that each run a few times: code that is never hot."""
import random

random.seed(1)
FUNCTIONS = 2500
print('#include "kernel.h"')
print("static uint32_t data[64];")
for i in range(FUNCTIONS):
    print(f"static uint32_t __attribute__((noinline)) f{i}(uint32_t a, uint32_t b)\n{{")
    for _ in range(12):
        k, m, n = random.randrange(1, 30), random.randrange(64), random.randrange(64)
        print(random.choice([
            f"    a += b >> {k}; b ^= a << {k};", f"    data[{m}] += a; b += data[{n}];",
            f"    if (a & {1 << k}u) {{ b -= {k}; }}", f"    a = a * {2 * k + 1}u + b;"]))
    print("    return a ^ b;\n}")
print("uint32_t kernel(uint32_t rounds)\n{\n    uint32_t sum = 0;\n    while (rounds--) {")
for i in range(FUNCTIONS):
    print(f"        sum += f{i}(sum, {i});")
print("    }\n    return sum;\n}")
