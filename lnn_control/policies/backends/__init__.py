# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Policies that fly an exported program instead of a torch network; nothing here loads torch."""
