/**
 * @file main.c
 * The smallest program: identifies the machine over the UART.
 */
#include "csr.h"
#include "mmio.h"
#include "reta.h"
#include "timer.h"

#include <stdio.h>

int main(void)
{
    static struct reta reta;
    timer_start();
    printf("Hello from PULPissimo, hart 0x%lx, misa 0x%08lx\n", (unsigned long)CSR_READ(mhartid),
           (unsigned long)CSR_READ(misa));
    printf("accelerator: %s\n", reta_status_name(reta_init(&reta, &reta_poll)));
    uint32_t begin = timer_cycles();
    uint32_t instructions = csr_minstret();
    for (volatile int i = 0; i < 100; i++) {
    }
    instructions = csr_minstret() - instructions;
    printf("100 turns of a loop: %lu cycles, %lu instructions\n", (unsigned long)(timer_cycles() - begin),
           (unsigned long)instructions);
    return 0;
}
