/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From reset to main on a Cortex-M7 whose files are those of a debugger or of QEMU (semihosting).
 */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t data_start[], data_end[], data_image[], bss_start[], bss_end[], stack_top[];
extern void initialise_monitor_handles(void);
extern int main(int argc, char **argv);

void reset(void);

static void halt(void)
{
    exit(3);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)(uintptr_t)reset, (const void *)(uintptr_t)halt,
    (const void *)(uintptr_t)halt, (const void *)(uintptr_t)halt, (const void *)(uintptr_t)halt,
    (const void *)(uintptr_t)halt,
};

/* Ask the debugger for the words of the command line. */
static int read_arguments(char **arguments, int most)
{
    static char line[256];
    struct {
        char *text;
        uint32_t size;
    } block = {line, sizeof line - 1};
    register uint32_t operation __asm__("r0") = 0x15; /* SYS_GET_CMDLINE */
    register void *parameters __asm__("r1") = &block;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(parameters) : "memory");
    int count = 0;
    for (char *place = line; *place != '\0' && count < most;) {
        arguments[count++] = place;
        while (*place != '\0' && *place != ' ') {
            place++;
        }
        if (*place == ' ') {
            *place++ = '\0';
        }
    }
    return count;
}

void reset(void)
{
    static char *arguments[8];
    /* Let the floating-point unit run: access to coprocessors 10 and 11. */
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb");
    for (uint32_t *to = data_start, *from = data_image; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    initialise_monitor_handles();
    const int count = read_arguments(arguments, 8);
    exit(main(count, arguments));
}

/* The C library calls these around main where there is more to start; here there is not. */
void _init(void)
{
}

void _fini(void)
{
}
