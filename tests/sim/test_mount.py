# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import (
    quaternion_from_euler,
    rotation_from_quaternion,
    rotation_world_from_level,
)
from sim.sensors.mount import CameraMount

WEST = rotation_world_from_level(np.pi / 2)
"""A vehicle that looks along world y."""
EYE = np.array([1.0, 2.0, 3.0])


def test_default_mount_is_the_vehicle_itself_bit_for_bit():
    rotation = rotation_from_quaternion(quaternion_from_euler(0.3, -0.2, 1.1))
    position, turned = CameraMount().locate(EYE, rotation)
    assert np.array_equal(position, EYE)
    assert np.array_equal(turned, rotation)


def test_position_turns_with_the_vehicle():
    position, rotation = CameraMount((0.5, 0.1, 0.2)).locate(EYE, WEST)
    assert position == pytest.approx([1.0 - 0.1, 2.0 + 0.5, 3.2])
    assert rotation == pytest.approx(WEST)


@pytest.mark.parametrize(
    ('angles', 'view', 'up'),
    [
        ({'pitch': np.pi / 2}, [0, 0, -1], [0, 1, 0]),
        ({'yaw': np.pi / 2}, [-1, 0, 0], [0, 0, 1]),
        ({'roll': np.pi / 2}, [0, 1, 0], [1, 0, 0]),
        ({'yaw': np.pi / 2, 'pitch': np.pi / 2}, [0, 0, -1], [-1, 0, 0]),
    ],
)
def test_angles_follow_the_conventions_of_ros(angles, view, up):
    _, rotation = CameraMount(**angles).locate(EYE, WEST)
    assert rotation[:, 0] == pytest.approx(view, abs=1e-12)
    assert rotation[:, 2] == pytest.approx(up, abs=1e-12)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'position': (0.0, 0.0)}, r'position must have shape \(3,\), got \(2,\)'),
        ({'position': (0.0, 0.0, 50.0)}, r'position must be a finite number in \[-10, 10\] m'),
        ({'pitch': 30.0}, 'pitch must be a finite number in .* rad, got 30.0'),
        ({'yaw': float('nan')}, 'yaw must be a finite number'),
    ],
)
def test_impossible_mounts_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        CameraMount(**change)


def test_tilting_turns_the_view_down_and_keeps_the_place():
    mount = CameraMount((0.5, 0.1, 0.2), pitch=np.pi / 6, yaw=np.pi / 2)
    assert mount.tilt(0.0) == mount
    position, rotation = mount.tilt(60.0).locate(EYE, WEST)
    assert position == pytest.approx(mount.locate(EYE, WEST)[0])
    assert rotation[:, 0] == pytest.approx([0, 0, -1], abs=1e-12)
