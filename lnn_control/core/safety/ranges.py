# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What lies around a vehicle, as ranging sensors tell, and how fast it may go towards it.

Every sensor is reduced to the nearest distance in each of 72 directions about the vertical,
0 forward, counter-clockwise (REP-103). Only the horizontal velocity is touched: a drone that may
not climb away from a wall is no safer.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety.fence import Braking

NUM_SECTORS = 72
_SECTOR = 2 * math.pi / NUM_SECTORS
# A turn of a scanner whose motor is not quite even [rad].
_ALL_AROUND = 2 * math.pi * 1.05

Sectors = tuple[float, ...]
"""Nearest distance in each direction [m]; infinite where nothing is, or UNKNOWN."""

UNKNOWN = -math.inf
"""Stands for a direction in which a sensor looks and has nothing but faults."""


@dataclass(frozen=True)
class RangeSettings:
    """How ranges slow a vehicle down.

    :param half_width: of the path that must be free [m].
    :param stop_distance: kept to what lies ahead [m].
    :param num_scans: of these latest scans the median counts in each direction, so that one
        wrong scan neither stops nor starts anything.
    :param timeout: a source that has been silent so long stops the vehicle [s].
    """

    half_width: float = 0.5
    stop_distance: float = 1.0
    num_scans: int = 3
    timeout: float = 0.5

    def __post_init__(self) -> None:
        check_number('half_width', self.half_width, 0.01, 100.0, 'm')
        check_number('stop_distance', self.stop_distance, 0.0, 100.0, 'm')
        check_number('num_scans', self.num_scans, 1, 99)
        check_number('timeout', self.timeout, 0.01, 60.0, 's')


@dataclass(frozen=True)
class RangeTrack:
    """The latest scans of one source and when the last one came [s]."""

    scans: tuple[Sectors, ...] = ()
    nearest: Sectors = (math.inf,) * NUM_SECTORS
    received_at: float = -math.inf


def follow_ranges(
    track: RangeTrack, sectors: Sectors, now: float, settings: RangeSettings
) -> RangeTrack:
    """Return the track with one more scan: in each direction the median of the latest counts.

    :raises ValueError: if the scan has another number of directions.
    """
    if len(sectors) != NUM_SECTORS:
        raise ValueError(f'a scan must have {NUM_SECTORS} directions, got {len(sectors)}')
    scans = (*track.scans, sectors)[-settings.num_scans :]
    # Of an even number the nearer of the two in the middle: nothing is averaged with infinity.
    middle = (len(scans) - 1) // 2
    nearest = np.sort(np.array(scans), axis=0)[middle]
    return RangeTrack(scans, tuple(nearest.tolist()), now)


def slow_for_obstacles(
    command: VelocityCommand, nearest: Sectors, settings: RangeSettings, braking: Braking
) -> VelocityCommand:
    """Return the command with the horizontal velocity that what lies in its path allows.

    An obstacle at distance d, seen at an angle from the way, lies d cos ahead and d sin beside:
    it counts where that is less than half the path's width. What is unknown counts as an obstacle
    at the distance that is kept: nothing moves towards it.
    """
    speed = math.hypot(command.vx, command.vy)
    if speed == 0.0:
        return command
    heading = math.atan2(command.vy, command.vx)
    allowed = speed
    for sector, distance in enumerate(nearest):
        if distance == math.inf:
            continue
        distance = settings.stop_distance if distance == UNKNOWN else distance
        # Anywhere within its sector: the angle to the way may be smaller by half of it.
        angle = abs(math.remainder((sector + 0.5) * _SECTOR - heading, 2 * math.pi))
        angle = max(0.0, angle - _SECTOR / 2)
        if angle < math.pi / 2 and distance * math.sin(angle) < settings.half_width:
            ahead = distance * math.cos(angle)
            allowed = min(allowed, braking.allow(ahead - settings.stop_distance))
    factor = allowed / speed
    return replace(command, vx=command.vx * factor, vy=command.vy * factor)


