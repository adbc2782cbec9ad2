# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One recorded flight and the site it led through, as arrays that a file can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.whole_file import write_whole

T = TypeVar('T')


def _none(*shape: int) -> NDArray[np.float64]:
    """Return an array without a row, for what a file of an earlier version does not hold."""
    return np.zeros(shape)


@dataclass(frozen=True, eq=False)
class Flight:
    """What flowed between vehicle and policy in one trial.

    Recorded over ROS 2 it lasts from the first moving command to the end; in an environment, from
    the start. Times are simulated seconds since then, each array of them ascending.

    :param images: as the camera gave them, uint8 RGB, shape (n, height, width, 3).
    :param image_times: shape (n,).
    :param positions_world: [m], shape (m, 3). :param yaws: heading [rad], shape (m,).
    :param velocities: in the body frame [m/s], shape (m, 3). :param pose_times: shape (m,).
    :param commands: as the vehicle got them, after the safety limits: vx, vy, vz [m/s] and yaw
        rate [rad/s], shape (k, 4). :param command_times: of their arrival, shape (k,).
    :param neurons: activity, shape (q, num_neurons); none of a policy without neurons.
    :param neuron_times: shape (q,).
    :param latencies: wall time from publishing an image to the arrival of the command that answers
        it [s], shape (r,); none of a trial in an environment, where the simulated time waits.
    :param outcome: how the trial ended. :param duration: simulated [s].
    :param wall_duration: how long that took [s].
    :param distances: what was left to the target at each pose, as the task counts it [m], shape
        (m,); none where it is the distance to the site's target.
    :param targets_world: where the target was at each pose [m], shape (m, 3); none where it stood.
    :param saliency: how much each pixel of an image counted to the policy, 0 to 255, shape (n,
        height, width); none of a policy that cannot tell, or where nobody asked.
    :param asked: what the policy itself commanded, before any limit, as `commands`, shape (k, 4);
        none where only the limited ones were recorded.
    :param views: what the camera would have seen with more pixels, for people, as JPEG files one
        after another, shape (k,); none where nobody drew them. Read them by :meth:`read_view`.
    :param view_ends: where the file that goes with each image ends, shape (n,).
    """

    images: NDArray[np.uint8]
    image_times: NDArray[np.float64]
    positions_world: NDArray[np.float64]
    yaws: NDArray[np.float64]
    velocities: NDArray[np.float64]
    pose_times: NDArray[np.float64]
    commands: NDArray[np.float64]
    command_times: NDArray[np.float64]
    neurons: NDArray[np.float32]
    neuron_times: NDArray[np.float64]
    latencies: NDArray[np.float64]
    outcome: str
    duration: float
    wall_duration: float
    distances: NDArray[np.float64] = field(default_factory=lambda: _none(0))
    targets_world: NDArray[np.float64] = field(default_factory=lambda: _none(0, 3))
    saliency: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    asked: NDArray[np.float64] = field(default_factory=lambda: _none(0, 4))
    views: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    view_ends: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for name, shape in _FLIGHT_SHAPES.items():
            dtype = _FLIGHT_TYPES.get(name, np.float64)
            object.__setattr__(self, name, check_array(name, getattr(self, name), shape, dtype))
        for name, times in _FLIGHT_TIMES.items():
            rows, stamps = len(getattr(self, name)), getattr(self, times)
            if rows != len(stamps) and (rows or name not in _MAY_LACK):
                raise ValueError(
                    f'{name} must have one row for each of {times}, got {rows} and {len(stamps)}'
                )
            if (np.diff(stamps) < 0).any():
                raise ValueError(f'{times} must ascend, got {stamps.tolist()}')
        for name in ('duration', 'wall_duration'):
            value = check_number(name, getattr(self, name), 0.0, unit='s')
            object.__setattr__(self, name, value)

    @property
    def speeds(self) -> NDArray[np.float64]:
        """Speed at each pose [m/s], shape (m,)."""
        return np.asarray(np.linalg.norm(self.velocities, axis=1))

    def read_view(self, number: int) -> NDArray[np.uint8] | None:
        """Return the larger picture that goes with an image, RGB; None where there is none.

        :raises ValueError: if it is no picture.
        """
        if not len(self.view_ends):
            return None
        import cv2

        begin = self.view_ends[number - 1] if number else 0
        pixels = cv2.imdecode(self.views[begin : self.view_ends[number]], cv2.IMREAD_COLOR)
        if pixels is None:
            raise ValueError(f'view {number} must be a JPEG file, but cannot be read')
        return np.ascontiguousarray(pixels[..., ::-1], dtype=np.uint8)


_FLIGHT_SHAPES: dict[str, tuple[int | None, ...]] = {
    'images': (None, None, None, 3),
    'image_times': (None,),
    'positions_world': (None, 3),
    'yaws': (None,),
    'velocities': (None, 3),
    'pose_times': (None,),
    'commands': (None, 4),
    'command_times': (None,),
    'neurons': (None, None),
    'neuron_times': (None,),
    'latencies': (None,),
    'distances': (None,),
    'targets_world': (None, 3),
    'saliency': (None, None, None),
    'asked': (None, 4),
    'views': (None,),
    'view_ends': (None,),
}
_FLIGHT_TYPES: dict[str, type[np.generic]] = {
    'images': np.uint8,
    'neurons': np.float32,
    'saliency': np.uint8,
    'views': np.uint8,
    'view_ends': np.int64,
}
_FLIGHT_TIMES = {
    'images': 'image_times',
    'positions_world': 'pose_times',
    'yaws': 'pose_times',
    'velocities': 'pose_times',
    'commands': 'command_times',
    'neurons': 'neuron_times',
    'distances': 'pose_times',
    'targets_world': 'pose_times',
    'saliency': 'image_times',
    'asked': 'command_times',
    'view_ends': 'image_times',
}
_MAY_LACK = ('distances', 'targets_world', 'saliency', 'asked', 'view_ends')
_LATER = (*_MAY_LACK, 'views', 'stops', 'walk', 'road', 'road_width')
"""What files of earlier versions do not hold."""


