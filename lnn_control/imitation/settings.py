# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How to train, in one value."""

from dataclasses import dataclass, field
from typing import Any

from lnn_control.core.checks import check_number
from lnn_control.imitation.augment import Augmentation
from lnn_control.imitation.schedule import SCHEDULES
from lnn_control.imitation.windows import WindowSettings


@dataclass(frozen=True)
class TrainSettings:
    """How to train."""

    epochs: int = 8
    """Passes over the data, where neither steps nor a time is given."""
    steps: int | None = None
    """Steps of the optimiser instead of passes."""
    budget_minutes: float | None = None
    """Time to train [min] instead of passes."""
    batch_size: int = 4
    """Windows a step."""
    learning_rate: float = 6e-3
    """Peak of the schedule."""
    schedule: str = 'decay'
    """Of the learning rate: decay (constant, then a cosine in the last 40 %) or one_cycle."""
    weight_decay: float = 1e-4
    """Of AdamW."""
    max_gradient_norm: float = 1.0
    """Longer gradients are shortened to this."""
    axis_weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """How much vx, vy, vz and yaw rate count in the loss."""
    obstacle_weight: float = 0.0
    """Added to the factor 1 by which an image counts: all of it with an obstacle within 1 m
    straight ahead, less up to 2.5 m, where distances were recorded. 12 is worth a try."""
    averaging: float = 0.995
    """Share of the averaged weights that remains in a step; the average is what is saved."""
    finish: float = 0.0
    """Share of the training, at its end, in which images are changed no more than weakly."""
    heads: bool = True
    """Train heads that guess what only the simulator knows, where it was recorded; not saved."""
    is_symmetric: bool | None = None
    """Whether left and right are alike, so that mirror images teach right; None: as the
    episodes say, and if they say nothing, they are."""
    seed: int = 0
    """Of initial weights, order and augmentation."""
    windows: WindowSettings = field(default_factory=WindowSettings)
    """How flights are cut into windows."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    """How images are changed, drawn once a window."""

    def __post_init__(self) -> None:
        check_number('epochs', self.epochs, 1, 10000)
        if self.steps is not None:
            check_number('steps', self.steps, 1, 10**9)
        if self.budget_minutes is not None:
            check_number('budget_minutes', self.budget_minutes, 1e-3, 1e6, 'min')
        if self.steps is not None and self.budget_minutes is not None:
            raise ValueError('steps and budget_minutes both say when to end: give one of them')
        check_number('batch_size', self.batch_size, 1, 4096)
        check_number('learning_rate', self.learning_rate, 1e-7, 1.0)
        if self.schedule not in SCHEDULES:
            raise ValueError(f'schedule must be one of {sorted(SCHEDULES)}, got {self.schedule!r}')
        check_number('weight_decay', self.weight_decay, 0.0, 1.0)
        check_number('max_gradient_norm', self.max_gradient_norm, 1e-6, 1e6)
        check_number('obstacle_weight', self.obstacle_weight, 0.0, 1e3)
        check_number('averaging', self.averaging, 0.0, 1.0)
        check_number('finish', self.finish, 0.0, 1.0)
        for weight in self.axis_weights:
            check_number('axis_weights', weight, 0.0, 1e3)


def describe_difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return which values differ, such as 'seed 0 instead of 1'; empty if none does."""
    rows = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            inner = describe_difference(old, new)
            rows += [inner] if inner else []
        elif _plain(old) != _plain(new):
            rows.append(f'{name} {new} instead of {old}')
    return ', '.join(rows)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
