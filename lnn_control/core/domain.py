# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a policy was trained for, what it is about to fly, and whether the two fit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from lnn_control.core.appearance import Appearance
from lnn_control.core.checks import check_number

Range: TypeAlias = tuple[float, float]
"""Least and greatest value."""


class DomainError(ValueError):
    """A policy was not trained for what it is to fly; the message says what and what to do."""


@dataclass(frozen=True)
class FlightSetup:
    """The task, vehicle and camera of a flight; None where nobody knows.

    :param camera_fov_deg: field of view across the whole width of the image.
    :param camera_pitch_deg: how far the camera looks down from straight ahead.
    :param camera_rate: images a second [Hz].
    :param camera_latency: from exposure to delivery [s].
    """

    task: str | None = None
    vehicle: str | None = None
    camera_fov_deg: float | None = None
    camera_pitch_deg: float | None = None
    camera_rate: float | None = None
    camera_latency: float | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _POSSIBLE.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_number(name, value, low, high))

    @staticmethod
    def of(described: Mapping[str, Any] | None) -> 'FlightSetup':
        """Return the setup that an environment describes in the `info` of its reset.

        :param described: values by the names of the fields; what is missing is unknown.
        :raises ValueError: if a name is none of the fields or a value is impossible.
        """
        known = {entry.name for entry in fields(FlightSetup)}
        unknown = sorted(set(described or {}) - known)
        if unknown:
            raise ValueError(f'a flight setup has {sorted(known)}, got {unknown}')
        return FlightSetup(**(described or {}))


_POSSIBLE: dict[str, Range] = {
    'camera_fov_deg': (1.0, 179.0),
    'camera_pitch_deg': (-90.0, 90.0),
    'camera_rate': (0.1, 1000.0),
    'camera_latency': (0.0, 10.0),
}


@dataclass(frozen=True)
class TrainingDomain:
    """What a policy was trained on; None where nobody knows: that is not checked.

    :param tasks: by name. :param vehicle: by name.
    :param camera_fov_deg: across the image that the policy is given.
    :param camera_pitch_deg: of the mounting, positive looks down.
    :param camera_rate: images a second [Hz]. :param camera_latency: [s].
    :param command_limits: largest vx, vy, vz [m/s] and yaw rate [rad/s] of the vehicle.
    :param appearance: what its images looked like.
    """

    tasks: tuple[str, ...] | None = None
    vehicle: str | None = None
    camera_fov_deg: Range | None = None
    camera_pitch_deg: Range | None = None
    camera_rate: Range | None = None
    camera_latency: Range | None = None
    command_limits: tuple[float, float, float, float] | None = None
    appearance: Appearance | None = None

    def __post_init__(self) -> None:
        for name, (lowest, highest) in _POSSIBLE.items():
            pair = getattr(self, name)
            if pair is not None:
                low = check_number(f'least {name}', pair[0], lowest, highest)
                check_number(f'greatest {name}', pair[1], low, highest)

    @property
    def widest_fov_deg(self) -> float | None:
        """Beyond this an image is cropped."""
        return self.camera_fov_deg[1] if self.camera_fov_deg is not None else None


# How far from the trained range still counts as the same.
_TOLERANCES = {
    'camera_fov_deg': 1.0,
    'camera_pitch_deg': 2.0,
    'camera_rate': 1.0,
    'camera_latency': 0.03,
}
_WORDS = {
    'camera_fov_deg': ('sees', 'degrees across', 'use a wider lens or camera mode'),
    'camera_pitch_deg': ('looks down by', 'degrees', 'mount it as in training'),
    'camera_rate': ('gives', 'images a second', 'set the rate of the camera'),
    'camera_latency': ('delivers after', 's', 'shorten the way of its images'),
}
_TELL = (
    'or train a policy for it, or tell it to fly all the same (--allow-untrained, over ROS '
    'allow_untrained:=true)'
)


def list_mismatches(domain: TrainingDomain, setup: FlightSetup) -> list[str]:
    """Return one sentence for each thing that a policy was not trained for.

    A wider field of view is none: the image is cropped to what was trained.
    """
    return [*_list_names(domain, setup), *_list_ranges(domain, setup)]


def _list_names(domain: TrainingDomain, setup: FlightSetup) -> Iterator[str]:
    if None not in (domain.tasks, setup.task) and setup.task not in (domain.tasks or ()):
        yield (
            f'it was trained for {join_names(domain.tasks or ())}, not for {setup.task}: '
            f'choose another policy, {_TELL}'
        )
    if None not in (domain.vehicle, setup.vehicle) and setup.vehicle != domain.vehicle:
        yield (
            f'it was trained on a {domain.vehicle}, not on a {setup.vehicle}: choose another '
            f'policy, {_TELL}'
        )


def _list_ranges(domain: TrainingDomain, setup: FlightSetup) -> Iterator[str]:
    for name, tolerance in _TOLERANCES.items():
        pair, value = getattr(domain, name), getattr(setup, name)
        if pair is None or value is None:
            continue
        is_above = value > pair[1] + tolerance and name != 'camera_fov_deg'
        if value < pair[0] - tolerance or is_above:
            verb, unit, cure = _WORDS[name]
            yield (
                f'the camera {verb} {value:.4g} {unit}, trained was {_show(pair)}: {cure}, {_TELL}'
            )


def check_domain(domain: TrainingDomain, setup: FlightSetup, policy: str) -> None:
    """Check that a policy was trained for a flight.

    :param policy: its name, for the message.
    :raises DomainError: if not; all that does not fit is named.
    """
    mismatches = list_mismatches(domain, setup)
    if mismatches:
        raise DomainError(f'policy {policy} does not fit: {"; ".join(mismatches)}')


def _show(pair: Range) -> str:
    low, high = (f'{value:.4g}' for value in pair)
    return low if low == high else f'{low} to {high}'


def join_names(names: Sequence[str]) -> str:
    """Return names as a sentence has them: one, two and three."""
    return ' and '.join(filter(None, (', '.join(names[:-1]), *names[-1:])))
