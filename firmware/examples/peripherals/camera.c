/**
 * @file camera.c
 * Pictures of a grey camera of 64 x 48 pixels (boards/camera.yaml): a whole one in each host style, then a part of one.
 */
#include "camera.h"

#include "check.h"

enum { WIDTH = 64, HEIGHT = 48, PIXELS = WIDTH * HEIGHT };

/** Whole pictures, by style, and the middle of the third one; in interleaved L2. */
__attribute__((section(".l2_bss"), aligned(16))) uint8_t pictures[CHECK_STYLES][PIXELS];
__attribute__((section(".l2_bss"), aligned(16))) uint8_t middle[PIXELS / 4];

static unsigned long mean(const uint8_t *pixels, size_t count)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pixels[i];
    }
    return sum / count;
}

int main(void)
{
    static struct camera camera;
    const struct camera_config whole = {.format = CAMERA_GREY, .width = WIDTH};
    static const struct camera_window part = {.left = 16, .top = 12, .width = 32, .height = 24};
    static const struct camera_window odd = {.left = 1, .top = 0, .width = 2, .height = 2};
    const struct camera_config windowed = {.format = CAMERA_GREY, .width = WIDTH, .window = &part};
    const struct camera_config wrong = {.format = CAMERA_GREY, .width = WIDTH, .window = &odd};

    for (unsigned i = 0; i < CHECK_STYLES; i++) {
        const struct driver_style *style = check_styles[i];
        check_restart();
        check_status(style->name, "init", camera_init(&camera, style, &whole));
        check_status(style->name, "submit", camera_submit(&camera, pictures[i], PIXELS));
        check(style->name, "a second picture is refused", camera_submit(&camera, pictures[i], PIXELS) == DRIVER_BUSY);
        check_status(style->name, "wait", camera_wait(&camera));
        check(style->name, "a picture came", true);
        printf("     %s: mean %lu\n", style->name, mean(pictures[i], PIXELS));
    }
    check("-", "a window of odd columns is refused", camera_init(&camera, &driver_irq, &wrong) == DRIVER_BAD_ARGUMENT);
    check_status("irq", "init", camera_init(&camera, &driver_irq, &windowed));
    check_status("irq", "submit", camera_submit(&camera, middle, sizeof middle));
    check_status("irq", "wait", camera_wait(&camera));
    printf("     window: mean %lu\n", mean(middle, sizeof middle));
    return check_failures;
}
