# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A network as C99 that anybody can read: no heap, no library, the same bits everywhere."""
