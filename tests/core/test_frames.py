# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lnn_control.core.frames import (
    ROTATION_BODY_FROM_OPTICAL,
    euler_from_quaternion,
    quaternion_from_euler,
    rotation_from_quaternion,
    rotation_world_from_level,
    wrap_angle,
    yaw_from_quaternion,
)

ANGLE = st.floats(-3.1, 3.1)
PITCH = st.floats(-1.5, 1.5)


def test_quarter_turn_to_the_left_takes_forward_to_left() -> None:
    quaternion = quaternion_from_euler(0.0, 0.0, np.pi / 2)
    assert quaternion == pytest.approx([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])
    forward = rotation_from_quaternion(quaternion) @ [1.0, 0.0, 0.0]
    assert forward == pytest.approx([0.0, 1.0, 0.0])


def test_positive_pitch_lowers_the_nose() -> None:
    forward = rotation_from_quaternion(quaternion_from_euler(0.0, 0.1, 0.0)) @ [1.0, 0.0, 0.0]
    assert forward == pytest.approx([np.cos(0.1), 0.0, -np.sin(0.1)])


def test_positive_roll_lowers_the_right_side() -> None:
    left = rotation_from_quaternion(quaternion_from_euler(0.1, 0.0, 0.0)) @ [0.0, 1.0, 0.0]
    assert left == pytest.approx([0.0, np.cos(0.1), np.sin(0.1)])


def test_optical_axes_are_forward_right_down() -> None:
    right, down, forward = ROTATION_BODY_FROM_OPTICAL.T
    assert right.tolist() == [0.0, -1.0, 0.0]
    assert down.tolist() == [0.0, 0.0, -1.0]
    assert forward.tolist() == [1.0, 0.0, 0.0]


@given(ANGLE, PITCH, ANGLE)
def test_euler_angles_go_through_a_quaternion_and_back(
    roll: float, pitch: float, yaw: float
) -> None:
    quaternion = quaternion_from_euler(roll, pitch, yaw)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)
    assert euler_from_quaternion(quaternion) == pytest.approx((roll, pitch, yaw), abs=1e-6)


@given(ANGLE, PITCH, ANGLE)
def test_rotations_are_orthonormal(roll: float, pitch: float, yaw: float) -> None:
    rotation = rotation_from_quaternion(quaternion_from_euler(roll, pitch, yaw))
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_level_frame_turns_with_the_heading_alone() -> None:
    quaternion = quaternion_from_euler(0.2, -0.3, 0.7)
    level = rotation_world_from_level(yaw_from_quaternion(quaternion))
    expected = rotation_from_quaternion(quaternion_from_euler(0.0, 0.0, 0.7))
    assert level == pytest.approx(expected)


@pytest.mark.parametrize(
    ('angle', 'wrapped'),
    [(0.0, 0.0), (np.pi, -np.pi), (-np.pi, -np.pi), (3.5, 3.5 - 2 * np.pi), (-7.0, 2 * np.pi - 7)],
)
def test_angles_wrap_into_one_turn(angle: float, wrapped: float) -> None:
    assert wrap_angle(angle) == pytest.approx(wrapped)
