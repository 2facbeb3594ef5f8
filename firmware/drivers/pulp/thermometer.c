/**
 * @file thermometer.c
 * Temperature sensor of the LM75 class.
 */
#include "thermometer.h"

enum { REGISTER_TEMPERATURE = 0 };

enum driver_status thermometer_read(struct i2c *i2c, int16_t *temperature)
{
    static uint8_t bytes[2]; /* written by the uDMA */
    const uint8_t pointer = REGISTER_TEMPERATURE;
    enum driver_status status = i2c_read_submit(i2c, THERMOMETER_ADDRESS, &pointer, 1, bytes, sizeof bytes);
    if (status == DRIVER_OK) {
        status = i2c_wait(i2c);
    }
    if (status == DRIVER_OK) {
        *temperature = (int16_t)(uint16_t)(bytes[0] << 8 | bytes[1]);
    }
    return status;
}
