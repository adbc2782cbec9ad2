# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Simulator: worlds, renderers, vehicles, sensors, tasks, experts and Gymnasium environments.

Importing it registers every task with Gymnasium as `lnn_control/<Task>-v0`.
"""

import gymnasium

# Written out, because importing the tasks would load PyBullet.
for _task in ('fly_to_target', 'follow_target', 'hike', 'drive_to_target', 'keep_lane'):
    _name = f'lnn_control/{"".join(word.capitalize() for word in _task.split("_"))}-v0'
    if _name not in gymnasium.registry:
        gymnasium.register(
            _name,
            entry_point='sim.environment:TaskEnv',
            kwargs={'task': _task},
            order_enforce=False,
            disable_env_checker=True,
        )
