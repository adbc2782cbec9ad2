# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Simulator: worlds, renderers, vehicles, sensors, tasks, experts and Gymnasium environments."""

import gymnasium

if 'lnn_control/FlyToTarget-v0' not in gymnasium.registry:
    gymnasium.register(
        'lnn_control/FlyToTarget-v0',
        entry_point='sim.environment:FlyToTargetEnv',
        order_enforce=False,
        disable_env_checker=True,
    )
