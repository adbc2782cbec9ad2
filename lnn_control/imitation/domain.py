# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a set of episodes trains a policy for, as the episodes themselves say."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.appearance import Appearance, fit_appearance
from lnn_control.core.domain import Range, TrainingDomain
from lnn_control.core.provenance import describe_versions

# More of them show little that is new.
_SEEN_FLIGHTS = 100


def find_domain(episodes: Sequence[Mapping[str, str]], max_stride: int) -> TrainingDomain:
    """Return the tasks, the vehicle and the range of cameras of episodes.

    What one of them does not say is unknown of all: nobody knows then what was trained.

    :param episodes: metadata of each. :param max_stride: flights are also read at a lower rate,
        down to this share.
    :raises ValueError: if they are of several vehicles, or a value is no number.
    """
    vehicles = sorted({episode['vehicle'] for episode in episodes if 'vehicle' in episode})
    if len(vehicles) > 1:
        raise ValueError(
            f'episodes must be of one vehicle, got {vehicles}: train on the folder of one'
        )
    rates = _span(episodes, 'camera_rate')
    limits = _read_limits(episodes)
    tasks = tuple(sorted({episode['task'] for episode in episodes if 'task' in episode}))
    return TrainingDomain(
        tasks=tasks if tasks and _all_say(episodes, 'task') else None,
        vehicle=vehicles[0] if vehicles and _all_say(episodes, 'vehicle') else None,
        camera_fov_deg=_span(episodes, 'camera_fov_deg'),
        camera_pitch_deg=_span(episodes, 'camera_pitch_deg'),
        camera_rate=None if rates is None else (rates[0] / max_stride, rates[1]),
        camera_latency=_span(episodes, 'camera_latency'),
        command_limits=limits,
    )


def see_training(flights: Sequence[NDArray[np.uint8]]) -> Appearance | None:
    """Return what a training looked like, by some of its flights.

    :param flights: the images of each, shape (n, height, width, 3).
    """
    return fit_appearance(flights[:: -(-len(flights) // _SEEN_FLIGHTS) or 1])


def _all_say(episodes: Sequence[Mapping[str, str]], name: str) -> bool:
    return all(name in episode for episode in episodes)


def _span(episodes: Sequence[Mapping[str, str]], name: str) -> Range | None:
    """Return the least and the greatest value of a number, None unless all episodes say it."""
    if not episodes or not _all_say(episodes, name):
        return None
    values = [float(episode[name]) for episode in episodes]
    return min(values), max(values)


def _read_limits(
    episodes: Sequence[Mapping[str, str]],
) -> tuple[float, float, float, float] | None:
    """Return the greatest command of each axis."""
    if not episodes or not _all_say(episodes, 'command_limits'):
        return None
    rows = [[float(word) for word in episode['command_limits'].split()] for episode in episodes]
    vx, vy, vz, yaw_rate = (max(column) for column in zip(*rows, strict=True))
    return vx, vy, vz, yaw_rate


def list_places(episodes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return each world and season of some episodes once, such as 'forest summer'.

    :param episodes: the metadata of each; an episode that does not say where it was is left out.
    """
    said = (f'{e.get("world", "")} {e.get("season", "")}'.strip() for e in episodes)
    return sorted(set(said) - {''})


def describe_training(
    sequences: Sequence[Sized], episodes: Sequence[Mapping[str, str]], said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a checkpoint says of its training: its data, how it went and the versions.

    :param sequences: that were learned from. :param episodes: the metadata of each.
    :param said: how it went, such as its settings and the time it took.
    """
    data = {
        'episodes': len(sequences),
        'images': sum(map(len, sequences)),
        'places': list_places(episodes),
    }
    return {'data': data, **said, 'versions': describe_versions()}
