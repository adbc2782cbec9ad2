# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks: what a trial starts from and when it has succeeded or failed."""

from sim.tasks.drive_to_target import DriveToTarget
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.follow_target import FollowTarget
from sim.tasks.hike import Hike
from sim.tasks.keep_lane import KeepLane
from sim.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    task.name: task for task in (FlyToTarget, FollowTarget, Hike, DriveToTarget, KeepLane)
}
"""Name of a task -> its class."""


def make_task(name: str, **options: object) -> Task:
    """Return a task by its name.

    :param options: fields of the task, such as world and season.
    :raises ValueError: if there is no such task or field, or a value is out of its range.
    """
    if name not in TASKS:
        raise ValueError(f'task must be one of {sorted(TASKS)}, got {name!r}')
    fields = TASKS[name].__dataclass_fields__
    for option in options:
        if option not in fields:
            raise ValueError(f'{name} has no option {option!r}, it has {sorted(fields)}')
    return TASKS[name](**options)  # type: ignore[arg-type]


__all__ = ['TASKS', 'Task', 'make_task']
