# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import (
    NUM_SECTORS,
    UNKNOWN,
    Braking,
    RangeSettings,
    RangeTrack,
    Sectors,
    cloud_sectors,
    cone_sectors,
    follow_ranges,
    scan_sectors,
    slow_for_obstacles,
)

FREE: Sectors = (math.inf,) * NUM_SECTORS
SETTINGS = RangeSettings(half_width=0.5, stop_distance=1.0, num_scans=3)
BRAKING = Braking(deceleration=2.0, reaction_time=0.0)
FORWARD = VelocityCommand(3.0, 0.0, 0.5, 0.2)


def place(distance: float, bearing_deg: float) -> Sectors:
    """Return the sectors with one obstacle in the middle of the sector of a bearing."""
    angle = math.radians(bearing_deg // 5 * 5 + 2.5)
    point = [distance * math.cos(angle), distance * math.sin(angle), 0.0]
    sectors = cloud_sectors(np.array([point]), 0.5, 0.1)
    assert sectors is not None
    return sectors


@pytest.mark.parametrize(('distance', 'speed'), [(9.0, 3.0), (2.0, 2.0), (1.0, 0.0), (0.4, 0.0)])
def test_obstacle_ahead_slows_and_stops_but_leaves_climb_and_turn(
    distance: float, speed: float
) -> None:
    slowed = slow_for_obstacles(FORWARD, place(distance, 0.0), SETTINGS, BRAKING)
    assert slowed.vx == pytest.approx(speed)
    assert (slowed.vz, slowed.yaw_rate) == (0.5, 0.2)


def test_obstacle_behind_or_abreast_of_the_way_does_not_slow() -> None:
    assert slow_for_obstacles(FORWARD, place(0.4, 180.0), SETTINGS, BRAKING) == FORWARD
    assert slow_for_obstacles(FORWARD, place(0.8, 85.0), SETTINGS, BRAKING) == FORWARD
    # Beside the way by less than half the path's width.
    assert slow_for_obstacles(FORWARD, place(1.2, 20.0), SETTINGS, BRAKING).vx < 1.5


def test_way_of_the_vehicle_counts_not_its_nose() -> None:
    left = VelocityCommand(0.0, 2.0)
    assert slow_for_obstacles(left, place(1.0, 90.0), SETTINGS, BRAKING).vy == 0.0
    assert slow_for_obstacles(left, place(1.0, -90.0), SETTINGS, BRAKING) == left


def test_one_wrong_scan_neither_stops_nor_starts_anything() -> None:
    near = place(0.5, 0.0)
    track, seen = RangeTrack(), []
    for i, scan in enumerate([FREE, FREE, near, FREE, near, near, FREE, near, FREE, FREE]):
        track = follow_ranges(track, scan, float(i), SETTINGS)
        seen.append(track.nearest[0] < 1.0)
    assert seen == [False, False, False, False, True, True, True, True, False, False]
    assert track.received_at == 9.0


def test_first_scan_counts_at_once() -> None:
    assert follow_ranges(RangeTrack(), place(0.5, 0.0), 0.0, SETTINGS).nearest[0] < 1.0


def test_scan_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match='72 directions, got 3'):
        follow_ranges(RangeTrack(), (1.0, 2.0, 3.0), 0.0, SETTINGS)


def test_laser_scan_falls_into_its_sectors_by_rep_117() -> None:
    beams = np.array([1.0, math.inf, -math.inf, math.nan, 99.0])
    sectors = scan_sectors(beams, 0.0, math.pi / 2, (0.1, 10.0))
    assert sectors is not None
    # The fourth beam is a fault, the fifth saw beyond its reach.
    assert sectors[0] == 1.0
    assert sectors[36] == 0.1
    assert sectors[54] == UNKNOWN
    assert sum(distance < math.inf for distance in sectors) == 3


def look(faulty: list[int]) -> Sectors:
    """Return the sectors of a scan around, three beams a sector, in which beams are faults."""
    beams = np.full(3 * NUM_SECTORS, math.inf)
    beams[faulty] = math.nan
    step = 2 * math.pi / len(beams)
    sectors = scan_sectors(beams, 0.5 * step, step, (0.1, 10.0))
    assert sectors is not None
    return sectors


def test_direction_of_faults_alone_is_not_free() -> None:
    ahead = look([0, 1, 2])
    assert slow_for_obstacles(FORWARD, ahead, SETTINGS, BRAKING).vx == 0.0
    # One beam that measures is enough, and what is far from the way does not count.
    assert look([0, 1]) == FREE
    left = look(list(range(54, 57)))
    assert slow_for_obstacles(FORWARD, left, SETTINGS, BRAKING) == FORWARD
    assert slow_for_obstacles(VelocityCommand(0.0, 2.0), left, SETTINGS, BRAKING).vy == 0.0


