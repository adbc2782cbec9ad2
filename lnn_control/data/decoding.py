# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Serialised messages of ROS 1 and ROS 2 into objects with fields, by the rosbags library."""

from typing import Any

from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

ACKERMANN_TYPES = ('ackermann_msgs/msg/AckermannDrive', 'ackermann_msgs/msg/AckermannDriveStamped')
POSITION_TARGET_TYPE = 'mavros_msgs/msg/PositionTarget'
TRAJECTORY_SETPOINT_TYPE = 'px4_msgs/msg/TrajectorySetpoint'

# Commands of vehicles that ROS itself does not define, for bags that hold no definitions.
_FOREIGN = {
    ACKERMANN_TYPES[0]: (
        'float32 steering_angle\nfloat32 steering_angle_velocity\n'
        'float32 speed\nfloat32 acceleration\nfloat32 jerk\n'
    ),
    ACKERMANN_TYPES[1]: 'std_msgs/Header header\nackermann_msgs/AckermannDrive drive\n',
    POSITION_TARGET_TYPE: (
        'std_msgs/Header header\nuint8 coordinate_frame\nuint16 type_mask\n'
        'geometry_msgs/Point position\ngeometry_msgs/Vector3 velocity\n'
        'geometry_msgs/Vector3 acceleration_or_force\nfloat32 yaw\nfloat32 yaw_rate\n'
    ),
    TRAJECTORY_SETPOINT_TYPE: (
        'uint64 timestamp\nfloat32[3] position\nfloat32[3] velocity\nfloat32[3] acceleration\n'
        'float32[3] jerk\nfloat32 yaw\nfloat32 yawspeed\n'
    ),
}
_SEPARATOR = '=' * 80 + '\n'


class UnknownTypeError(ValueError):
    """Nobody says what the fields of a message are."""


class Decoder:
    """Knows the messages of ROS, and learns others from the definitions that bags hold.

    :param is_ros1: whether the messages are serialised as ROS 1 does.
    """

    def __init__(self, is_ros1: bool = False) -> None:
        self.is_ros1 = is_ros1
        self._texts: dict[str, str] = {}
        # What messages become; of ROS 1 another one, where headers count.
        self._target: Typestore = get_typestore(Stores.ROS2_JAZZY)
        self._store = get_typestore(Stores.ROS1_NOETIC) if is_ros1 else self._target

    def learn(self, kind: str, text: str, encoding: str = 'ros2msg') -> None:
        """Take note of a definition as a bag holds it; one that cannot be read is ignored.

        :param kind: such as px4_msgs/msg/TrajectorySetpoint. :param encoding: ros2msg or ros2idl.
        """
        if kind in self._store.fielddefs or not text.strip():
            return
        try:
            found = _parse_definition(kind, text, encoding)
            for store in {id(one): one for one in (self._store, self._target)}.values():
                new = {name: entry for name, entry in found.items() if name not in store.types}
                store.register(new)
        except Exception:  # the parser raises of many kinds; whoever needs the type hears of it
            return

    def decode(self, kind: str, data: bytes) -> Any:
        """Return a message as an object with the fields of its type.

        :raises UnknownTypeError: if its definition is nowhere.
        :raises ValueError: if the bytes are no such message.
        """
        if kind not in self._store.fielddefs:
            if kind not in _FOREIGN:
                raise UnknownTypeError(f'the bag holds no definition of {kind}')
            for name, text in _FOREIGN.items():
                self.learn(name, text)
        try:
            if self.is_ros1:
                return self._store.deserialize_ros1(data, kind)
            return self._store.deserialize_cdr(data, kind)
        except Exception as error:  # damaged bytes break it in any way
            raise ValueError(f'is no {kind}: {" ".join(str(error).split())}') from error

    def define(self, kind: str) -> str:
        """Return the text of a type's definition for ROS 2."""
        if kind not in self._texts:
            self._texts[kind] = self._target.generate_msgdef(kind, ros_version=2)[0]
        return self._texts[kind]

    def to_cdr(self, kind: str, data: bytes) -> bytes:
        """Return a message as ROS 2 serialises it."""
        return bytes(self._target.ros1_to_cdr(data, kind)) if self.is_ros1 else data


def _parse_definition(kind: str, text: str, encoding: str) -> dict[str, Any]:
    """Return the types that a definition holds, as rosbags has them."""
    if encoding != 'ros2idl':
        return dict(get_types_from_msg(text, kind))
    found: dict[str, Any] = {}
    for part in text.split(_SEPARATOR)[1:] or [text]:
        # Each begins with a line that names it.
        found |= get_types_from_idl(part.partition('\n')[2] or part)
    return found
