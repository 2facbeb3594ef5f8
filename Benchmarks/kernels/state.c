/* A state machine that scans numbers in text: switches and byte loads. */
#include "kernel.h"

static const char text[] = "12, -7 0x1F 3.25e4; abc 99 0b11 +5 .5 1e-9 zz 0xFFFFFFFF 42 -0 7.7.7 ++1 e5 0x";

uint32_t kernel(uint32_t rounds)
{
    uint32_t counts[8] = {0};
    while (rounds--) {
        unsigned state = 0;
        for (const char *p = text; *p; p++) {
            char c = *p;
            switch (state) {
            case 0:
                state = c == '+' || c == '-' ? 1 : c >= '0' && c <= '9' ? 2 : c == '.' ? 3 : c == ' ' ? 0 : 7;
                break;
            case 1:
                state = c >= '0' && c <= '9' ? 2 : c == '.' ? 3 : 7;
                break;
            case 2:
                state = c >= '0' && c <= '9' ? 2 : c == '.' ? 3 : c == 'e' ? 4 : c == 'x' ? 6 : c == ' ' ? 0 : 7;
                break;
            case 3:
                state = c >= '0' && c <= '9' ? 3 : c == 'e' ? 4 : c == ' ' ? 0 : 7;
                break;
            case 4:
                state = c == '+' || c == '-' ? 5 : c >= '0' && c <= '9' ? 5 : 7;
                break;
            case 5:
                state = c >= '0' && c <= '9' ? 5 : c == ' ' ? 0 : 7;
                break;
            case 6:
                state = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ? 6 : c == ' ' ? 0 : 7;
                break;
            default:
                state = c == ' ' ? 0 : 7;
                break;
            }
            counts[state] += (uint32_t)c;
        }
    }
    uint32_t sum = 0;
    for (int i = 0; i < 8; i++) {
        sum = sum * 31 + counts[i];
    }
    return sum;
}
