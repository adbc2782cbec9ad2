# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the nodes: declared with description and range, read as plain values."""

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypeAlias

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lnn_control.nodes.command_line import list_given
from lnn_control.nodes.parameter_types import OF_ROS, fit_value

Value: TypeAlias = bool | int | float | str

_PREFIX_OF_ROS = 'qos_overrides.'


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    :param low: smallest value of a number. :param high: greatest value of a number.
    :param is_fixed: whether it can be set only when the node starts.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    is_fixed: bool = True


def declare_parameters(node: Node, parameters: Sequence[Parameter]) -> SimpleNamespace:
    """Declare the parameters and return their values as attributes.

    :raises ValueError: if something is set that the node does not have, or to another type.
    :raises rclpy.exceptions.ParameterException: if a value is out of range.
    """
    check_names(node, [entry.name for entry in parameters])
    take_given(node, {**OF_ROS, **{entry.name: entry.default for entry in parameters}})
    node.add_on_set_parameters_callback(_keep_time)
    values = {
        entry.name: node.declare_parameter(entry.name, entry.default, describe(entry)).value
        for entry in parameters
    }
    return SimpleNamespace(**values)


def _keep_time(changes: list[RosParameter]) -> SetParametersResult:
    """Refuse another clock while a node runs, which rclpy itself would let be set."""
    if any(change.name == 'use_sim_time' for change in changes):
        reason = 'use_sim_time is read-only: say it when the node starts'
        return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


def check_names(node: Node, names: Sequence[str]) -> None:
    """Check that command line and files set nothing but the parameters of a node.

    ROS drops what no node declares without a word: a misspelt limit would stay what it was.

    :raises ValueError: if they do, with the closest name.
    """
    # rclpy has no other place to ask what was given and not declared.
    for given in node._parameter_overrides:
        if given in names or given in OF_ROS or given.startswith(_PREFIX_OF_ROS):
            continue
        closest = difflib.get_close_matches(given, names, n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        raise ValueError(
            f'{node.get_name()} has no parameter {given!r}, it has '
            f'{", ".join(sorted(names))}{hint}'
        )


def take_given(node: Node, usual: Mapping[str, Value]) -> None:
    """Let the node's parameters be what command line and files say last, whatever rclpy took.

    :param usual: parameter -> any value of the right type.
    :raises ValueError: if a value is of another type, even one that a later one replaces.
    """
    overrides = node._parameter_overrides
    taken = [(name, parameter.value) for name, parameter in overrides.items()]
    for name, value in [*taken, *list_given(sys.argv, node.get_fully_qualified_name())]:
        if name in usual:
            fitting = fit_value(name, usual[name], value)
            overrides[name] = RosParameter(name, value=fitting)


def answer_changes(node: Node, apply: Callable[[dict[str, Value]], None]) -> None:
    """Let a function decide on changes of parameters while the node runs, once all others agree.

    :param apply: takes name -> value and raises a ValueError that says why not.
    """

    def answer(changes: list[RosParameter]) -> SetParametersResult:
        # Asked first: rclpy asks whoever came last first, and refuses all if one of them does.
        agreed = _keep_time(changes)
        if not agreed.successful:
            return agreed
        try:
            apply({change.name: change.value for change in changes})
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(answer)


def describe(parameter: Parameter) -> ParameterDescriptor:
    """Return the ROS description of a parameter, with its range where it has one."""
    descriptor = ParameterDescriptor(
        description=parameter.description, read_only=parameter.is_fixed
    )
    if parameter.low is None or parameter.high is None:
        return descriptor
    if isinstance(parameter.default, int):
        bounds = IntegerRange(from_value=int(parameter.low), to_value=int(parameter.high))
        descriptor.integer_range = [bounds]
    else:
        limits = FloatingPointRange(
            from_value=float(parameter.low), to_value=float(parameter.high)
        )
        descriptor.floating_point_range = [limits]
    return descriptor
