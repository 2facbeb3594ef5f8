/**
 * @file i2s.h
 * I2S interface of profile P7: words of 16 bits, left and right in turn, the chip makes the clock.
 */
#ifndef PULP_I2S_H
#define PULP_I2S_H

#include "driver.h"

/**
 * What the hardware does with the first words: the first one received lacks its highest bit and belongs to the right
 * channel; the second one sent is dropped.
 */
enum { I2S_RECEIVE_LEAD = 1, I2S_TRANSMIT_DROPPED = 1 };

/** The driver's state. */
struct i2s {
    const struct driver_style *style;
    uint16_t divider;
    bool receives, transmits;
};

/** Opens the interface; half a period of the serial clock has divider + 1 peripheral clock cycles. */
enum driver_status i2s_init(struct i2s *i2s, const struct driver_style *style, uint16_t divider);

/** Prepares to receive `count` words, or to send them; i2s_go starts both. */
enum driver_status i2s_receive_submit(struct i2s *i2s, int16_t *words, size_t count);
enum driver_status i2s_transmit_submit(struct i2s *i2s, const int16_t *words, size_t count);

/** Starts the clocks. */
enum driver_status i2s_go(struct i2s *i2s);

/** Waits until everything submitted has been received and fetched. */
enum driver_status i2s_wait(struct i2s *i2s);

/** Stops the clocks. Words that were fetched, but not sent, are sent after the next i2s_go. */
void i2s_stop(struct i2s *i2s);

#endif
