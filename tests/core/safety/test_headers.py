# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from lnn_control.core.safety import (
    check_age,
    check_command_frame,
    check_odometry_frames,
    check_range_frame,
)


@pytest.mark.parametrize('age', [0.0, 0.5, -0.5, math.nan])
def test_fresh_message_and_one_without_a_stamp_count(age: float) -> None:
    check_age(age, 0.5)


def test_old_message_and_one_of_the_future_do_not() -> None:
    with pytest.raises(ValueError, match=r'0\.5 s old: synchronise the clocks'):
        check_age(0.51, 0.5)
    with pytest.raises(ValueError, match=r'0\.5 s ahead of the clock'):
        check_age(-0.51, 0.5)


FLU = ['', 'base_link', 'base_footprint', '/base_link', 'vehicle1/base_link', 'lidar']
# A robot's name stands before the slash, and parts of other words say nothing.
FLU += ['world/base_link', 'earth_rover_base_link', 'wedned', 'opticalia', 'mapper', 'x-y_1']
WORLDS = ['map', 'odom', '/odom', 'world', 'earth', 'robot1/map', 'robot1_odom', 'odom_combined']
WORLDS += ['map_frame', 'World', 'local_origin', 'odom_enu', 'base_link_enu']
TURNED = ['base_link_frd', 'base_link_FRD', 'baseLinkFrd', 'frd', 'camera_optical_frame']
TURNED += ['cameraOpticalFrame', 'camera/optical/frame', 'camera_optical2']
NED = ['world_ned', 'odom_ned', 'NED', 'odomNED', 'ned/odom']


@pytest.mark.parametrize('frame', FLU)
def test_frame_of_a_body_or_of_an_unknown_name_counts(frame: str) -> None:
    check_range_frame(frame)
    check_command_frame(frame)
    check_odometry_frames('odom', frame)


@pytest.mark.parametrize('frame', [*WORLDS, *TURNED, *NED])
def test_command_and_ranges_of_another_frame_do_not(frame: str) -> None:
    with pytest.raises(ValueError, match=r'expected a frame of the body such as base_link'):
        check_command_frame(frame)
    with pytest.raises(ValueError, match=r'expected x forward, y left, z up: publish it in base'):
        check_range_frame(frame)


def test_frame_is_refused_with_what_it_is() -> None:
    with pytest.raises(ValueError, match=r"'map' is a frame of the world.*turn the velocity"):
        check_command_frame('map')
    with pytest.raises(ValueError, match=r'is an optical frame.*target_frame:=base_link'):
        check_range_frame('camera_depth_optical_frame')


@pytest.mark.parametrize('frame', WORLDS)
def test_odometry_may_be_of_any_world_with_z_up(frame: str) -> None:
    check_odometry_frames(frame, 'base_link')


@pytest.mark.parametrize('frame', [*TURNED, *NED])
def test_odometry_of_other_axes_does_not_count(frame: str) -> None:
    with pytest.raises(ValueError, match=r'^frame_id .*expected a world with z up'):
        check_odometry_frames(frame, 'base_link')
    with pytest.raises(ValueError, match=r'^child_frame_id .*expected a world with z up'):
        check_odometry_frames('odom', frame)
