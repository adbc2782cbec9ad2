/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Flies a recorded flight and compares every command with what was recorded.
 *
 *   test_flight FLIGHT OUTPUT [IMAGES]
 *
 * OUTPUT gets the commands and the neurons after each image as floats, so that the bytes of two
 * machines can be compared. A row of FLIGHT, little-endian: elapsed time [s], whether the memory
 * is cleared before (a 32-bit number), 12 inertial features, 4 commands, the image.
 */
#include "lnn_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-4f /* m/s and rad/s */

typedef struct {
    float elapsed_time;
    uint32_t starts;
    float imu[LNN_NUM_IMU];
    float command[LNN_NUM_COMMANDS];
} row_head;

static row_head head;
static uint8_t image[LNN_IMAGE_BYTES];
static lnn_state state;

/* Return whether a step that must fail does, and leaves state and command as they were. */
static int is_refused(float elapsed_time, float rate, enum lnn_result expected)
{
    float imu[LNN_NUM_IMU], command[LNN_NUM_COMMANDS] = {1.0f, 2.0f, 3.0f, 4.0f};
    const lnn_state before = state;
    memcpy(imu, head.imu, sizeof imu);
    imu[5] = rate;
    if (lnn_step(&state, image, imu, elapsed_time, command) != expected) {
        return 0;
    }
    return memcmp(&before, &state, sizeof state) == 0 && command[0] == 1.0f &&
           command[LNN_NUM_COMMANDS - 1] == 4.0f;
}

static int refuses_bad_input(void)
{
    const float zero = 0.0f, infinity = 1.0f / zero, nan = zero / zero;
    const float times[] = {0.0f, -0.05f, infinity, nan};
    for (int i = 0; i < 4; i++) {
        if (!is_refused(times[i], 1.0f, LNN_BAD_TIME)) {
            return 0;
        }
    }
    return is_refused(0.05f, nan, LNN_BAD_IMU) && is_refused(0.05f, infinity, LNN_BAD_IMU);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: test_flight FLIGHT OUTPUT [IMAGES]\n");
        return 2;
    }
    FILE *flight = fopen(argv[1], "rb");
    FILE *output = fopen(argv[2], "wb");
    if (flight == NULL || output == NULL) {
        fprintf(stderr, "cannot open %s\n", flight == NULL ? argv[1] : argv[2]);
        return 2;
    }
    const long most = argc > 3 ? strtol(argv[3], NULL, 10) : 1000000;
    float command[LNN_NUM_COMMANDS], neurons[LNN_NUM_NEURONS + 1], largest = 0.0f;
    long count = 0;
    while (count < most && fread(&head, sizeof head, 1, flight) == 1 &&
           fread(image, sizeof image, 1, flight) == 1) {
        if (head.starts) {
            lnn_reset(&state);
        }
        const enum lnn_result result =
            lnn_step(&state, image, head.imu, head.elapsed_time, command);
        if (result != LNN_OK) {
            fprintf(stderr, "image %ld: lnn_step gave %d\n", count, (int)result);
            return 1;
        }
        for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
            const float difference = command[i] - head.command[i];
            const float size = difference < 0.0f ? -difference : difference;
            largest = size > largest ? size : largest;
        }
        lnn_read_neurons(&state, neurons);
        fwrite(command, sizeof(float), LNN_NUM_COMMANDS, output);
        fwrite(neurons, sizeof(float), LNN_NUM_NEURONS, output);
        count++;
    }
    fclose(flight);
    if (fclose(output) != 0 || count == 0) {
        fprintf(stderr, "cannot read %s or write %s\n", argv[1], argv[2]);
        return 2;
    }
    if (!refuses_bad_input()) {
        fprintf(stderr, "bad input was not refused, or changed state or command\n");
        return 1;
    }
    printf("%ld images, largest difference %.1e\n", count, (double)largest);
    return largest <= TOLERANCE ? 0 : 1;
}
