# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the verbs share: tasks, environments and policies by their names."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lnn_control.evaluation.stress import StressCell
    from lnn_control.policies.policy import Policy
    from sim.tasks import Task

REFERENCES = ('expert', 'hover')
"""Policies that need no checkpoint."""


def choose_task(name: str, world: str | None, season: str) -> 'Task':
    """Return a task in a world; in the task's first one if none is given.

    :raises ValueError: if there is no such task, world or season.
    """
    from sim.tasks import TASKS, make_task

    if world is None and name in TASKS:
        world = TASKS[name].worlds[0]
    return make_task(name, world=world, season=season)


def make_env(task: 'Task', sees: bool = True, cell: 'StressCell | None' = None) -> Any:
    """Return the environment of a trial.

    :param sees: whether anybody looks at the images; they are black otherwise.
    :param cell: its disturbance, of the stress suite.
    """
    from sim.disturbances import make_disturbance
    from sim.environment import TaskEnv
    from sim.simulation import SimulationSettings

    settings = SimulationSettings(renderer='tiny' if sees else 'none')
    disturbances = []
    if cell is not None and cell.disturbance is not None:
        disturbances.append(make_disturbance(cell.disturbance, cell.level))
    return TaskEnv(task, settings=settings, disturbances=disturbances)


def make_policy(name: str, env: Any) -> 'Policy':
    """Return a reference policy by name, else the policy of a checkpoint."""
    from lnn_control.policies.references import ExpertPolicy, HoverPolicy
    from lnn_control.policies.checkpoint import load_policy

    if name == 'expert':
        return ExpertPolicy(env)
    return HoverPolicy() if name == 'hover' else load_policy(name)
