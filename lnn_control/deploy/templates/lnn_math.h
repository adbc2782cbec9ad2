/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * exp, tanh and sigmoid from additions, multiplications and divisions of floats alone, so that
 * every machine gives the same bits. Errors were measured against double precision.
 */
#ifndef LNN_MATH_H
#define LNN_MATH_H

#include <float.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error "build without -ffast-math: the order of the operations would be lost"
#endif
#if FLT_EVAL_METHOD != 0
#error "floats must be computed as floats: on 32-bit x86 build with -msse2 -mfpmath=sse"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef union {
    float number;
    uint32_t bits;
} lnn_float_bits;

/* Return whether a number is neither infinite nor NaN. */
static inline int lnn_is_finite(float x)
{
    const lnn_float_bits value = {x};
    return (value.bits & 0x7f800000u) != 0x7f800000u;
}

/* Return exp(x), relative error below $exp_error; exp(-87) for less, exp(88) for more.
 *
 *   exp(x) = 2^n exp(r),   n = round(x / ln 2),   r = x - n ln 2,   |r| <= ln 2 / 2
 *   exp(r) = 1 + r + r^2 / 2! + ... + r^7 / 7!
 */
static inline float lnn_exp(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    /* With 1.5 * 2^23 added no bit is left for fractions: n stands in the lowest ones. */
    const lnn_float_bits shifted = {x * 0x1.715476p+0f + 0x1.8p+23f};
    const float n = shifted.number - 0x1.8p+23f;
    /* ln 2 in two parts, of which the first times n is exact. */
    const float r = (x - n * 0x1.62ep-1f) - n * 0x1.0bfbe8p-15f;
    float sum = 0x1.a01a02p-13f;
    sum = sum * r + 0x1.6c16c2p-10f;
    sum = sum * r + 0x1.111112p-7f;
    sum = sum * r + 0x1.555556p-5f;
    sum = sum * r + 0x1.555556p-3f;
    sum = sum * r + 0.5f;
    sum = sum * (r * r) + r;
    lnn_float_bits power;
    power.bits = (shifted.bits - 0x4b400000u + 127u) << 23;
    return (sum + 1.0f) * power.number;
}

/* Return 1 / (1 + exp(-x)), absolute error below $sigmoid_error. */
static inline float lnn_sigmoid(float x)
{
    return 1.0f / (1.0f + lnn_exp(-x));
}

/* Return tanh(x) = 1 - 2 / (exp(2 x) + 1), absolute error below $tanh_error. */
static inline float lnn_tanh(float x)
{
    return 1.0f - 2.0f / (lnn_exp(2.0f * x) + 1.0f);
}

#endif
