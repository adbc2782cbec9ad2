# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks: what a trial starts from and when it has succeeded or failed."""
