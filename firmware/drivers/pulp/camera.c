/**
 * @file camera.c
 * Camera interface.
 */
#include "camera.h"

#include "udma.h"
#include "udma_cpi_regs.h"

#define RX_CHANNEL (UDMA_CPI_BASE + UDMA_CPI_RX_SADDR_OFFSET)

/** Weights add up to 256. */
enum { WEIGHT_SHIFT = 8 };

/** Pixels of one pair of samples, in which the interface counts columns. */
static unsigned pixels_per_pair(const struct camera_config *config)
{
    return config->format == CAMERA_GREY ? 2u : 1u;
}

static uint32_t global_register(const struct camera_config *config)
{
    uint32_t value = config->format == CAMERA_GREY
                         ? (uint32_t)UDMA_CPI_CFG_GLOB_FORMAT_BYPASS_BIGEND << UDMA_CPI_CFG_GLOB_FORMAT_BIT
                         : (uint32_t)UDMA_CPI_CFG_GLOB_FORMAT_RGB565 << UDMA_CPI_CFG_GLOB_FORMAT_BIT |
                               (uint32_t)WEIGHT_SHIFT << UDMA_CPI_CFG_GLOB_SHIFT_BIT;
    return config->window != NULL ? value | UDMA_CPI_CFG_GLOB_FRAMESLICE_EN_MASK : value;
}

enum driver_status camera_init(struct camera *camera, const struct driver_style *style,
                               const struct camera_config *config)
{
    const struct camera_window *window = config->window;
    unsigned pair = pixels_per_pair(config);
    if (window != NULL &&
        (window->width == 0 || window->height == 0 || window->left + window->width > config->width ||
         window->left % pair != 0 || window->width % pair != 0)) {
        return DRIVER_BAD_ARGUMENT;
    }
    *camera = (struct camera){.style = style, .config = *config};
    udma_open(UDMA_ID_CPI);
    style->open(SOC_EVENT_CPI_RX);
    mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_FILTER_OFFSET,
               (uint32_t)config->red << UDMA_CPI_CFG_FILTER_R_COEFF_BIT |
                   (uint32_t)config->green << UDMA_CPI_CFG_FILTER_G_COEFF_BIT |
                   (uint32_t)config->blue << UDMA_CPI_CFG_FILTER_B_COEFF_BIT);
    if (window != NULL) {
        mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_LL_OFFSET, (uint32_t)window->top << 16 | window->left / pair);
        mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_UR_OFFSET,
                   (uint32_t)(window->top + window->height - 1u) << 16 | ((window->left + window->width) / pair - 1u));
        mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_SIZE_OFFSET,
                   (config->width / pair - 1u) << UDMA_CPI_CFG_SIZE_ROWLEN_BIT);
    }
    return DRIVER_OK;
}

enum driver_status camera_submit(struct camera *camera, void *buffer, size_t length)
{
    if (camera->busy) {
        return DRIVER_BUSY;
    }
    enum udma_width width = camera->config.format == CAMERA_GREY ? UDMA_HALVES : UDMA_BYTES;
    if (length == 0 || length > UDMA_LONGEST || length % (1u << width) != 0) {
        return DRIVER_BAD_ARGUMENT;
    }
    driver_expect(SOC_EVENT_CPI_RX);
    camera->busy = true;
    udma_start(RX_CHANNEL, buffer, length, width);
    /* Lines are taken from the next start of a frame on. */
    mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_GLOB_OFFSET,
               global_register(&camera->config) | UDMA_CPI_CFG_GLOB_EN_MASK);
    return DRIVER_OK;
}

enum driver_status camera_wait(struct camera *camera)
{
    if (!camera->busy) {
        return DRIVER_IDLE;
    }
    enum driver_status status = driver_await(camera->style, SOC_EVENT_CPI_RX, RX_CHANNEL);
    mmio_write(UDMA_CPI_BASE + UDMA_CPI_CFG_GLOB_OFFSET, global_register(&camera->config));
    memory_barrier();
    camera->busy = false;
    return status;
}
