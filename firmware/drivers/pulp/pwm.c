/**
 * @file pwm.c
 * Advanced timer.
 */
#include "pwm.h"

#include "adv_timer_regs.h"
#include "gpio.h"
#include "pad_cfg_regs.h"

/** Registers of timer 0, moved to another timer. */
static uintptr_t timer_register(unsigned timer, uint32_t offset)
{
    return ADV_TIMER_BASE + offset + timer * (ADV_TIMER_TIM1_CMD_OFFSET - ADV_TIMER_TIM0_CMD_OFFSET);
}

static uintptr_t threshold_register(unsigned timer, unsigned channel)
{
    return timer_register(timer, ADV_TIMER_TIM0_TH_CHANNEL0_OFFSET) +
           channel * (ADV_TIMER_TIM0_TH_CHANNEL1_OFFSET - ADV_TIMER_TIM0_TH_CHANNEL0_OFFSET);
}

static uintptr_t function_register(unsigned pad)
{
    return PAD_CFG_BASE + PAD_CFG_PAD_MUX_SEL0_OFFSET + pad * (PAD_CFG_PAD_MUX_SEL1_OFFSET - PAD_CFG_PAD_MUX_SEL0_OFFSET);
}

/** Opens the timer's clock, without which commands are lost, and starts it with a new configuration. */
static void restart(unsigned timer, uint32_t config, uint32_t last)
{
    mmio_set_bits(ADV_TIMER_BASE + ADV_TIMER_CH_EN_OFFSET, 1u << timer);
    mmio_write(timer_register(timer, ADV_TIMER_TIM0_CMD_OFFSET), ADV_TIMER_TIM0_CMD_STOP_MASK);
    mmio_write(timer_register(timer, ADV_TIMER_TIM0_CFG_OFFSET), config);
    mmio_write(timer_register(timer, ADV_TIMER_TIM0_TH_OFFSET), last << 16);
    mmio_write(timer_register(timer, ADV_TIMER_TIM0_CMD_OFFSET), ADV_TIMER_TIM0_CMD_START_MASK);
}

enum driver_status pwm_start(unsigned timer, uint32_t period, uint8_t prescaler)
{
    if (timer >= PWM_TIMERS || period < 2 || period > 0x10000) {
        return DRIVER_BAD_ARGUMENT;
    }
    restart(timer, ADV_TIMER_TIM0_CFG_SAW_MASK | (uint32_t)prescaler << ADV_TIMER_TIM0_CFG_PRESC_BIT, period - 1u);
    return DRIVER_OK;
}

enum driver_status pwm_set_duty(unsigned timer, unsigned channel, uint32_t period, uint32_t duty)
{
    if (timer >= PWM_TIMERS || channel >= PWM_CHANNELS || duty == 0 || duty >= period) {
        return DRIVER_BAD_ARGUMENT;
    }
    /* The output is set one step behind the threshold, and reset at the end of the period. */
    mmio_write(threshold_register(timer, channel),
               (uint32_t)ADV_TIMER_TIM0_TH_CHANNEL0_MODE_SETRST << ADV_TIMER_TIM0_TH_CHANNEL0_MODE_BIT |
                   (period - 1u - duty));
    return DRIVER_OK;
}

enum driver_status pwm_route(unsigned timer, unsigned channel, unsigned pad)
{
    if (timer >= PWM_TIMERS || channel >= PWM_CHANNELS || pad >= GPIO_PINS) {
        return DRIVER_BAD_ARGUMENT;
    }
    mmio_write(function_register(pad), PAD_CFG_PAD_MUX_SEL0_SEL_TIMER0_OUT0 + PWM_CHANNELS * timer + channel);
    return DRIVER_OK;
}

enum driver_status pwm_unroute(unsigned pad)
{
    if (pad >= GPIO_PINS) {
        return DRIVER_BAD_ARGUMENT;
    }
    mmio_write(function_register(pad), PAD_CFG_PAD_MUX_SEL0_SEL_GPIO);
    return DRIVER_OK;
}

void pwm_stop(unsigned timer)
{
    mmio_write(timer_register(timer, ADV_TIMER_TIM0_CMD_OFFSET), ADV_TIMER_TIM0_CMD_STOP_MASK);
}

enum driver_status pwm_count_edges(unsigned timer, unsigned pin)
{
    if (timer >= PWM_TIMERS || pin >= GPIO_PINS) {
        return DRIVER_BAD_ARGUMENT;
    }
    restart(timer,
            ADV_TIMER_TIM0_CFG_SAW_MASK | (uint32_t)ADV_TIMER_TIM0_CFG_INMODE_RISE << ADV_TIMER_TIM0_CFG_INMODE_BIT | pin,
            0xFFFFu);
    return DRIVER_OK;
}

uint32_t pwm_counter(unsigned timer)
{
    return mmio_read(timer_register(timer, ADV_TIMER_TIM0_COUNTER_OFFSET));
}
