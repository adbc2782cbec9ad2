# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An orchard to fly in: a world, a task, a policy, a disturbance and a verb, a file each."""
