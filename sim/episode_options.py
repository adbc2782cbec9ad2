# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `reset`: what of a task another episode may do differently."""

import difflib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sim.tasks import Task

_MADE_ONCE = ('task', 'vehicle', 'settings', 'disturbances', 'render_mode')
"""Arguments of an environment on which its spaces, its vehicle or its sensors depend."""


def change_task(task: Task, options: Mapping[str, Any]) -> Task:
    """Return the task with other values of some of its fields.

    :param options: names of fields -> values, such as {'season': 'winter'}.
    :raises ValueError: if a name is none of the task's, if it would change the vehicle, or if a
        value is out of its range.
    """
    if not isinstance(options, Mapping):
        raise ValueError(
            f"options must be names and values such as {{'season': 'winter'}}, got {options!r}"
        )
    names = [field.name for field in fields(task)]
    for option in options:
        if option not in names:
            raise ValueError(_describe_unknown(task, option, names))
    changed = replace(task, **options)
    if changed.vehicle != task.vehicle:
        raise ValueError(
            f'options {dict(options)} of {task.name} need the vehicle {changed.vehicle!r} instead '
            f'of {task.vehicle!r}: make another environment with them'
        )
    return changed


def _describe_unknown(task: Task, option: str, names: list[str]) -> str:
    if option in _MADE_ONCE:
        return f'{option} cannot differ between episodes: make another environment with it'
    closest = difflib.get_close_matches(str(option), names, n=1)
    hint = f'; did you mean {closest[0]!r}?' if closest else ''
    return f'{task.name} has no option {option!r}, it has {sorted(names)}{hint}'
