# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every topic of the graph: its name, its type and how it is delivered.

Names are relative, so a namespace moves them all; /clock and /diagnostics alone are absolute by
convention.
"""

from dataclasses import dataclass, replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import (
    CameraInfo,
    CompressedImage,
    Image,
    Imu,
    JointState,
    Joy,
    LaserScan,
    PointCloud2,
    Range,
)
from std_msgs.msg import Bool, Float32MultiArray, String

from lnn_control.core import ros_messages as names

# A frame that comes late is worth nothing: deliver the newest or none. Between processes this
# loses frames above 512 KiB (640x480 RGB): choose a smaller camera mode or a reliable publisher,
# which these subscriptions accept as well.
LATEST_FRAME = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A busy reader misses the oldest samples rather than be late by more than these for good: a second
# late they would look like a clock that is wrong. 0.4 s at 200 Hz, 0.08 s at 1 kHz.
SAMPLES = QoSProfile(depth=80, reliability=ReliabilityPolicy.BEST_EFFORT)
# The last command always arrives, an older one never follows it.
COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# As tf2 has it.
TRANSFORMS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
# Whoever joins late gets the last value.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


@dataclass(frozen=True)
class Topic:
    """A topic as publisher and subscriber must agree on it."""

    name: str
    type: type[Any]
    qos: QoSProfile


CLOCK = Topic('/clock', Clock, QoSProfile(depth=1))
IMAGE = Topic(names.IMAGE, Image, LATEST_FRAME)
COMPRESSED_IMAGE = Topic(names.COMPRESSED_IMAGE, CompressedImage, LATEST_FRAME)
CAMERA_INFO = Topic(names.CAMERA_INFO, CameraInfo, LATEST_FRAME)
IMU = Topic(names.IMU, Imu, SAMPLES)
ODOMETRY = Topic(names.ODOMETRY, Odometry, RELIABLE)
TARGET_POSE = Topic(names.TARGET_POSE, PoseStamped, LATCHED)
COLLISION = Topic(names.COLLISION, Bool, LATCHED)
TRIAL_STATE = Topic(names.TRIAL_STATE, String, LATCHED)
RAW_COMMAND = Topic(names.RAW_COMMAND, TwistStamped, COMMAND)
COMMAND_STAMPED = Topic(names.COMMAND, TwistStamped, COMMAND)
COMMAND_PLAIN = Topic(names.COMMAND, Twist, COMMAND)
# Names and numbers with a stamp: what ROS has for that, and what its plotting tools read.
NEURONS = Topic(names.NEURONS, JointState, RELIABLE)
SALIENCY = Topic(names.SALIENCY, Image, LATEST_FRAME)
CIRCUIT = Topic(names.CIRCUIT, String, LATCHED)
MANUAL_STAMPED = Topic('cmd_vel_manual', TwistStamped, COMMAND)
MANUAL_PLAIN = Topic('cmd_vel_manual', Twist, COMMAND)
EMERGENCY_STOP = Topic('emergency_stop', Bool, RELIABLE)
# Of buttons that do not send again what was lost: a reliable subscription does not hear them.
EMERGENCY_STOP_BEST_EFFORT = Topic('emergency_stop', Bool, BEST_EFFORT)
# Of buttons that keep what they have sent: one pressed before anybody listened is heard.
EMERGENCY_STOP_LATCHED = Topic(
    'emergency_stop',
    Bool,
    QoSProfile(
        depth=EMERGENCY_STOP.qos.depth,
        reliability=LATCHED.reliability,
        durability=LATCHED.durability,
    ),
)
EMERGENCY_STOPS = (EMERGENCY_STOP, EMERGENCY_STOP_BEST_EFFORT, EMERGENCY_STOP_LATCHED)
DOUBT = Topic('policy/doubt', Bool, LATCHED)
# Any publisher is heard, reliable or not: the newest is what counts.
POSE = Topic(names.ODOMETRY, Odometry, LATEST_FRAME)
SCAN = Topic('scan', LaserScan, LATEST_FRAME)
RANGE = Topic('range', Range, LATEST_FRAME)
POINTS = Topic('points', PointCloud2, LATEST_FRAME)
TAKEOVER = Topic(names.TAKEOVER, Bool, LATCHED)
AUTOPILOT_REQUEST = Topic('safety/request', String, LATCHED)
TIMING = Topic('policy/timing', Float32MultiArray, RELIABLE)
SAFETY_STATE = Topic(names.SAFETY_STATE, String, LATCHED)
JOYSTICK = Topic(names.JOYSTICK, Joy, RELIABLE)
# Of all robots, as diagnostic_aggregator listens: what is told names its robot.
DIAGNOSTICS = Topic(f'/{names.DIAGNOSTICS}', DiagnosticArray, RELIABLE)


def place_topic(topic: Topic, vehicle: str) -> Topic:
    """Return a topic of one of several vehicles, seen from the namespace that they share.

    :param vehicle: its namespace in there; empty if it is alone.
    """
    return replace(topic, name=f'{vehicle}/{topic.name}') if vehicle else topic


RAW, COMPRESSED = 'raw', 'compressed'
TRANSPORTS = (RAW, COMPRESSED)
"""How images come, by the names of image_transport."""


def choose_image_topic(name: str, transport: str) -> Topic:
    """Return a camera's topic as image_transport names it: below the camera's if compressed.

    :param name: of the camera's images. One that ends in /compressed says itself how they come.
    :raises ValueError: if there is no such transport.
    """
    if transport not in TRANSPORTS:
        raise ValueError(f'image_transport must be one of {list(TRANSPORTS)}, got {transport!r}')
    end = f'/{COMPRESSED}'
    if not name.endswith(end) and transport == RAW:
        return Topic(name, IMAGE.type, IMAGE.qos)
    return Topic(f'{name.removesuffix(end)}{end}', COMPRESSED_IMAGE.type, COMPRESSED_IMAGE.qos)


def choose_command_topic(is_stamped: bool) -> Topic:
    """Return the vehicle's command topic as TwistStamped or as Twist."""
    return COMMAND_STAMPED if is_stamped else COMMAND_PLAIN


def choose_manual_topic(is_stamped: bool) -> Topic:
    """Return the pilot's command topic as TwistStamped or as Twist."""
    return MANUAL_STAMPED if is_stamped else MANUAL_PLAIN
