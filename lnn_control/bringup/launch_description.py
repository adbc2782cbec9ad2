# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns a node graph into a launch description. Needs launch_ros, which only ROS 2 brings."""

import os
from collections.abc import Mapping
from typing import Any, List  # noqa: UP035

import lifecycle_msgs.msg
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.logging import get_logger
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue

from lnn_control.bringup.graph import (
    PACKAGE,
    Graph,
    NodeDescription,
    Value,
    check_params_file,
    choose_nodes,
    complete_values,
    find_parameters,
    find_remappings,
    make_environment,
    read_value,
)
from lnn_control.bringup.supervisor import check_namespace
from lnn_control.nodes.lifetime import PARENT_VARIABLE
from lnn_control.nodes.params_file import Setting

_CONFIGURE = lifecycle_msgs.msg.Transition.TRANSITION_CONFIGURE
_ACTIVATE = lifecycle_msgs.msg.Transition.TRANSITION_ACTIVATE
# launch knows those of typing alone.
_TYPES_OF_LISTS: dict[type, Any] = {
    bool: List[bool],  # noqa: UP006
    int: List[int],  # noqa: UP006
    float: List[float],  # noqa: UP006
    str: List[str],  # noqa: UP006
}


def describe_launch(graph: Graph) -> LaunchDescription:
    """Return a launch description that starts the graph and takes its policy into flight."""
    said: set[str] = set()

    def note_said(context: LaunchContext) -> None:
        """Remember what the user says, before the defaults of all others join it."""
        said.update(context.launch_configurations)

    arguments = [
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

    def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Describe the nodes once the launch knows the values of the arguments."""
        given = context.launch_configurations
        values = complete_values(
            graph,
            {
                entry.name: read_value(entry, given[entry.name])
                for entry in graph.arguments
                if entry.name in said
            },
        )
        check_namespace(str(values['namespace']))
        check_params_file(graph, values)
        nodes = choose_nodes(graph, values)
        return [entity for node in nodes for entity in describe_node(node, values)]

    return LaunchDescription(
        [OpaqueFunction(function=note_said), *arguments, OpaqueFunction(function=start)]
    )


def describe_node(
    node: NodeDescription, values: Mapping[str, Value]
) -> list[LaunchDescriptionEntity]:
    """Return the actions of one node.

    :param values: of the arguments.
    """
    # With its type: launch would read a text as YAML.
    parameters = {
        name: ParameterValue(value, value_type=_find_type(value))
        for name, value in find_parameters(node, values).items()
    }
    make = LifecycleNode if node.is_lifecycle else Node
    action = make(
        package=PACKAGE,
        executable=node.name,
        name=node.name,
        namespace=node.find_namespace(values),
        parameters=[str(node.config), parameters],
        remappings=list(find_remappings(node, values).items()),
        # A launch that is killed would leave its nodes behind.
        additional_env={PARENT_VARIABLE: str(os.getpid()), **make_environment()},
        output='screen',
        on_exit=_shut_down(f'{node.path} has ended') if node.is_vital else _tell_loss(node.path),
    )
    starts = node.is_lifecycle and bool(values['autostart'])
    return [action, *(_describe_lifecycle(action, node.vehicle) if starts else ())]


def _find_type(value: Setting) -> type:
    """Return the type of a parameter as launch names it."""
    if not isinstance(value, list):
        return type(value)
    return _TYPES_OF_LISTS[type(value[0]) if value else str]


def _tell_loss(name: str) -> OpaqueFunction:
    """Return an action that says that the others go on without a node, unless all end anyway."""

    def act(context: LaunchContext) -> None:
        if not context.is_shutdown:
            get_logger(name).error('has ended; the other nodes go on, Ctrl-C ends them')

    return OpaqueFunction(function=act)


def _shut_down(reason: str) -> OpaqueFunction:
    """Return an action that ends the launch, unless it is ending already."""

    def act(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return [] if context.is_shutdown else [Shutdown(reason=reason)]

    return OpaqueFunction(function=act)


def _describe_lifecycle(node: LifecycleNode, vehicle: str) -> tuple[LaunchDescriptionEntity, ...]:
    """Configure the node when it runs, activate it when it is configured, else end the launch.

    Once: whoever takes the node through its states by hand later is left alone.

    :param vehicle: whose it is, if there are several.
    """
    is_waiting = [True]
    policy = f'the policy of {vehicle}' if vehicle else 'the policy'

    def change_state(transition: int) -> EmitEvent:
        matcher = matches_action(node)
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matcher, transition_id=transition)
        )

    def once(entity: LaunchDescriptionEntity) -> OpaqueFunction:
        def act(context: LaunchContext) -> list[LaunchDescriptionEntity]:
            return [entity] if is_waiting and is_waiting.pop() else []

        return OpaqueFunction(function=act)

    return (
        RegisterEventHandler(
            OnProcessExit(
                target_action=node, on_exit=[once(_shut_down(f'{policy} ended before it flew'))]
            )
        ),
        RegisterEventHandler(
            OnProcessStart(target_action=node, on_start=[change_state(_CONFIGURE)])
        ),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state='configuring',
                goal_state='inactive',
                entities=[once(change_state(_ACTIVATE))],
            )
        ),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state='configuring',
                goal_state='unconfigured',
                entities=[
                    once(_shut_down(f'{policy} cannot be configured, its message is above'))
                ],
            )
        ),
    )
