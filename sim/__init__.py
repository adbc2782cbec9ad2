# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Simulator: worlds, renderers, vehicles, sensors, tasks, experts and Gymnasium environments.

Importing it registers every task with Gymnasium as `lnn_control/<Task>-v0`, also those of other
packages; `gymnasium.make('sim:lnn_control/<Task>-v0')` imports it.
"""

import re

import gymnasium

from sim.tasks import TASKS


def register_environments() -> None:
    """Register every task of sim.tasks.TASKS with Gymnasium; none of them is imported for it.

    Calling it again does nothing more.
    """
    for task in TASKS:
        name = name_environment(task)
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point='sim.environment:TaskEnv',
                kwargs={'task': task},
                order_enforce=False,
                disable_env_checker=True,
            )


def name_environment(task: str) -> str:
    """Return the Gymnasium id of a task by its name: words are joined in camel case."""
    words = filter(None, re.split(r'[^0-9a-zA-Z]+', task))
    return f'lnn_control/{"".join(word[0].upper() + word[1:] for word in words)}-v0'


register_environments()
