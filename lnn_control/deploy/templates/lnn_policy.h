/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Policy $name: camera image and inertial features in, velocity command out.
 *
 * Keep one lnn_state a vehicle. Call lnn_reset before a flight, and again after a failure or when
 * no image came for longer than the policy should bridge; then lnn_step for every image. Working
 * memory is static, so steps must not run at the same time. The same inputs give the same bits
 * on every machine whose float is IEEE 754, built without -ffast-math and with
 * -ffp-contract=off.
 */
#ifndef LNN_POLICY_H
#define LNN_POLICY_H

#include <stdint.h>

#define LNN_IMAGE_WIDTH $width
#define LNN_IMAGE_HEIGHT $height
#define LNN_IMAGE_BYTES (LNN_IMAGE_HEIGHT * LNN_IMAGE_WIDTH * 3)
#define LNN_NUM_IMU 12
#define LNN_NUM_COMMANDS 4
#define LNN_NUM_NEURONS $num_neurons

/* What is remembered from image to image, floats only. */
typedef struct {
$state_fields
} lnn_state;

enum lnn_result {
    LNN_OK = 0,
    LNN_BAD_TIME = 1,   /* elapsed_time is not a positive finite number */
    LNN_BAD_IMU = 2,    /* an inertial feature is not finite */
    LNN_BAD_STATE = 3,  /* the state is not finite: call lnn_reset */
    LNN_NOT_FINITE = 4  /* the command would not be finite: call lnn_reset */
};

/* Forget everything. */
void lnn_reset(lnn_state *state);

/* Answer one image.
 *
 * state         changed if the result is LNN_OK, else left as it is, as command is
 * image         rows from the top, pixels from the left, red, green, blue
 * imu           since the last image: mean of the body rates x, y, z [rad/s] and of the specific
 *               force x, y, z [g], then the standard deviation of each; x forward, y left, z up
 * elapsed_time  since the last image [s]; the usual $typical_elapsed_time at the first one
 * command       forward, left, up [m/s], yaw rate to the left [rad/s]
 */
enum lnn_result lnn_step(lnn_state *state, const uint8_t image[LNN_IMAGE_BYTES],
                         const float imu[LNN_NUM_IMU], float elapsed_time,
                         float command[LNN_NUM_COMMANDS]);

/* Copy the activity of every neuron, for display. */
void lnn_read_neurons(const lnn_state *state, float neurons[]);

#endif
