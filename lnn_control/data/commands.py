# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Commands of many kinds as body velocities: forward, left, up [m/s] and yaw rate [rad/s].

The body frame is levelled, x forward, y left, z up (REP-103). World frames are east-north-up (ROS)
or north-east-down (PX4); their velocities are turned by the vehicle's heading.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import yaw_from_quaternion
from lnn_control.core.ros_messages import (
    JOY_TYPE,
    ODOMETRY_TYPE,
    POSE_TYPE,
    TWIST_STAMPED_TYPE,
    TWIST_TYPE,
    read_twist,
)
from lnn_control.data.contract import CommandTopic, JoyAxis
from lnn_control.data.decoding import (
    ACKERMANN_TYPES,
    POSITION_TARGET_TYPE,
    TRAJECTORY_SETPOINT_TYPE,
)

Values = tuple[float, float, float, float]
ReadCommand = Callable[[Any], Values | None]
"""Returns the command of a message in the axes that it has; None where nobody commands."""

HEADING_TYPES = (ODOMETRY_TYPE, POSE_TYPE)
WORLD_FRAMES = ('map', 'odom', 'world', 'earth', 'local_origin', 'global')
"""Frames of headers that turn with no vehicle."""
BODY = 'flu'

# Of PositionTarget: 8 and 9 are the body's axes, all others the world's.
_BODY_FRAMES_OF_MAVROS = (8, 9)
# Likewise: bits of type_mask that say which numbers are not to be looked at.
_IGNORE_VX_OR_VY, _IGNORE_VZ, _IGNORE_YAW_RATE = 8 | 16, 32, 2048
# Wheels that are turned further across would not roll [rad].
_MOST_STEERING = 1.5


def _read_odometry(message: Any) -> Values:
    return read_twist(message.twist)


def _read_position_target(message: Any) -> Values:
    velocity, mask = message.velocity, int(message.type_mask)
    if mask & _IGNORE_VX_OR_VY:
        raise ValueError(f'commands no velocity (type_mask {mask})')
    # What is not commanded is held by the autopilot.
    return (
        velocity.x,
        velocity.y,
        0.0 if mask & _IGNORE_VZ else velocity.z,
        0.0 if mask & _IGNORE_YAW_RATE else message.yaw_rate,
    )


def _read_trajectory_setpoint(message: Any) -> Values:
    vx, vy, vz = (float(value) for value in message.velocity)
    if math.isnan(vx) or math.isnan(vy) or math.isnan(vz):
        raise ValueError('commands no velocity (NaN)')
    # NaN: PX4 is asked to turn as it likes.
    yaw_rate = float(message.yawspeed)
    return vx, vy, vz, 0.0 if math.isnan(yaw_rate) else yaw_rate


_READERS: dict[str, ReadCommand] = {
    TWIST_TYPE: read_twist,
    TWIST_STAMPED_TYPE: read_twist,
    ODOMETRY_TYPE: _read_odometry,
    POSITION_TARGET_TYPE: _read_position_target,
    TRAJECTORY_SETPOINT_TYPE: _read_trajectory_setpoint,
}
COMMAND_TYPES = (*_READERS, *ACKERMANN_TYPES, JOY_TYPE)
"""Types of messages that commands are read from."""

USUAL_FRAMES = {TRAJECTORY_SETPOINT_TYPE: 'ned', POSITION_TARGET_TYPE: 'enu'}
"""Type -> the axes that its commands have where nobody says otherwise; the body's else."""


def make_reader(topic: CommandTopic, kind: str) -> ReadCommand:
    """Return what reads the command of a message of a type.

    :raises ValueError: if no command is read from that type, or the contract does not say how.
    """
    if kind in _READERS:
        return _READERS[kind]
    if kind in ACKERMANN_TYPES:
        if topic.wheelbase is None:
            raise ValueError(
                f'{topic.topic} tells a steering angle ({kind}): give the wheelbase [m] in the '
                'contract'
            )
        return lambda message: _read_ackermann(message, float(topic.wheelbase or 1.0))
    if kind == JOY_TYPE:
        if topic.joy is None:
            raise ValueError(
                f'{topic.topic} is a joystick ({kind}): say in the contract under joy which axis '
                'stands for what'
            )
        return lambda message: _read_joy(message, topic)
    raise ValueError(
        f'{topic.topic} must be of one of {", ".join(COMMAND_TYPES)} to be a command, got {kind}'
    )


