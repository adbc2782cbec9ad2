/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * log(1 + x) from additions, multiplications and divisions of floats alone.
 */
#ifndef LNN_LOG1P_H
#define LNN_LOG1P_H

#include "lnn_math.h"

/* Return log(1 + x) for x >= 0, relative error below $log1p_error.
 *
 *   log(u) = e ln 2 + log(m),   u = 1 + x = 2^e m,   0.7 <= m < 1.4
 *   log(m) = 2 (s + s^3 / 3 + s^5 / 5 + s^7 / 7 + s^9 / 9),   s = (m - 1) / (m + 1)
 *
 * What was lost when 1 was added comes back as log(1 + x) = log(u) + (x - (u - 1)) / u.
 */
static inline float lnn_log1p(float x)
{
    const lnn_float_bits u = {1.0f + x};
    /* Subtracting the bits of 0.7 leaves e in the exponent, rounded down. */
    const uint32_t above = u.bits - 0x3f333333u;
    const float e = (float)(int)(above >> 23);
    lnn_float_bits m;
    m.bits = (above & 0x007fffffu) + 0x3f333333u;
    const float s = (m.number - 1.0f) / (m.number + 1.0f);
    const float square = s * s;
    float sum = 0x1.c71c72p-3f;
    sum = sum * square + 0x1.24924ap-2f;
    sum = sum * square + 0x1.99999ap-2f;
    sum = sum * square + 0x1.555556p-1f;
    const float log_m = 2.0f * s + s * (square * sum);
    const float lost = (x - (u.number - 1.0f)) / u.number;
    return e * 0x1.62e430p-1f + (log_m + lost);
}

#endif
