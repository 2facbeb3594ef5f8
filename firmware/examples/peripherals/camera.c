/**
 * @file camera.c
 * Pictures of a grey camera of 64 x 48 pixels (boards/camera.yaml): a whole one in each host style, then a part of one.
 *
 * A picture carries no checksum, so the camera sends test patterns, which the program knows. It sends them in turn and
 * waits for nobody: which one is taken is a matter of time, and told as remark (`driver: `).
 */
#include "camera.h"

#include "check.h"

enum { WIDTH = 64, HEIGHT = 48, PIXELS = WIDTH * HEIGHT };

/** Whole pictures, by style, and the middle of the third one; in interleaved L2. */
__attribute__((section(".l2_bss"), aligned(16))) uint8_t pictures[CHECK_STYLES][PIXELS];
__attribute__((section(".l2_bss"), aligned(16))) uint8_t middle[PIXELS / 4];

/** A test pattern of the board: FNV-1a hashes of all of it, and of the part. */
struct pattern {
    const char *name;
    uint32_t whole, part;
};

static const struct pattern patterns[] = {
    {"disc", 0x9180E049u, 0xDA63EB31u},
    {"checkers", 0x6C7E7845u, 0x84E2CC45u},
};

static uint32_t hash(const uint8_t *pixels, size_t count)
{
    uint32_t value = 0x811C9DC5u;
    for (size_t i = 0; i < count; i++) {
        value = (value ^ pixels[i]) * 0x01000193u;
    }
    return value;
}

/** Checks that a picture, whole or the part of one, is one of the test patterns. */
static void check_picture(const char *style, const uint8_t *pixels, size_t count)
{
    uint32_t value = hash(pixels, count);
    const char *name = NULL;
    for (unsigned i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (value == (count == PIXELS ? patterns[i].whole : patterns[i].part)) {
            name = patterns[i].name;
        }
    }
    check(style, count == PIXELS ? "a test pattern came" : "the middle of a test pattern came", name != NULL);
    printf("driver: %s: %s\n", style, name != NULL ? name : "no pattern");
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
        check_picture(style->name, pictures[i], PIXELS);
    }
    check("-", "a window of odd columns is refused", camera_init(&camera, &driver_irq, &wrong) == DRIVER_BAD_ARGUMENT);
    check_status("irq", "init", camera_init(&camera, &driver_irq, &windowed));
    check_status("irq", "submit", camera_submit(&camera, middle, sizeof middle));
    check_status("irq", "wait", camera_wait(&camera));
    check_picture("irq", middle, sizeof middle);
    return check_failures;
}