def _read_ackermann(message: Any, wheelbase: float) -> Values:
    """Return speed and yaw rate v tan(steering angle) / wheelbase of a kinematic bicycle."""
    drive = getattr(message, 'drive', message)
    speed, angle = float(drive.speed), float(drive.steering_angle)
    if abs(angle) > _MOST_STEERING:
        raise ValueError(f'steers by {angle:g} rad, expected within {_MOST_STEERING} [rad]')
    return speed, 0.0, 0.0, speed * math.tan(angle) / wheelbase


def _read_joy(message: Any, topic: CommandTopic) -> Values | None:
    joy = topic.joy
    assert joy is not None
    if joy.deadman is not None:
        if joy.deadman >= len(message.buttons):
            raise ValueError(
                f'{topic.topic} has {len(message.buttons)} buttons, no number {joy.deadman} '
                '(deadman of the contract)'
            )
        if not message.buttons[joy.deadman]:
            return None
    vx, vy, vz, yaw_rate = (
        _read_axis(message, axis, topic.topic) for axis in (joy.vx, joy.vy, joy.vz, joy.yaw_rate)
    )
    return vx, vy, vz, yaw_rate


def _read_axis(message: Any, axis: JoyAxis | None, topic: str) -> float:
    if axis is None:
        return 0.0
    if axis.axis >= len(message.axes):
        raise ValueError(
            f'{topic} has {len(message.axes)} axes, no number {axis.axis}: see the contract'
        )
    deflection = float(message.axes[axis.axis])
    return 0.0 if abs(deflection) < axis.deadzone else deflection * axis.scale


def check_frame(topic: CommandTopic, kind: str, message: Any) -> None:
    """Check that the axes of a command are those of the contract, as far as the message says.

    :raises ValueError: if they are not.
    """
    is_world = False
    if kind == TWIST_STAMPED_TYPE:
        frame = message.header.frame_id.strip('/').rpartition('/')[2]
        is_world, said = frame in WORLD_FRAMES, f'frame_id {message.header.frame_id!r}'
    elif kind == POSITION_TARGET_TYPE:
        frame = int(message.coordinate_frame)
        is_world = frame not in _BODY_FRAMES_OF_MAVROS
        said = f'coordinate_frame {frame}'
    elif kind == TRAJECTORY_SETPOINT_TYPE:
        is_world, said = True, 'PX4 has it north-east-down'
    else:
        return
    if is_world and topic.frame in ('flu', 'frd'):
        raise ValueError(
            f'{topic.topic} is in the axes of the world ({said}), not of the body: set '
            f'command.frame to {USUAL_FRAMES.get(kind, "enu")} and name a topic with the heading '
            'as odometry'
        )
    # A frame_id of the body is often left in what is of the world; this one is meant.
    if kind == POSITION_TARGET_TYPE and not is_world and topic.frame in ('enu', 'ned'):
        raise ValueError(
            f'{topic.topic} is in the axes of the body ({said}), not of the world: set '
            'command.frame to flu'
        )


def read_heading(message: Any) -> float:
    """Return the heading of an Odometry or a PoseStamped [rad], 0 along world x.

    :raises ValueError: if it has none, as where nobody set the orientation.
    """
    pose = message.pose.pose if hasattr(message.pose, 'pose') else message.pose
    orientation = pose.orientation
    quaternion = np.array([orientation.x, orientation.y, orientation.z, orientation.w])
    length = float(np.linalg.norm(quaternion))
    # One that is not finite compares as false, too.
    if not 0.5 < length < 2.0:
        raise ValueError(f'has no orientation: its quaternion is {quaternion.tolist()}')
    return yaw_from_quaternion(quaternion / length)


def to_body(
    values: NDArray[np.float64], topic: CommandTopic, headings: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return commands in the levelled body frame, scaled and within the limits.

    :param values: as the messages have them, shape (n, 4).
    :param headings: in the world, x east and y north [rad], shape (n,); for world frames.
    :return: shape (n, 4).
    """
    turned = values.astype(np.float64, copy=True)
    if topic.frame == 'frd':
        turned[:, 1:] *= -1.0
    elif topic.frame in ('enu', 'ned'):
        if headings is None:
            raise ValueError(f'{topic.topic} is in the axes of the world: headings are missing')
        if topic.frame == 'ned':
            # North, east, down -> east, north, up.
            turned = turned[:, [1, 0, 2, 3]] * [1.0, 1.0, -1.0, -1.0]
        east, north = turned[:, 0].copy(), turned[:, 1].copy()
        c, s = np.cos(headings), np.sin(headings)
        turned[:, 0], turned[:, 1] = c * east + s * north, c * north - s * east
    turned *= np.array(topic.scale)
    if topic.limits is not None:
        limits = np.array(topic.limits)
        turned = np.clip(turned, -limits, limits)
    return turned
