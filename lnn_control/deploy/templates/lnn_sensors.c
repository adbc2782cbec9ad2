/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cropping, scaling and averaging, as in training. Build with -ffp-contract=off.
 */
#include "lnn_sensors.h"

#include "lnn_math.h"

#define GRAVITY 9.80665f

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Round a positive number, halves to the even one. */
static int round_even(double x)
{
    const int below = (int)x;
    const double rest = x - (double)below;
    return below + (rest > 0.5 || (rest == 0.5 && below % 2 == 1));
}

lnn_crop lnn_choose_crop(int width, int height, double view)
{
    lnn_crop crop = {0, 0, 0, 0};
    double scale = smaller((double)width / LNN_IMAGE_WIDTH, (double)height / LNN_IMAGE_HEIGHT);
    if (scale < 1.0) {
        return crop;
    }
    /* Half a pixel forgives the rounding of angles. */
    scale = smaller(scale, (width * view + 0.5) / LNN_IMAGE_WIDTH);
    if (scale < 1.0) {
        return crop;
    }
    crop.width = (int)smaller(width, round_even(LNN_IMAGE_WIDTH * scale));
    crop.height = (int)smaller(height, round_even(LNN_IMAGE_HEIGHT * scale));
    crop.left = (width - crop.width) / 2;
    crop.top = (height - crop.height) / 2;
    return crop;
}

/* How much of a camera's pixel lies between two edges. */
static float overlap(int pixel, float from, float to)
{
    const float left = (float)pixel > from ? (float)pixel : from;
    const float right = (float)(pixel + 1) < to ? (float)(pixel + 1) : to;
    return right > left ? right - left : 0.0f;
}

void lnn_scale_image(const uint8_t *pixels, int width, lnn_crop crop,
                     uint8_t image[LNN_IMAGE_BYTES])
{
    const float across = (float)crop.width / LNN_IMAGE_WIDTH;
    const float down = (float)crop.height / LNN_IMAGE_HEIGHT;
    for (int row = 0; row < LNN_IMAGE_HEIGHT; row++) {
        const float top = (float)row * down, bottom = (float)(row + 1) * down;
        for (int column = 0; column < LNN_IMAGE_WIDTH; column++) {
            const float left = (float)column * across, right = (float)(column + 1) * across;
            float sum[3] = {0.0f, 0.0f, 0.0f}, area = 0.0f;
            for (int y = (int)top; y < crop.height && (float)y < bottom; y++) {
                for (int x = (int)left; x < crop.width && (float)x < right; x++) {
                    const uint8_t *pixel = pixels + ((crop.top + y) * width + crop.left + x) * 3;
                    const float share = overlap(y, top, bottom) * overlap(x, left, right);
                    area += share;
                    for (int colour = 0; colour < 3; colour++) {
                        sum[colour] += share * (float)pixel[colour];
                    }
                }
            }
            for (int colour = 0; colour < 3; colour++) {
                image[(row * LNN_IMAGE_WIDTH + column) * 3 + colour] =
                    (uint8_t)(sum[colour] / area + 0.5f);
            }
        }
    }
}

/* Newton's iteration for the root of x: y' = (y + x / y) / 2. */
static float take_root(float x)
{
    if (!(x > 0.0f)) {
        return 0.0f;
    }
    /* Half the exponent is close enough to begin with. */
    lnn_float_bits y = {x};
    y.bits = (y.bits >> 1) + 0x1fc00000u;
    for (int i = 0; i < 4; i++) {
        y.number = 0.5f * (y.number + x / y.number);
    }
    return y.number;
}

void lnn_summarise_imu(int count, const float *rates, const float *forces,
                       float imu[LNN_NUM_IMU])
{
    for (int i = 0; i < LNN_NUM_IMU; i++) {
        imu[i] = i == 5 ? 1.0f : 0.0f; /* level rest: one g upwards */
    }
    if (count <= 0) {
        return;
    }
    for (int axis = 0; axis < 6; axis++) {
        const float *samples = (axis < 3 ? rates : forces) + axis % 3;
        const float unit = axis < 3 ? 1.0f : GRAVITY;
        float sum = 0.0f, squares = 0.0f;
        for (int i = 0; i < count; i++) {
            sum += samples[3 * i] / unit;
        }
        imu[axis] = sum / (float)count;
        for (int i = 0; i < count; i++) {
            const float off = samples[3 * i] / unit - imu[axis];
            squares += off * off;
        }
        imu[6 + axis] = take_root(squares / (float)count);
    }
}
