/**
 * @file i2s.c
 * I2S interface of profile P7.
 */
#include "i2s.h"

#include "udma.h"
#include "udma_i2s_regs.h"

enum { WORD_BITS = 16 };

#define RX_CHANNEL (UDMA_I2S_BASE + UDMA_I2S_RX_SADDR_OFFSET)
#define TX_CHANNEL (UDMA_I2S_BASE + UDMA_I2S_TX_SADDR_OFFSET)

enum driver_status i2s_init(struct i2s *i2s, const struct driver_style *style, uint16_t divider)
{
    *i2s = (struct i2s){.style = style, .divider = divider};
    udma_open(UDMA_ID_I2S_P7);
    style->open(SOC_EVENT_I2S_RX);
    style->open(SOC_EVENT_I2S_TX);
    uint32_t format = UDMA_I2S_SLV_SETUP_EN_MASK | (WORD_BITS - 1u) << UDMA_I2S_SLV_SETUP_BITS_BIT;
    mmio_write(UDMA_I2S_BASE + UDMA_I2S_SLV_SETUP_OFFSET, format);
    mmio_write(UDMA_I2S_BASE + UDMA_I2S_MST_SETUP_OFFSET, format);
    return DRIVER_OK;
}

static bool fits(size_t count)
{
    return count > 0 && count <= UDMA_LONGEST / sizeof(int16_t);
}

enum driver_status i2s_receive_submit(struct i2s *i2s, int16_t *words, size_t count)
{
    if (i2s->receives) {
        return DRIVER_BUSY;
    }
    if (!fits(count)) {
        return DRIVER_BAD_ARGUMENT;
    }
    driver_expect(SOC_EVENT_I2S_RX);
    i2s->receives = true;
    udma_start(RX_CHANNEL, words, count * sizeof *words, UDMA_HALVES);
    return DRIVER_OK;
}

enum driver_status i2s_transmit_submit(struct i2s *i2s, const int16_t *words, size_t count)
{
    if (i2s->transmits) {
        return DRIVER_BUSY;
    }
    if (!fits(count)) {
        return DRIVER_BAD_ARGUMENT;
    }
    driver_expect(SOC_EVENT_I2S_TX);
    i2s->transmits = true;
    udma_start(TX_CHANNEL, words, count * sizeof *words, UDMA_HALVES);
    return DRIVER_OK;
}

enum driver_status i2s_go(struct i2s *i2s)
{
    if (!i2s->receives && !i2s->transmits) {
        return DRIVER_IDLE;
    }
    /* Receiver and transmitter both run on clock generator 0. */
    mmio_write(UDMA_I2S_BASE + UDMA_I2S_CLKCFG_OFFSET,
               UDMA_I2S_CLKCFG_SLAVE_CLK_EN_MASK | UDMA_I2S_CLKCFG_MASTER_CLK_EN_MASK |
                   (uint32_t)(i2s->divider & 0xFFu) << UDMA_I2S_CLKCFG_MASTER_DIV_BIT |
                   (uint32_t)(i2s->divider >> 8) << UDMA_I2S_CLKCFG_COMMON_DIV_BIT);
    return DRIVER_OK;
}

enum driver_status i2s_wait(struct i2s *i2s)
{
    if (!i2s->receives && !i2s->transmits) {
        return DRIVER_IDLE;
    }
    enum driver_status received = DRIVER_OK, sent = DRIVER_OK;
    if (i2s->receives) {
        received = driver_await(i2s->style, SOC_EVENT_I2S_RX, RX_CHANNEL);
    }
    if (i2s->transmits) {
        sent = driver_await(i2s->style, SOC_EVENT_I2S_TX, TX_CHANNEL);
    }
    memory_barrier();
    i2s->receives = i2s->transmits = false;
    return received != DRIVER_OK ? received : sent;
}

void i2s_stop(struct i2s *i2s)
{
    mmio_write(UDMA_I2S_BASE + UDMA_I2S_CLKCFG_OFFSET, (uint32_t)(i2s->divider & 0xFFu));
}