def scan_sectors(
    ranges: NDArray[np.floating],
    first_angle: float,
    angle_step: float,
    reach: tuple[float, float],
    mount_yaw: float = 0.0,
) -> Sectors | None:
    """Return the sectors of a laser scan, None if not one of its beams is valid.

    By REP-117 +inf saw nothing, -inf something too near to measure, and NaN is a fault: a
    direction with nothing but faults is unknown.

    :param ranges: [m], shape (n,). :param first_angle: of the first beam [rad].
    :param angle_step: between beams [rad]. :param reach: least and greatest range [m].
    :param mount_yaw: of the sensor in the body frame [rad].
    :raises ValueError: if no scanner can look so; with what to do.
    """
    _check_reach(reach)
    _check_beams(len(ranges), first_angle, angle_step)
    distances = np.array(ranges, np.float64)
    distances[np.isneginf(distances)] = reach[0]
    is_valid = ~np.isnan(distances)
    if not is_valid.any():
        return None
    # Nearer than it can measure is near; farther than that is nothing.
    distances = np.maximum(distances, 0.0)
    distances[distances > reach[1]] = np.inf
    beams = np.arange(len(distances), dtype=np.float64)
    angles = first_angle + angle_step * beams + mount_yaw
    nearest = _gather(angles[is_valid], distances[is_valid])
    seen, faulty = _find_sectors(angles[is_valid]), _find_sectors(angles[~is_valid])
    blind = set(faulty.tolist()) - set(seen.tolist())
    return tuple(UNKNOWN if i in blind else distance for i, distance in enumerate(nearest))


def cone_sectors(
    distance: float,
    field_of_view: float,
    reach: tuple[float, float],
    mount_yaw: float = 0.0,
) -> Sectors | None:
    """Return the sectors of a single range, over the cone it looks into; None if it is a fault.

    :param field_of_view: opening of the cone [rad].
    :raises ValueError: if no sensor can look so; with what to do.
    """
    _check_reach(reach)
    if not 0.0 <= field_of_view <= _ALL_AROUND:
        raise ValueError(
            f'field_of_view must be within 0 and 2 pi rad, got {field_of_view:g}: set it in the '
            'driver'
        )
    if math.isnan(distance):
        return None
    half = field_of_view / 2
    num_beams = 1 + 2 * math.ceil(2 * half / _SECTOR)
    angles = np.linspace(-half, half, num_beams)
    step = float(angles[1] - angles[0]) if num_beams > 1 else 0.0
    return scan_sectors(np.full(num_beams, distance), -half, step, reach, mount_yaw)


def _check_reach(reach: tuple[float, float]) -> None:
    """Check that a sensor can reach anything: what is unset would make all that is near free."""
    low, high = reach
    # A sensor of one fixed distance has both the same.
    if not (0.0 <= low <= high and high > 0.0 and low < math.inf):
        raise ValueError(
            'least and greatest range must be 0 <= least <= greatest and greatest > 0, got '
            f'{low:g} and {high:g} m: set them in the driver'
        )


def _check_beams(num_beams: int, first_angle: float, angle_step: float) -> None:
    """Check that beams lie within about one turn, and not all in the same place."""
    is_turn = abs(first_angle) <= _ALL_AROUND and abs(angle_step) * (num_beams - 1) <= _ALL_AROUND
    if not (is_turn and math.isfinite(angle_step)) or (num_beams > 1 and angle_step == 0.0):
        raise ValueError(
            f'{num_beams} beams from {first_angle:g} rad on, {angle_step:g} rad apart, are no '
            'scan of one turn: set angle_min and angle_increment in the driver, in rad'
        )


def cloud_sectors(
    points: NDArray[np.floating],
    half_height: float,
    own_radius: float,
    mount_yaw: float = 0.0,
) -> Sectors | None:
    """Return the sectors of a cloud of points in the levelled body frame; None if none is finite.

    :param points: x forward, y left, z up [m], shape (n, 3); rows that are not finite are none.
    :param half_height: above and below the sensor that counts [m].
    :param own_radius: nearer than this is the vehicle itself [m].
    """
    rows = np.asarray(points, np.float64).reshape(-1, 3)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return None
    rows = rows[np.abs(rows[:, 2]) <= half_height]
    distances = np.hypot(rows[:, 0], rows[:, 1])
    is_other = distances > own_radius
    angles = np.arctan2(rows[:, 1], rows[:, 0]) + mount_yaw
    return _gather(angles[is_other], distances[is_other])


def _gather(angles: NDArray[np.float64], distances: NDArray[np.float64]) -> Sectors:
    """Return the least distance in each direction."""
    nearest = np.full(NUM_SECTORS, np.inf)
    np.minimum.at(nearest, _find_sectors(angles), distances)
    return tuple(nearest.tolist())


def _find_sectors(angles: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the sector of each angle [rad]."""
    # A hair more, so that a beam on the edge of two sectors always falls into the same one.
    return np.floor((angles + 1e-9) / _SECTOR).astype(np.int64) % NUM_SECTORS
