# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What other tools of ROS 2 expect of a robot: tf, bonds, /diagnostics, a view for rviz.

tf2_msgs and bond are not among the wheels of pip: what would be published is read as CDR by
rosbags, which knows the messages of tf2 itself; those of bond are from their public definition.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rosbags.typesys import Stores, get_typestore

from lnn_control.bringup.graph import find_share_directory
from lnn_control.core.frames import (
    ROTATION_BODY_FROM_OPTICAL,
    quaternion_from_euler,
    rotation_from_quaternion,
)
from lnn_control.core.messages import VehicleState
from lnn_control.nodes import topics
from lnn_control.nodes.bond import describe_status, is_farewell
from lnn_control.nodes.conversions import BASE_FRAME, CAMERA_FRAME, IMU_FRAME, WORLD_FRAME
from lnn_control.nodes.graph_checks import name_type
from lnn_control.nodes.transforms import make_transform, place_sensors, place_vehicle
from sim.sensors.mount import CameraMount
from tests.nodes.test_bridges import pass_as_cdr

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]
STORE = get_typestore(Stores.ROS2_JAZZY)
STAMPED, TREE = 'geometry_msgs/msg/TransformStamped', 'tf2_msgs/msg/TFMessage'
STATUS = 'bond/msg/Status'
STATUS_FIELDS = """std_msgs/Header header
string id
string instance_id
bool active
float32 heartbeat_timeout
float32 heartbeat_period
"""


def pass_as_tree(*messages: Any) -> dict[tuple[str, str], Any]:
    """Return the transforms of a TFMessage as they come over the wire, by parent and child."""
    read = [STORE.deserialize_cdr(serialize_message(message), STAMPED) for message in messages]
    data = bytes(STORE.serialize_cdr(STORE.types[TREE](transforms=read), TREE))
    return {
        (entry.header.frame_id, entry.child_frame_id): entry
        for entry in STORE.deserialize_cdr(data, TREE).transforms
    }


def locate(entry: Any) -> np.ndarray:
    """Return a transform as a matrix, shape (4, 4)."""
    moved, turned = entry.transform.translation, entry.transform.rotation
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion(np.array([turned.x, turned.y, turned.z, turned.w]))
    matrix[:3, 3] = moved.x, moved.y, moved.z
    return matrix


def test_camera_is_where_the_vehicle_has_it_and_looks_as_it_is_mounted() -> None:
    mount = CameraMount((0.2, 0.0, 0.1), pitch=math.radians(15.0), yaw=0.3)
    turned = quaternion_from_euler(mount.roll, mount.pitch, mount.yaw)
    sensors = place_sensors(mount.position, turned.tolist())
    tree = pass_as_tree(*(make_transform(placement, 0.0) for placement in sensors))
    assert np.array_equal(locate(tree[BASE_FRAME, IMU_FRAME]), np.eye(4))
    link = locate(tree[BASE_FRAME, 'camera_link'])
    optical = locate(tree['camera_link', CAMERA_FRAME])
    assert np.allclose(optical[:3, :3], ROTATION_BODY_FROM_OPTICAL)
    whole = link @ optical
    assert np.allclose(whole[:3, 3], mount.position)
    # Ahead in the image is ahead of the mount, and to the right in it is right of that.
    assert np.allclose(whole[:3, 2], mount.rotation_body_from_camera[:, 0])
    assert np.allclose(whole[:3, 0], -mount.rotation_body_from_camera[:, 1])


def test_vehicle_is_in_the_world_where_odometry_has_it() -> None:
    state = VehicleState(np.array([3.0, -2.0, 1.5]), quaternion_from_euler(0.0, 0.1, 2.0))
    tree = pass_as_tree(make_transform(place_vehicle(state), 12.5))
    entry = tree[WORLD_FRAME, BASE_FRAME]
    assert (entry.header.stamp.sec, entry.header.stamp.nanosec) == (12, 500_000_000)
    assert np.allclose(locate(entry)[:3, 3], state.position_world)
    assert np.allclose(
        locate(entry)[:3, :3], rotation_from_quaternion(state.orientation_world), atol=1e-12
    )


