/* Linked lists: build, reverse, search, pointer chasing. */
#include "kernel.h"

enum { N = 512 };
struct node {
    struct node *next;
    uint32_t key;
};
static struct node nodes[N];

uint32_t kernel(uint32_t rounds)
{
    uint32_t sum = 0;
    while (rounds--) {
        struct node *head = 0;
        for (uint32_t i = 0; i < N; i++) {
            nodes[i].key = (i * 2654435761u + rounds) >> 16;
            nodes[i].next = head;
            head = &nodes[i];
        }
        for (int pass = 0; pass < 4; pass++) {
            struct node *reversed = 0;
            while (head) {
                struct node *next = head->next;
                head->next = reversed;
                reversed = head;
                head = next;
            }
            head = reversed;
            for (struct node *n = head; n; n = n->next) {
                if ((n->key & 0xFF) == (sum & 0xFF)) {
                    sum += n->key;
                }
            }
        }
        sum = sum * 3 + head->key;
    }
    return sum;
}
