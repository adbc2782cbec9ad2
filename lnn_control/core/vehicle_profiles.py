# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is usual for a kind of vehicle: topics, message type, limits, and what is set on it."""

from dataclasses import dataclass, field
from types import MappingProxyType

from lnn_control.core.safety import CommandLimits


@dataclass(frozen=True)
class VehicleProfile:
    """One kind of vehicle.

    :param description: in a few words.
    :param arguments: launch argument -> value, where the user says none.
    :param limits: of its commands.
    :param bridge: node that turns cmd_vel into what the vehicle takes; empty for none.
    :param setting: what makes body velocities true on the vehicle itself.
    """

    description: str
    arguments: MappingProxyType[str, str | bool]
    limits: CommandLimits = field(default_factory=CommandLimits)
    bridge: str = ''
    setting: str = ''


def _topics(**arguments: str | bool) -> MappingProxyType[str, str | bool]:
    return MappingProxyType(arguments)


_DRONE = CommandLimits(
    horizontal_speed=3.0, climb_speed=1.0, yaw_rate=1.0, horizontal_acceleration=4.0, jerk=20.0
)

PROFILES: dict[str, VehicleProfile] = {
    'simulator': VehicleProfile('sim_node of this package, started by itself', _topics()),
    'px4_mavros': VehicleProfile(
        'PX4 through MAVROS',
        _topics(
            imu_topic='mavros/imu/data',
            odom_topic='mavros/local_position/odom',
            command_topic='mavros/setpoint_velocity/cmd_vel',
            vehicle='quadrotor',
        ),
        _DRONE,
        setting='parameter mav_frame of the plugin setpoint_velocity: BODY_NED (its default '
        'LOCAL_NED is the world)',
    ),
    'px4_uxrce': VehicleProfile(
        'PX4 through the uXRCE-DDS agent',
        _topics(vehicle='quadrotor'),
        _DRONE,
        bridge='px4_node',
        setting='none: px4_node turns commands into the world by the heading of the vehicle',
    ),
    'ardupilot_dds': VehicleProfile(
        'ArduPilot through its DDS',
        _topics(
            imu_topic='ap/imu/experimental/data', command_topic='ap/cmd_vel', vehicle='quadrotor'
        ),
        _DRONE,
        setting='none: frame_id base_link of the commands makes them body velocities; '
        'GUID_TIMEOUT 0.5',
    ),
    'turtlebot': VehicleProfile(
        'TurtleBot 4, and others that take a Twist on cmd_vel',
        _topics(
            image_topic='oakd/rgb/preview/image_raw',
            info_topic='oakd/rgb/preview/camera_info',
            imu_topic='imu',
            stamped=False,
            vehicle='rover',
        ),
        CommandLimits(horizontal_speed=0.3, yaw_rate=1.9, horizontal_acceleration=0.9),
    ),
    'ackermann': VehicleProfile(
        'cars that take an AckermannDriveStamped',
        _topics(vehicle='car'),
        CommandLimits(horizontal_speed=15.0, horizontal_acceleration=4.0),
        bridge='ackermann_node',
        setting='wheelbase:= of ackermann_node',
    ),
}
"""Name -> vehicle."""
