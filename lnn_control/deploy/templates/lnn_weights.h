/* SPDX-FileCopyrightText: 2026 The lnn_control authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The numbers of $name: weights as hexadecimal floats, wiring as indices.
 */
#ifndef LNN_WEIGHTS_H
#define LNN_WEIGHTS_H

#include <stdint.h>

$constants

#endif
