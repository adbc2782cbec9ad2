# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns a node graph into a launch description. Needs launch_ros, which only ROS 2 brings."""

import os
from collections.abc import Mapping

import lifecycle_msgs.msg
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch.substitution import Substitution
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue

from lnn_control.bringup.graph import PACKAGE, Derive, Graph, NodeDescription, Value
from lnn_control.nodes.lifetime import PARENT_VARIABLE

_CONFIGURE = lifecycle_msgs.msg.Transition.TRANSITION_CONFIGURE
_ACTIVATE = lifecycle_msgs.msg.Transition.TRANSITION_ACTIVATE


def describe_launch(graph: Graph) -> LaunchDescription:
    """Return a launch description that starts the graph and takes its policy into flight."""
    types = {entry.name: type(entry.default) for entry in graph.arguments}
    entities: list[LaunchDescriptionEntity] = [
        DeclareLaunchArgument(
            entry.name,
            default_value=str(entry.default).lower()
            if isinstance(entry.default, bool)
            else str(entry.default),
            description=entry.description,
            choices=list(entry.choices) or None,
        )
        for entry in graph.arguments
    ]
    defaults = {entry.name: entry.default for entry in graph.arguments}
    for node in graph.nodes:
        entities += describe_node(node, types, defaults)
    return LaunchDescription(entities)


def describe_node(
    node: NodeDescription, types: dict[str, type], defaults: Mapping[str, Value]
) -> list[LaunchDescriptionEntity]:
    """Return the actions of one node.

    :param types: argument -> its type. :param defaults: argument -> its default.
    """
    overrides: dict[str, object] = {
        name: ParameterValue(LaunchConfiguration(argument), value_type=types[argument])
        for name, argument in node.settings
    }
    if node.derive is not None:
        overrides |= {
            name: ParameterValue(_Derived(node.derive, name), value_type=type(value))
            for name, value in node.derive(defaults).items()
        }
    make = LifecycleNode if node.is_lifecycle else Node
    action = make(
        package=PACKAGE,
        executable=node.name,
        name=node.name,
        namespace=LaunchConfiguration('namespace'),
        parameters=[str(node.config), {**overrides, **dict(node.constants)}],
        remappings=[(topic, LaunchConfiguration(name)) for topic, name in node.remappings],
        condition=IfCondition(_Wanted(node)) if node.only_if else None,
        # A launch that is killed would leave its nodes behind.
        additional_env={PARENT_VARIABLE: str(os.getpid())},
        output='screen',
        on_exit=_shut_down(f'{node.name} has ended'),
    )
    return [action, *(_describe_lifecycle(action) if node.is_lifecycle else ())]


class _Derived(Substitution):
    """A parameter that follows from the arguments, computed when the launch knows them."""

    def __init__(self, derive: Derive, name: str) -> None:
        super().__init__()
        self._derive, self._name = derive, name

    def describe(self) -> str:
        """Return what launch prints of it."""
        return f'Derived({self._name})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value as text."""
        return f'{self._derive(context.launch_configurations)[self._name]}'


class _Wanted(Substitution):
    """Whether the arguments ask for a node, known when the launch knows them."""

    def __init__(self, node: NodeDescription) -> None:
        super().__init__()
        self._node = node

    def describe(self) -> str:
        """Return what launch prints of it."""
        return f'Wanted({self._node.name})'

    def perform(self, context: LaunchContext) -> str:
        """Return true or false as text."""
        return str(self._node.is_wanted(context.launch_configurations)).lower()


def _shut_down(reason: str) -> OpaqueFunction:
    """Return an action that ends the launch, unless it is ending already."""

    def act(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return [] if context.is_shutdown else [Shutdown(reason=reason)]

    return OpaqueFunction(function=act)


def _describe_lifecycle(node: LifecycleNode) -> tuple[LaunchDescriptionEntity, ...]:
    """Configure the node when it runs, activate it when it is configured, else end the launch."""

    def change_state(transition: int) -> EmitEvent:
        matcher = matches_action(node)
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition)
        )

    return (
        RegisterEventHandler(
            OnProcessStart(target_action=node, on_start=[change_state(_CONFIGURE)])
        ),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state='configuring',
                goal_state='inactive',
                entities=[change_state(_ACTIVATE)],
            )
        ),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state='configuring',
                goal_state='unconfigured',
                entities=[_shut_down('the policy cannot be configured, its message is above')],
            )
        ),
    )