@dataclass(frozen=True, eq=False)
class Site:
    """A world as a map shows it: outlines in the world frame [m].

    :param circles: solids as x, y, radius, shape (a, 3).
    :param boxes: solids as x, y, length, width, yaw [rad], shape (b, 5).
    :param start: x, y. :param target: x, y, z, at the start. :param reach: how near counts as
        there, 0 where nearness does not count.
    :param shortest_path: x, y along the shortest safe path that does the task, shape (p, 2); none
        where nobody plans one.
    :param shortest_length: of the shortest way up to where success is counted.
    :param time_limit: of the trial [s].
    :param stops: x, y of where the target stands later, one after the other, shape (q, 2).
    :param walk: x, y along which the target walks, shape (w, 2).
    :param road: x, y along the centreline of a closed road, shape (c, 2).
    :param road_width: from edge to edge, 0 without a road.
    """

    circles: NDArray[np.float64]
    boxes: NDArray[np.float64]
    start: NDArray[np.float64]
    target: NDArray[np.float64]
    reach: float
    shortest_path: NDArray[np.float64]
    shortest_length: float
    time_limit: float
    stops: NDArray[np.float64] = field(default_factory=lambda: _none(0, 2))
    walk: NDArray[np.float64] = field(default_factory=lambda: _none(0, 2))
    road: NDArray[np.float64] = field(default_factory=lambda: _none(0, 2))
    road_width: float = 0.0

    def __post_init__(self) -> None:
        shapes = {'circles': (None, 3), 'boxes': (None, 5), 'start': (2,), 'target': (3,)}
        shapes |= dict.fromkeys(('shortest_path', 'stops', 'walk', 'road'), (None, 2))
        for name, shape in shapes.items():
            object.__setattr__(self, name, check_array(name, getattr(self, name), shape))
        for name in ('reach', 'shortest_length', 'time_limit', 'road_width'):
            object.__setattr__(self, name, check_number(name, getattr(self, name), 0.0))

    def distance_to_target(self, positions_world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far positions of shape (n, 3) are from the target [m], shape (n,)."""
        return np.asarray(np.linalg.norm(positions_world - self.target, axis=-1))

    @property
    def road_edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Left and right edge of the road, x, y [m], shape (c, 2) each."""
        along = np.roll(self.road, -1, axis=0) - np.roll(self.road, 1, axis=0)
        left = np.column_stack([-along[:, 1], along[:, 0]])
        left = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
        half = self.road_width / 2
        return self.road + half * left, self.road - half * left


@dataclass(frozen=True, eq=False)
class FlightRecord:
    """A flight with its site.

    :param clearances: distance of the vehicle's middle to the nearest solid at each pose [m].
    """

    flight: Flight
    site: Site
    clearances: NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (len(self.flight.pose_times),)
        clearances = check_array('clearances', self.clearances, expected)
        object.__setattr__(self, 'clearances', clearances)

    @property
    def distances(self) -> NDArray[np.float64]:
        """What was left to the target at each pose [m], shape (m,)."""
        counted = self.flight.distances
        if len(counted):
            return counted
        return self.site.distance_to_target(self.flight.positions_world)


def pack_views(
    pictures: Sequence[NDArray[np.uint8]],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return JPEG files as a flight holds them: one after another, and where each ends.

    :param pictures: files, shape (size,) each.
    """
    ends = np.cumsum([len(picture) for picture in pictures], dtype=np.int64)
    return np.concatenate([np.zeros(0, np.uint8), *pictures]), ends


def compress_view(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an RGB picture as a JPEG file, shape (size,)."""
    import cv2

    _, data = cv2.imencode('.jpg', pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
    return np.asarray(data, dtype=np.uint8).ravel()


def save_flight(path: Path, record: FlightRecord) -> None:
    """Write a record as a compressed .npz file."""
    arrays = {
        f'flight.{entry.name}': getattr(record.flight, entry.name) for entry in fields(Flight)
    }
    arrays |= {f'site.{entry.name}': getattr(record.site, entry.name) for entry in fields(Site)}
    with write_whole(path) as stream:
        np.savez_compressed(stream, clearances=record.clearances, **arrays)


def load_flight(path: Path) -> FlightRecord:
    """Read what :func:`save_flight` wrote.

    :raises ValueError: if the file is not such a record.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            values = {name: _plain(stored[name]) for name in stored.files}
        flight, site = _pick(Flight, 'flight', values), _pick(Site, 'site', values)
        return FlightRecord(flight, site, values['clearances'])
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy and zipfile raise a dozen kinds for a broken file
        raise ValueError(f'{path} must be a recorded flight (.npz), but: {error}') from error


def _pick(kind: type[T], prefix: str, values: Mapping[str, Any]) -> T:
    """Return an instance from stored values; files of earlier versions lack later fields."""
    arguments = {
        entry.name: values[f'{prefix}.{entry.name}']
        for entry in fields(kind)  # type: ignore[arg-type]
        if f'{prefix}.{entry.name}' in values or entry.name not in _LATER
    }
    return kind(**arguments)


def _plain(array: NDArray[Any]) -> Any:
    """Return a stored scalar as Python value, an array as it is."""
    return array.item() if array.ndim == 0 else array
