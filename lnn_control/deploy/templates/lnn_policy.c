/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * $name: $kind, $num_parameters trained numbers.
 *
 * Read it from the end: lnn_step is encode, remember, scale. Sums run in the order that is
 * written here, so that every compiler gives the same bits: build with -ffp-contract=off.
 */
#include "lnn_policy.h"

$includes
#include "lnn_weights.h"

$encoder

$memory

/* Return whether all of some numbers are finite. */
static int are_finite(const float *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        if (!lnn_is_finite(numbers[i])) {
            return 0;
        }
    }
    return 1;
}

void lnn_reset(lnn_state *state)
{
    static const lnn_state rest = {0};
    *state = rest;
}

enum lnn_result lnn_step(lnn_state *state, const uint8_t image[LNN_IMAGE_BYTES],
                         const float imu[LNN_NUM_IMU], float elapsed_time,
                         float command[LNN_NUM_COMMANDS])
{
    /* Nothing is changed before everything is known to be good. */
    static float features[NUM_FEATURES];
    static lnn_state next;
    float steering[LNN_NUM_COMMANDS], answer[LNN_NUM_COMMANDS];
    const int num_state = (int)(sizeof(lnn_state) / sizeof(float));
    if (!(elapsed_time > 0.0f && lnn_is_finite(elapsed_time))) {
        return LNN_BAD_TIME;
    }
    if (!are_finite(imu, LNN_NUM_IMU)) {
        return LNN_BAD_IMU;
    }
    if (!are_finite((const float *)state, num_state)) {
        return LNN_BAD_STATE;
    }
    encode(image, features);
    /* feature = tanh((imu - mean) / scale / 2) */
    for (int i = 0; i < LNN_NUM_IMU; i++) {
        const float scaled = (imu[i] - imu_mean[i]) * imu_half_rate[i];
        features[NUM_SEEN + i] = lnn_tanh(scaled);
    }
    remember(features, elapsed_time, state, &next, steering);
    /* command = offset + factor * steering, in m/s and rad/s */
    for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
        answer[i] = command_offset[i] + command_factor[i] * steering[i];
    }
    if (!are_finite(answer, LNN_NUM_COMMANDS) || !are_finite((const float *)&next, num_state)) {
        return LNN_NOT_FINITE;
    }
    *state = next;
    for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
        command[i] = answer[i];
    }
    return LNN_OK;
}

void lnn_read_neurons(const lnn_state *state, float neurons[])
{
$read_neurons
}
