# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where the frames of a vehicle are, for tf: its camera and IMU on it, itself in the world.

Needs tf2_msgs, which every ROS 2 from apt has and pip's wheels have not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node

from lnn_control.core.messages import VehicleState
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    BASE_FRAME,
    CAMERA_FRAME,
    IMU_FRAME,
    WORLD_FRAME,
    stamp_from_seconds,
)
from lnn_control.nodes.foreign_messages import import_messages

CAMERA_LINK = 'camera_link'
"""Of the camera, x along its view and z up; the optical frame is turned from it."""
MAP_FRAME = 'map'
"""Of the world, where several vehicles share one."""

_NOWHERE, _UNTURNED = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
# REP-103: z along the view, x right, y down, seen from x along the view, y left, z up.
_OPTICAL = (-0.5, 0.5, -0.5, 0.5)


@dataclass(frozen=True)
class Placement:
    """One frame in another.

    :param position: of the child's origin in the parent [m].
    :param orientation: turns vectors of the child into the parent, x, y, z, w.
    """

    parent: str
    child: str
    position: Sequence[float] = _NOWHERE
    orientation: Sequence[float] = _UNTURNED


def place_sensors(
    camera_position: Sequence[float], camera_orientation: Sequence[float], frame_prefix: str = ''
) -> tuple[Placement, ...]:
    """Return where the sensors of a vehicle are; its IMU measures at the body's origin.

    :param camera_position: in the body [m]. :param camera_orientation: x, y, z, w.
    :param frame_prefix: of one of several vehicles, such as `vehicle1/`: its `odom` is then the
        map that all share.
    """
    base, link, optical, imu = (
        f'{frame_prefix}{frame}' for frame in (BASE_FRAME, CAMERA_LINK, CAMERA_FRAME, IMU_FRAME)
    )
    sensors = (
        Placement(base, link, camera_position, camera_orientation),
        Placement(link, optical, orientation=_OPTICAL),
        Placement(base, imu),
    )
    shared = (Placement(MAP_FRAME, f'{frame_prefix}{WORLD_FRAME}'),) if frame_prefix else ()
    return (*shared, *sensors)


def place_vehicle(state: VehicleState, frame_prefix: str = '') -> Placement:
    """Return where a vehicle is in the world."""
    return Placement(
        f'{frame_prefix}{WORLD_FRAME}',
        f'{frame_prefix}{BASE_FRAME}',
        state.position_world.tolist(),
        state.orientation_world.tolist(),
    )


def make_transform(placement: Placement, stamp: float) -> TransformStamped:
    """Return the message of a placement.

    :param stamp: since when it is so [s].
    """
    message = TransformStamped(child_frame_id=placement.child)
    message.header.frame_id = placement.parent
    message.header.stamp = stamp_from_seconds(stamp)
    transform = message.transform
    for name, value in zip('xyz', placement.position, strict=True):
        setattr(transform.translation, name, float(value))
    for name, value in zip('xyzw', placement.orientation, strict=True):
        setattr(transform.rotation, name, float(value))
    return message


class Transforms:
    """Publishes placements on `tf_static` and `tf`: in the namespace, as several robots have it.

    :raises ImportError: if tf2_msgs is missing, with the command that installs it.
    """

    def __init__(self, node: Node) -> None:
        (self._type,) = import_messages('tf2_msgs', 'TFMessage')
        self._static = node.create_publisher(self._type, 'tf_static', topics.LATCHED)
        self._moving = node.create_publisher(self._type, 'tf', topics.TRANSFORMS)

    def tell_sensors(self, placements: Sequence[Placement], stamp: float) -> None:
        """Publish where the sensors of all vehicles are, once for all."""
        message = self._type(transforms=[make_transform(entry, stamp) for entry in placements])
        self._static.publish(message)

    def tell_vehicles(self, placements: Sequence[Placement], stamp: float) -> None:
        """Publish where the vehicles are now [s]."""
        message = self._type(transforms=[make_transform(entry, stamp) for entry in placements])
        self._moving.publish(message)
