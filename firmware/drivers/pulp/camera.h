/**
 * @file camera.h
 * Camera interface: pictures into L2.
 */
#ifndef PULP_CAMERA_H
#define PULP_CAMERA_H

#include "driver.h"

/** What two samples of the sensor become. */
enum camera_format {
    CAMERA_GREY,   /**< two grey pixels, byte for byte */
    CAMERA_RGB565, /**< one byte: the weighted sum of red, green and blue */
};

/** A part of a picture, in pixels: columns and rows from `left`, `top` on. */
struct camera_window {
    uint16_t left, top, width, height;
};

struct camera_config {
    enum camera_format format;
    /** Pixels of a line, for the window. */
    uint16_t width;
    /** NULL: whole pictures. Columns of a grey picture must be even. */
    const struct camera_window *window;
    /** Weights of red, green and blue, sum 256. */
    uint8_t red, green, blue;
};

/** The driver's state. */
struct camera {
    const struct driver_style *style;
    struct camera_config config;
    bool busy;
};

/** Opens the interface. */
enum driver_status camera_init(struct camera *camera, const struct driver_style *style,
                               const struct camera_config *config);

/** Starts to take the next picture of `length` bytes. */
enum driver_status camera_submit(struct camera *camera, void *buffer, size_t length);

/** Waits for the picture, then switches the interface off. */
enum driver_status camera_wait(struct camera *camera);

#endif
