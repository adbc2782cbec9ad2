# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.core.frame_names import OTHER_AXES, describe_other_axes, is_world


@pytest.mark.parametrize(
    ('frame', 'word'),
    [
        ('camera_optical_frame', 'optical'),
        ('baseLinkFRD', 'frd'),
        ('odomNED', 'ned'),
        ('vehicle1/odom_ned', 'ned'),
    ],
)
def test_name_says_its_axes(frame: str, word: str) -> None:
    assert describe_other_axes(frame) == OTHER_AXES[word]


@pytest.mark.parametrize('frame', ['', 'base_link', 'odom_enu', 'wedned', 'opticalia', 'frdx'])
def test_name_of_usual_axes_or_of_none_says_nothing(frame: str) -> None:
    assert describe_other_axes(frame) == ''


@pytest.mark.parametrize('frame', ['map', '/odom', 'vehicle1/odom', 'odom_combined', 'world_ned'])
def test_world_is_told_by_the_end_of_its_name(frame: str) -> None:
    assert is_world(frame)
    assert not is_world(f'{frame}/base_link')
