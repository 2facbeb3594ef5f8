/**
 * @file pwm.h
 * Advanced timer: PWM outputs on pads, and counting the edges of a pin (profile P8).
 */
#ifndef PULP_PWM_H
#define PULP_PWM_H

#include "driver.h"

enum { PWM_TIMERS = 4, PWM_CHANNELS = 4 };

/** Starts timer `timer` (0 to 3): a period has `period` (2 to 65536) x (`prescaler` + 1) cycles; its outputs are low. */
enum driver_status pwm_start(unsigned timer, uint32_t period, uint8_t prescaler);

/** Makes a channel high for the last `duty` of a period's `period` steps (duty below period). */
enum driver_status pwm_set_duty(unsigned timer, unsigned channel, uint32_t period, uint32_t duty);

/** Brings a channel's output to a pad instead of the pad's GPIO. */
enum driver_status pwm_route(unsigned timer, unsigned channel, unsigned pad);

/** Gives the pad back to GPIO. */
enum driver_status pwm_unroute(unsigned pad);

/** Stops a timer: the outputs keep their levels. */
void pwm_stop(unsigned timer);

/** Lets timer `timer` count the rising edges of GPIO `pin`, from 0. */
enum driver_status pwm_count_edges(unsigned timer, unsigned pin);

/** The counter of a timer. */
uint32_t pwm_counter(unsigned timer);

#endif