def test_direction_is_unknown_once_the_median_of_scans_is() -> None:
    track, seen = RangeTrack(), []
    for i, scan in enumerate([FREE, FREE, look([0, 1, 2]), look([0, 1, 2]), FREE, FREE]):
        track = follow_ranges(track, scan, float(i), SETTINGS)
        seen.append(track.nearest[0] == UNKNOWN)
    assert seen == [False, False, False, True, True, False]


def test_mounting_turns_a_scan() -> None:
    sectors = scan_sectors(np.array([2.0]), 0.0, 0.0, (0.1, 10.0), mount_yaw=math.pi)
    assert sectors is not None
    assert [i for i, distance in enumerate(sectors) if distance == 2.0] == [36]


def test_scan_of_faults_alone_is_no_scan() -> None:
    assert scan_sectors(np.full(8, math.nan), 0.0, 0.1, (0.1, 10.0)) is None
    assert cone_sectors(math.nan, 0.5, (0.1, 10.0)) is None


@pytest.mark.parametrize('reach', [(0.0, 0.0), (0.1, 0.0), (5.0, 1.0), (0.1, math.nan)])
def test_reach_that_is_unset_or_impossible_is_refused(reach: tuple[float, float]) -> None:
    for look in (
        lambda: scan_sectors(np.full(8, 0.6), 0.0, 0.1, reach),
        lambda: cone_sectors(0.6, 0.5, reach),
    ):
        with pytest.raises(ValueError, match='set them in the driver'):
            look()


@pytest.mark.parametrize('reach', [(math.nan, 9.0), (-1.0, 9.0), (math.inf, math.inf)])
def test_least_range_must_be_a_distance(reach: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match='0 <= least <= greatest'):
        scan_sectors(np.full(8, 0.6), 0.0, 0.1, reach)


@pytest.mark.parametrize('reach', [(0.0, math.inf), (0.1, 10.0), (0.6, 0.6)])
def test_possible_reach_sees_the_wall(reach: tuple[float, float]) -> None:
    sectors = scan_sectors(np.full(3, 0.6), 0.0, 0.1, reach)
    assert sectors is not None
    assert sectors[0] == 0.6


@pytest.mark.parametrize(
    ('first', 'step'),
    [
        (0.0, 0.0),
        (math.nan, 0.01),
        (math.inf, 0.01),
        (0.0, math.nan),
        (0.0, math.inf),
        # In degrees.
        (-180.0, math.radians(1)),
        (0.0, 1.0),
    ],
)
def test_beams_that_are_no_turn_are_refused(first: float, step: float) -> None:
    with pytest.raises(ValueError, match=r'360 beams .* set angle_min and angle_increment'):
        scan_sectors(np.full(360, 0.6), first, step, (0.1, 10.0))


def test_scan_may_turn_clockwise_and_end_where_it_began() -> None:
    step = -2 * math.pi / 360
    sectors = scan_sectors(np.full(361, 0.6), math.pi, step, (0.1, 10.0))
    assert sectors == (0.6,) * NUM_SECTORS


@pytest.mark.parametrize('opening', [math.inf, math.nan, -0.1, 1e6])
def test_cone_that_is_none_is_refused(opening: float) -> None:
    with pytest.raises(ValueError, match='field_of_view must be within 0 and 2 pi rad, got'):
        cone_sectors(0.6, opening, (0.1, 10.0))


def test_single_range_fills_its_cone() -> None:
    sectors = cone_sectors(1.5, math.radians(20), (0.1, 10.0))
    assert sectors is not None
    filled = {i for i, distance in enumerate(sectors) if distance == 1.5}
    assert {0, 1, 70, 71} <= filled <= {0, 1, 2, 69, 70, 71}


def test_cloud_leaves_out_other_heights_and_the_vehicle_itself() -> None:
    points = np.array(
        [[3.0, 0, 0], [2.0, 0, 0.9], [0.05, 0, 0], [math.nan, 0, 0], [0, 4.0, -0.3]], np.float32
    )
    sectors = cloud_sectors(points, half_height=0.5, own_radius=0.2)
    assert sectors is not None
    assert sectors[0] == 3.0
    assert sectors[18] == 4.0
    assert sum(distance < math.inf for distance in sectors) == 2


@pytest.mark.parametrize('num_points', [0, 100])
def test_cloud_without_a_finite_point_is_no_cloud(num_points: int) -> None:
    assert cloud_sectors(np.full((num_points, 3), math.nan), 0.5, 0.2) is None


def test_cloud_of_the_floor_alone_is_free() -> None:
    assert cloud_sectors(np.array([[3.0, 0.0, -1.0]]), 0.5, 0.2) == FREE
