# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One closed-loop trial of a policy in an environment, and what is measured in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings

MAX_PLACES = 48
"""Places of a path that a result keeps, evenly spaced in time."""


class TrialEnvironment(Protocol):
    """A Gymnasium environment with camera, IMU and the `info` of a navigation task."""

    def reset(self, *, seed: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start an episode."""

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Fly an action."""


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to.

    :param outcome: 'success', 'collision', 'out_of_area' or 'time_limit'.
    :param duration: [s]. :param path_length: [m].
    :param path_ratio: path over the shortest safe path up to where success is counted.
    :param clearance: smallest distance of the vehicle's middle to a surface [m].
    :param command_change: mean absolute change of the velocity command [m/s^2].
    :param final_distance: to the target at the end [m].
    :param in_view: share of the images with the target in sight, None where nobody knows.
    :param metrics: what the task itself measures, at the end.
    :param hit: what a collision was with, such as 'trunk'; None where nobody knows.
    :param unseen_since: from when on the target was out of view until the end [s]; None where it
        was in view, the task seeks none, or nobody knows.
    :param from_start: distance from the start at the end, seen from above [m].
    :param path: places x, y in the world on the way, the first and the last among them [m].
    """

    seed: int
    outcome: str
    duration: float
    path_length: float
    path_ratio: float
    clearance: float
    command_change: float
    final_distance: float
    in_view: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    hit: str | None = None
    unseen_since: float | None = None
    from_start: float | None = None
    path: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        # Lines of JSON know lists alone.
        path = tuple((float(x), float(y)) for x, y in self.path)
        object.__setattr__(self, 'path', path)

    @property
    def is_success(self) -> bool:
        """Whether the task was done."""
        return self.outcome == 'success'


@dataclass(frozen=True, eq=False)
class Moment:
    """One step of a trial, before the action is flown.

    :param sensed: what the environment gave. :param info: the truth beside it.
    :param command: the answer, shape (4,). :param runner: that gave it.
    """

    sensed: Mapping[str, NDArray[Any]]
    info: Mapping[str, Any]
    command: NDArray[np.float32]
    runner: PolicyRunner


class TrialObserver(Protocol):
    """Is shown a trial while it is flown, and changes nothing in it."""

    def note(self, moment: Moment) -> None:
        """Take note of a moment."""

    def end(self, info: Mapping[str, Any]) -> None:
        """Take note of the truth at the end."""


def run_trial(
    env: TrialEnvironment,
    policy: Policy,
    seed: int,
    settings: RunnerSettings | None = None,
    observer: TrialObserver | None = None,
) -> TrialResult:
    """Fly one seed from start to end. The policy sees camera and IMU only.

    :param observer: that changes nothing: the result is the same with and without.
    :raises DomainError: if the policy was not trained for this environment.
    """
    runner = PolicyRunner(policy, settings)
    sensed, info = env.reset(seed=seed)
    runner.start(info)
    # What is measured: the truth at every pose, the commands between them.
    shortest = float(info['shortest_path'])
    seeks_target = bool(info.get('seeks_target', True))
    positions, clearances, sights = [info['position']], [info['clearance']], []
    commands, times = [], []
    unseen_since = None if info['sees_target'] else float(info['time'])
    is_over = False
    while not is_over:
        elapsed = float(sensed['elapsed_time'][0])
        commands.append(runner.step_sensed(sensed).to_array())
        if observer is not None:
            observer.note(Moment(sensed, info, commands[-1], runner))
        sensed, _, terminated, truncated, info = env.step(commands[-1])
        positions.append(info['position'])
        clearances.append(info['clearance'])
        sights.append(bool(info['sees_target']))
        # Since when on end, not how often.
        if sights[-1]:
            unseen_since = None
        elif unseen_since is None:
            unseen_since = float(info['time'])
        times.append(elapsed)
        is_over = terminated or truncated
    if observer is not None:
        observer.end(info)
    return TrialResult(
        seed,
        str(info['outcome']),
        float(info['time']),
        *measure_path(np.array(positions), shortest),
        float(min(clearances)),
        measure_command_change(np.array(commands), np.array(times)),
        float(info['distance_to_target']),
        float(np.mean(sights)),
        dict(info['metrics']),
        info.get('hit'),
        unseen_since if seeks_target else None,
        *trace_path(np.array(positions)),
    )


def measure_path(positions: NDArray[np.float64], shortest: float) -> tuple[float, float]:
    """Return the length of a path [m] and its ratio to the shortest one.

    :param positions: shape (n, 3).
    """
    length = float(np.linalg.norm(np.diff(positions, axis=0), axis=1).sum())
    return length, length / max(shortest, 1e-6)


def trace_path(
    positions: NDArray[np.float64],
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Return how far from its start a path ended [m], and some places on it, seen from above.

    :param positions: shape (n, 3).
    """
    chosen = np.unique(np.linspace(0, len(positions) - 1, MAX_PLACES).astype(int))
    places = tuple((round(float(x), 2), round(float(y), 2)) for x, y in positions[chosen, :2])
    return float(np.hypot(*(positions[-1] - positions[0])[:2])), places


def measure_command_change(
    commands: NDArray[np.float32], elapsed_time: NDArray[np.float64]
) -> float:
    """Return the mean absolute change of the velocity command, per second [m/s^2].

    :param commands: shape (n, 4). :param elapsed_time: before each command [s], shape (n,).
    """
    if len(commands) < 2:
        return 0.0
    change = np.linalg.norm(np.diff(commands[:, :3], axis=0), axis=1)
    return float(np.mean(change / elapsed_time[1:]))
