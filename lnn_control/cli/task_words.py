# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a task is in the words of a page: its docstring's first sentence and its vehicle."""

import inspect
from typing import TYPE_CHECKING

from lnn_control.reports.run_folder import TaskWords

if TYPE_CHECKING:
    from sim.tasks import Task


def describe_task(kind: 'type[Task]') -> TaskWords:
    """Return what a reader is told of a task."""
    from sim.tasks.reach_target import ReachTarget
    from sim.vehicles import find_vehicle

    vehicle = kind.vehicle
    found = find_vehicle(vehicle) if isinstance(vehicle, str) else vehicle
    paragraph, _, _ = inspect.cleandoc(kind.__doc__ or '').partition('\n\n')
    return TaskWords(
        kind.name,
        ' '.join(paragraph.split()),
        found.name,
        reaches=issubclass(kind, ReachTarget),
        trip='drive' if found.rest_height > 0.0 else 'flight',
    )
