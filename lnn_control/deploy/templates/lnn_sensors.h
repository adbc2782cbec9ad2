/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From what a camera and an inertial unit give to what lnn_step takes.
 */
#ifndef LNN_SENSORS_H
#define LNN_SENSORS_H

#include "lnn_policy.h"

/* A part of an image, in pixels. */
typedef struct {
    int left, top, width, height;
} lnn_crop;

/* Choose which part of a camera's image the policy is given: as much as it may see.
 *
 * width, height  of the camera's image
 * view           how much of its width was seen in training: tan(a / 2) / tan(b / 2) with a the
 *                trained field of view ($trained_fov) and b that of this camera; 1 or more where
 *                it sees no more than was trained
 *
 * Returns a crop of width 0 where the image is smaller than the policy's, or the crop would be.
 */
lnn_crop lnn_choose_crop(int width, int height, double view);

/* Scale a part of an RGB image: each pixel becomes the mean over the area that it covers.
 *
 * pixels  rows from the top, width * 3 bytes each
 */
void lnn_scale_image(const uint8_t *pixels, int width, lnn_crop crop,
                     uint8_t image[LNN_IMAGE_BYTES]);

/* Summarise the inertial samples since the last image: mean and standard deviation.
 *
 * count   of samples; without any the result is level rest
 * rates   body rates x, y, z of each sample [rad/s]
 * forces  specific force x, y, z of each sample [m/s^2]
 */
void lnn_summarise_imu(int count, const float *rates, const float *forces,
                       float imu[LNN_NUM_IMU]);

#endif
