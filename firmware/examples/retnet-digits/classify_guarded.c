/**
 * @file classify_guarded.c
 * The same under guard (reta_guard.h): the classes are right or an error comes back, whatever goes wrong outside the core.
 *
 * Some images at a time, so that a copy of them has room in the private bank.
 */
#include "classify.h"
#include "remark.h"
#include "retnet_guard.h"

enum { BATCH = 16 };

enum { PIXELS = RETNET_REGIONS, CLASSES, REGIONS };

L2_BSS static uint32_t pixels[BATCH][DIGITS_PIXELS];
L2_BSS static uint32_t classes[BATCH];
L2_BSS static struct reta_desc room[CLASSIFY_DESCS];

/* In the private bank. */
static struct reta_guard guard;
static struct reta_desc list[CLASSIFY_DESCS];
static uint32_t batch[BATCH][DIGITS_PIXELS], answers[BATCH];

enum reta_status classify_open(void)
{
    enum reta_status status = reta_guard_init(&guard, &reta_irq, RETA_AS_LIST, room, CLASSIFY_DESCS);
    guard.base[BASE_TOKENS - 1] = bus_address(pixels);
    guard.base[BASE_CLASS - 1] = bus_address(classes);
    return status;
}

/** Classifies `count` images from `first` on. */
static enum reta_status classify_batch(uint32_t first, uint32_t count, unsigned chunk)
{
    struct reta_region regions[REGIONS];
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < DIGITS_PIXELS; j++) {
            batch[i][j] = digits_request.tokens[first + i][j];
        }
    }
    retnet_regions(regions, DIGITS_PIXELS);
    regions[PIXELS] = (struct reta_region){.role = RETA_INPUT,
                                           .start = (uint8_t *)pixels,
                                           .bytes = count * sizeof pixels[0],
                                           .backup = (uint8_t *)batch};
    regions[CLASSES] = (struct reta_region){.role = RETA_OUTPUT,
                                            .start = (uint8_t *)classes,
                                            .bytes = count * sizeof classes[0]};
    reta_region_fill(&regions[PIXELS], batch);
    classify_build(list, count, chunk);
    enum reta_status status = reta_guard_run(&guard, list, CLASSIFY_DESCS, regions, REGIONS);
    return status == RETA_OK ? reta_region_read(&regions[CLASSES], answers) : status;
}

enum reta_status classify(unsigned chunk, volatile uint8_t *result)
{
    uint32_t count = digits_request.count;
    for (uint32_t first = 0; first < count; first += BATCH) {
        uint32_t some = count - first < BATCH ? count - first : BATCH;
        enum reta_status status = classify_batch(first, some, chunk);
        if (status != RETA_OK) {
            return status;
        }
        for (uint32_t i = 0; i < some; i++) {
            result[first + i] = (uint8_t)answers[i];
        }
    }
    return RETA_OK;
}

void classify_cost(void)
{
}

void classify_remark(void)
{
    guard_remark(&guard, RETA_OK);
}

const char *classify_error(enum reta_status status)
{
    return reta_guard_status_name(status);
}
