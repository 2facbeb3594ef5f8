/**
 * @file i2s_echo.c
 * Profile P7: records from the I2S receiver and plays it back on the transmitter (boards/audio.yaml).
 */
#include "i2s.h"

#include "check.h"

enum {
    DIVIDER = 9,  /* 2.5 MHz at 50 MHz */
    COUNT = 400,  /* words: 200 of each channel */
    FLUSH = 16,   /* silence that pushes the last words out of the FIFOs */
};

/** Words as they came, behind the one that the hardware spoils. */
int16_t recorded[I2S_RECEIVE_LEAD + COUNT];
static int16_t played[COUNT + I2S_TRANSMIT_DROPPED + FLUSH];

static void run(const struct driver_style *style)
{
    static struct i2s i2s;
    const char *name = style->name;
    check_status(name, "init", i2s_init(&i2s, style, DIVIDER));
    check(name, "nothing to start", i2s_go(&i2s) == DRIVER_IDLE);
    check_status(name, "receive", i2s_receive_submit(&i2s, recorded, I2S_RECEIVE_LEAD + COUNT));
    check_status(name, "go", i2s_go(&i2s));
    check_status(name, "wait", i2s_wait(&i2s));
    i2s_stop(&i2s);
    check(name, "recorded", true);
}

int main(void)
{
    static struct i2s i2s;
    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        check_restart();
        run(check_styles[i]);
    }
    /* The second word sent is dropped, so one of silence takes its place. */
    played[0] = recorded[I2S_RECEIVE_LEAD];
    for (unsigned i = 1; i < COUNT; i++) {
        played[I2S_TRANSMIT_DROPPED + i] = recorded[I2S_RECEIVE_LEAD + i];
    }
    check_status("irq", "init", i2s_init(&i2s, &driver_irq, DIVIDER));
    check_status("irq", "transmit", i2s_transmit_submit(&i2s, played, sizeof played / sizeof played[0]));
    check_status("irq", "go", i2s_go(&i2s));
    check_status("irq", "wait", i2s_wait(&i2s));
    i2s_stop(&i2s);
    check("irq", "played", true);
    return check_failures;
}
