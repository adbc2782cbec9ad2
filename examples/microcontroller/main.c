/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Flies a recorded flight on a Cortex-M7 and prints its commands, the stack and the instructions
 * of a step. Under QEMU the files are those of the host; on a board they come through a debugger.
 */
#include "lnn_policy.h"

#include <stdio.h>
#include <stdlib.h>

/* The timer of every Cortex-M, which counts down. */
#define SYSTICK_CONTROL (*(volatile uint32_t *)0xe000e010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xe000e014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xe000e018u)
#define SYSTICK_LARGEST 0x00ffffffu

/* QEMU's board runs at 25 MHz of an emulated clock in which an instruction takes 1 ns. */
#define INSTRUCTIONS_A_TICK 40u

#define PAINT 0xa5a5a5a5u
#define NUM_PAINTED 4096 /* words below the stack of main */

typedef struct {
    float elapsed_time;
    uint32_t starts;
    float imu[LNN_NUM_IMU];
    float command[LNN_NUM_COMMANDS]; /* of the network in PyTorch */
} row_head;

static row_head head;
static uint8_t image[LNN_IMAGE_BYTES];
static lnn_state state;

static uint32_t *read_stack_pointer(void)
{
    uint32_t *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

/* What a step costs: ticks of the timer and bytes of the stack. */
static enum lnn_result measure_step(float *command, uint32_t *ticks, uint32_t *stack)
{
    volatile uint32_t *const top = read_stack_pointer();
    for (int i = 1; i <= NUM_PAINTED; i++) {
        top[-i] = PAINT;
    }
    const uint32_t before = SYSTICK_VALUE;
    const enum lnn_result result =
        lnn_step(&state, image, head.imu, head.elapsed_time, command);
    *ticks = (before - SYSTICK_VALUE) & SYSTICK_LARGEST;
    int untouched = NUM_PAINTED;
    while (untouched > 0 && top[-untouched] == PAINT) {
        untouched--;
    }
    *stack = (uint32_t)untouched * sizeof(uint32_t);
    return result;
}

int main(int argc, char **argv)
{
    FILE *flight = argc > 2 ? fopen(argv[1], "rb") : NULL;
    if (flight == NULL) {
        fprintf(stderr, "cannot open the flight: give its file and a number of images\n");
        return 2;
    }
    SYSTICK_RELOAD = SYSTICK_LARGEST;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* on, from the processor's clock, no interrupt */
    const long most = strtol(argv[2], NULL, 10);
    uint32_t most_stack = 0, most_ticks = 0;
    printf("image  elapsed   forward      left        up  yaw rate\n");
    for (long count = 0; count < most; count++) {
        float command[LNN_NUM_COMMANDS] = {0.0f, 0.0f, 0.0f, 0.0f};
        uint32_t ticks, stack;
        if (fread(&head, sizeof head, 1, flight) != 1 ||
            fread(image, sizeof image, 1, flight) != 1) {
            break;
        }
        if (head.starts) {
            lnn_reset(&state);
        }
        if (measure_step(command, &ticks, &stack) != LNN_OK) {
            fprintf(stderr, "image %ld: no command\n", count);
            return 1;
        }
        most_ticks = ticks > most_ticks ? ticks : most_ticks;
        most_stack = stack > most_stack ? stack : most_stack;
        printf("%5ld  %7.3f", count, (double)head.elapsed_time);
        for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
            printf("  %8.4f", (double)command[i]);
        }
        printf("\n");
    }
    const uint32_t instructions = most_ticks * INSTRUCTIONS_A_TICK;
    printf("stack:         %lu bytes at most in a step\n", (unsigned long)most_stack);
    printf("instructions:  %lu at most in a step, counted in steps of %u\n",
           (unsigned long)instructions, INSTRUCTIONS_A_TICK);
    printf("An estimate, not a measurement: at 480 MHz and one instruction a cycle, with code and\n"
           "data in memory without wait states, a step takes %.1f ms.\n",
           (double)instructions / 480e3);
    return 0;
}
