# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks: what a trial starts from and when it has succeeded or failed."""

import difflib
from dataclasses import fields
from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry, check_subclass
from sim.lazy import import_on_demand

if TYPE_CHECKING:
    from sim.tasks.drive_to_target import DriveToTarget
    from sim.tasks.fly_to_target import FlyToTarget
    from sim.tasks.follow_target import FollowTarget
    from sim.tasks.hike import Hike
    from sim.tasks.keep_lane import KeepLane
    from sim.tasks.task import Task

__getattr__ = import_on_demand(
    __name__,
    {
        'DriveToTarget': 'drive_to_target',
        'FlyToTarget': 'fly_to_target',
        'FollowTarget': 'follow_target',
        'Hike': 'hike',
        'KeepLane': 'keep_lane',
        'Task': 'task',
    },
)


def _check_task(entry: object) -> None:
    """Check that an entry of another package is a task that can be made."""
    from sim.tasks.task import Task

    check_subclass(Task)(entry)
    missing = sorted(getattr(entry, '__abstractmethods__', ()))
    missing += [name for name in ('name', 'vehicle') if not hasattr(entry, name)]
    if missing:
        raise ValueError(f'a task must say {", ".join(missing)}')


TASKS: 'Registry[type[Task]]' = Registry(
    'task',
    'lnn_control.tasks',
    {
        'fly_to_target': 'sim.tasks.fly_to_target:FlyToTarget',
        'follow_target': 'sim.tasks.follow_target:FollowTarget',
        'hike': 'sim.tasks.hike:Hike',
        'drive_to_target': 'sim.tasks.drive_to_target:DriveToTarget',
        'keep_lane': 'sim.tasks.keep_lane:KeepLane',
    },
    _check_task,
)
"""Name of a task -> its class, a subclass of :class:`sim.tasks.task.Task`."""


def make_task(name: str, **options: object) -> 'Task':
    """Return a task by its name, or as `module:Class`.

    :param options: fields of the task, such as world and season.
    :raises ValueError: if there is no such task or field, or a value is out of its range.
    """
    kind = TASKS.find(name)
    for option in options:
        check_option(kind, option)
    return kind(**options)  # type: ignore[arg-type]


def check_option(kind: 'type[Task]', option: str) -> None:
    """Check that a task has an option of this name.

    :raises ValueError: if not; the message lists those that there are and names the closest.
    """
    names = sorted(field.name for field in fields(kind))
    if option not in names:
        closest = difflib.get_close_matches(option, names, n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        raise ValueError(f'{kind.name} has no option {option!r}, it has {names}{hint}')


__all__ = [
    'TASKS',
    'DriveToTarget',
    'FlyToTarget',
    'FollowTarget',
    'Hike',
    'KeepLane',
    'Task',
    'check_option',
    'make_task',
]
