# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS messages that our nodes and our files share: topics, types, and their plain numbers.

Messages are read by the names of their fields, whichever library has made them: rclpy or rosbags.
"""

from typing import Any

IMAGE_TYPE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE_TYPE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO_TYPE = 'sensor_msgs/msg/CameraInfo'
IMU_TYPE = 'sensor_msgs/msg/Imu'
JOY_TYPE = 'sensor_msgs/msg/Joy'
TWIST_TYPE = 'geometry_msgs/msg/Twist'
TWIST_STAMPED_TYPE = 'geometry_msgs/msg/TwistStamped'
POSE_TYPE = 'geometry_msgs/msg/PoseStamped'
ODOMETRY_TYPE = 'nav_msgs/msg/Odometry'
JOINTS_TYPE = 'sensor_msgs/msg/JointState'
FLOATS_TYPE = 'std_msgs/msg/Float32MultiArray'
STRING_TYPE = 'std_msgs/msg/String'
BOOL_TYPE = 'std_msgs/msg/Bool'
DIAGNOSTICS_TYPE = 'diagnostic_msgs/msg/DiagnosticArray'

IMAGE = 'camera/image_raw'
COMPRESSED_IMAGE = f'{IMAGE}/compressed'
CAMERA_INFO = 'camera/camera_info'
IMU = 'imu/data_raw'
COMMAND = 'cmd_vel'
RAW_COMMAND = 'cmd_vel_raw'
ODOMETRY = 'odom'
TARGET_POSE = 'ground_truth/target'
COLLISION = 'collision'
TRIAL_STATE = 'trial/state'
NEURONS = 'policy/neurons'
SALIENCY = 'policy/saliency'
CIRCUIT = 'policy/circuit'
SAFETY_STATE = 'safety/state'
TAKEOVER = 'safety/takeover'
DIAGNOSTICS = 'diagnostics'
JOYSTICK = 'joy'

TOPIC_TYPES = {
    IMAGE: (IMAGE_TYPE,),
    COMPRESSED_IMAGE: (COMPRESSED_IMAGE_TYPE,),
    CAMERA_INFO: (CAMERA_INFO_TYPE,),
    IMU: (IMU_TYPE,),
    COMMAND: (TWIST_STAMPED_TYPE, TWIST_TYPE),
    RAW_COMMAND: (TWIST_STAMPED_TYPE,),
    ODOMETRY: (ODOMETRY_TYPE,),
    TARGET_POSE: (POSE_TYPE,),
    COLLISION: (BOOL_TYPE,),
    TRIAL_STATE: (STRING_TYPE,),
    NEURONS: (JOINTS_TYPE,),
    SALIENCY: (IMAGE_TYPE,),
    CIRCUIT: (STRING_TYPE,),
    SAFETY_STATE: (STRING_TYPE,),
    TAKEOVER: (BOOL_TYPE,),
    DIAGNOSTICS: (DIAGNOSTICS_TYPE,),
    JOYSTICK: (JOY_TYPE,),
}
"""Topic of our nodes -> the types that it may have."""

FLYING = 'flying'
"""What `trial/state` says between start and end of a trial."""

RECORDING = 'lnn_control/recording'
"""Name of the record in which our recorder tells what it knows of the vehicle and its camera."""


def seconds_from_stamp(stamp: Any) -> float:
    """Return a builtin_interfaces/Time as float seconds."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def read_imu_values(message: Any) -> tuple[float, float, float, float, float, float]:
    """Return body rates [rad/s] and specific force [m/s^2] of a sensor_msgs/Imu."""
    rates, force = message.angular_velocity, message.linear_acceleration
    return rates.x, rates.y, rates.z, force.x, force.y, force.z


def read_twist(message: Any) -> tuple[float, float, float, float]:
    """Return vx, vy, vz and yaw rate of a Twist or TwistStamped: perhaps not finite."""
    twist = message.twist if hasattr(message, 'twist') else message
    return twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z
