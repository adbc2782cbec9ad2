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
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
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
    make_environment,
    read_value,
)
from lnn_control.bringup.supervisor import check_namespace
from lnn_control.nodes.lifetime import PARENT_VARIABLE

_CONFIGURE = lifecycle_msgs.msg.Transition.TRANSITION_CONFIGURE
_ACTIVATE = lifecycle_msgs.msg.Transition.TRANSITION_ACTIVATE


def describe_launch(graph: Graph) -> LaunchDescription:
    """Return a launch description that starts the graph and takes its policy into flight."""
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
        values = {entry.name: read_value(entry, given[entry.name]) for entry in graph.arguments}
        values = complete_values(graph, values)
        check_namespace(str(values['namespace']))
        check_params_file(str(values['params_file']), graph)
        nodes = choose_nodes(graph, values)
        return [entity for node in nodes for entity in describe_node(node, values)]

    return LaunchDescription([*arguments, OpaqueFunction(function=start)])


def describe_node(
    node: NodeDescription, values: Mapping[str, Value]
) -> list[LaunchDescriptionEntity]:
    """Return the actions of one node.

    :param values: of the arguments.
    """
    # With its type: launch would read a text as YAML.
    parameters = {
        name: ParameterValue(value, value_type=type(value))
        for name, value in find_parameters(node, values).items()
    }
    last_word = [str(values['params_file'])] if values['params_file'] else []
    make = LifecycleNode if node.is_lifecycle else Node
    action = make(
        package=PACKAGE,
        executable=node.name,
        name=node.name,
        namespace=node.find_namespace(values),
        parameters=[str(node.config), parameters, *last_word],
        remappings=[(topic, str(values[name])) for topic, name in node.remappings],
        # A launch that is killed would leave its nodes behind.
        additional_env={PARENT_VARIABLE: str(os.getpid()), **make_environment()},
        output='screen',
        on_exit=_shut_down(f'{node.path} has ended'),
    )
    starts = node.is_lifecycle and bool(values['autostart'])
    return [action, *(_describe_lifecycle(action, node.vehicle) if starts else ())]


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
