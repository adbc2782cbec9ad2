# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a node sees of the ROS graph around its topics: types, second publishers, QoS."""

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from lnn_control.nodes.topics import COMPRESSED_IMAGE, IMAGE, Topic


def name_type(topic: Topic) -> str:
    """Return a topic's type as ROS writes it, such as sensor_msgs/msg/Image."""
    package = topic.type.__module__.partition('.')[0]
    return f'{package}/msg/{topic.type.__name__}'


def describe_publishers(
    node: Node,
    inputs: Sequence[Topic],
    cure: str = 'name another topic',
    is_shared: bool = False,
) -> tuple[str, ...]:
    """Return what is wrong with those who publish a node's inputs.

    :param cure: for publishers of another type. :param is_shared: whether many may publish.
    """
    problems: list[str] = []
    for topic in inputs:
        name = node.resolve_topic_name(topic.name)
        ends = node.get_publishers_info_by_topic(name)
        if len(ends) > 1 and not is_shared:
            problems.append(f'{name} has {len(ends)} publishers, {_list(ends)}: end all but one')
        problems += _describe_transport(node, topic, name) if not ends else ()
        for end in ends:
            if end.topic_type != name_type(topic):
                problems.append(
                    f'{end.node_name} publishes {name} as {end.topic_type}, expected '
                    f'{name_type(topic)}: {cure}'
                )
                continue
            reason = _find_mismatch(end.qos_profile, topic.qos)
            if reason:
                problems.append(f'{end.node_name} publishes {name} and cannot be heard: {reason}')
    return tuple(problems)


def _describe_transport(node: Node, topic: Topic, name: str) -> tuple[str, ...]:
    """Return that images which nobody publishes so come in the other way."""
    end = COMPRESSED_IMAGE.name.removeprefix(IMAGE.name)
    if topic.type is IMAGE.type:
        other, transport = f'{name}{end}', 'compressed'
    elif topic.type is COMPRESSED_IMAGE.type:
        other, transport = name.removesuffix(end), 'raw'
    else:
        return ()
    if not node.get_publishers_info_by_topic(other):
        return ()
    return (f'nobody publishes {name}, but {other} is there: set image_transport:={transport}',)


def describe_subscribers(node: Node, output: Topic, cure: str) -> tuple[str, ...]:
    """Return what is wrong with those who listen to a node's output, and with who else publishes.

    :param cure: for listeners of another type.
    """
    name = node.resolve_topic_name(output.name)
    problems: list[str] = []
    publishers = node.get_publishers_info_by_topic(name)
    if len(publishers) > 1:
        problems.append(
            f'{name} has {len(publishers)} publishers, {_list(publishers)}: end all but one'
        )
    for end in node.get_subscriptions_info_by_topic(name):
        if end.topic_type != name_type(output):
            problems.append(
                f'{end.node_name} takes {name} as {end.topic_type} and gets nothing: {cure}'
            )
            continue
        reason = _find_mismatch(output.qos, end.qos_profile)
        if reason:
            problems.append(f'{end.node_name} takes {name} and gets nothing: {reason}')
    return tuple(problems)


def _find_mismatch(offered: QoSProfile, wanted: QoSProfile) -> str:
    """Return why a subscription does not hear a publisher; empty if it does.

    By reliability and durability: what is discovered has deadlines and the like of endless time,
    where a profile says nothing.
    """
    verdict, reason = qos_check_compatible(
        *(
            QoSProfile(depth=1, reliability=qos.reliability, durability=qos.durability)
            for qos in (offered, wanted)
        )
    )
    # Equal, never the same: rclpy makes a new value of C++ for each answer.
    return str(reason) if verdict == QoSCompatibility.ERROR else ''


def _list(ends: Sequence[Any]) -> str:
    return ' and '.join(sorted(end.node_name for end in ends))