def test_places_of_sensors_reach_those_who_come_late() -> None:
    assert topics.LATCHED.durability is DurabilityPolicy.TRANSIENT_LOCAL
    assert topics.TRANSFORMS.reliability is ReliabilityPolicy.RELIABLE


def skip_where_there_is(package: str) -> None:
    try:
        __import__(package)
    except ImportError:
        return
    pytest.skip(f'{package} is there')


def test_simulator_without_messages_of_tf_says_so_and_flies(probe: Any, start: Start) -> None:
    skip_where_there_is('tf2_msgs')
    odometry = probe.listen(topics.ODOMETRY)
    run = start('sim_node', real_time_factor=5.0)
    probe.wait_until(lambda: odometry)
    words = 'no tf: tf2_msgs is missing: sudo apt install ros-$ROS_DISTRO-tf2-msgs'
    assert run.output.count(words) == 1
    assert 'Traceback' not in run.output


def test_bond_beats_as_nav2_expects() -> None:
    header = STORE.types['std_msgs/msg/Header'](
        stamp=STORE.types['builtin_interfaces/msg/Time'](sec=1, nanosec=0), frame_id=''
    )
    fields = {'header': header, **describe_status('policy_node', 'one', True)}
    message = pass_as_cdr(STATUS, STATUS_FIELDS, fields)
    assert (message.id, message.instance_id, message.active) == ('policy_node', 'one', True)
    assert message.heartbeat_timeout == 4.0
    assert message.heartbeat_period == pytest.approx(0.1)


@pytest.mark.parametrize(
    ('name', 'instance', 'is_active', 'wanted'),
    [
        ('policy_node', 'manager', False, True),
        ('policy_node', 'manager', True, False),  # it lives
        ('policy_node', 'own', False, False),  # one's own word
        ('controller_server', 'manager', False, False),  # another node's
    ],
)
def test_manager_that_lets_go_is_understood(
    name: str, instance: str, is_active: bool, wanted: bool
) -> None:
    message = SimpleNamespace(id=name, instance_id=instance, active=is_active)
    assert is_farewell(message, 'policy_node', 'own') == wanted


def test_node_that_is_to_keep_a_bond_without_its_messages_is_one_line(start: Start) -> None:
    skip_where_there_is('bond')
    run = start('policy_node', bond=True)
    assert run.wait() == 1
    words = 'policy_node: bond is missing: sudo apt install ros-$ROS_DISTRO-bond'
    assert run.output.strip() == words


def test_diagnostics_of_two_robots_are_told_apart(probe: Any, start: Start) -> None:
    heard = probe.listen(topics.DIAGNOSTICS)
    assert topics.DIAGNOSTICS.name == '/diagnostics'
    for name in ('drone_1', 'drone_2'):
        start('safety_node', remap={'__ns': f'/{name}'})

    def list_names() -> set[tuple[str, str]]:
        return {(status.hardware_id, status.name) for m in heard for status in m.status}

    wanted = {('drone_1', 'drone_1: safety'), ('drone_2', 'drone_2: safety')}
    probe.wait_until(lambda: wanted <= list_names())


def test_view_of_rviz_shows_topics_and_frames_that_there_are() -> None:
    path = find_share_directory() / 'config' / 'lnn_control.rviz'
    manager = yaml.safe_load(path.read_text())['Visualization Manager']
    shown = {
        entry['Topic']['Value'].lstrip('/'): entry['Topic']
        for entry in manager['Displays']
        if 'Topic' in entry
    }
    known = {topic.name: topic for topic in (topics.IMAGE, topics.ODOMETRY, topics.TARGET_POSE)}
    assert set(shown) == set(known)
    for name, entry in shown.items():
        reliability, durability = known[name].qos.reliability, known[name].qos.durability
        assert entry['Reliability Policy'].replace(' ', '_').upper() == reliability.name
        assert entry['Durability Policy'].replace(' ', '_').upper() == durability.name
    assert name_type(topics.ODOMETRY) == 'nav_msgs/msg/Odometry'
    assert manager['Global Options']['Fixed Frame'] == WORLD_FRAME
    assert manager['Views']['Current']['Target Frame'] == BASE_FRAME
