# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the nodes: declared with description and range, read as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypeAlias

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

Value: TypeAlias = bool | int | float | str | list[str]


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

    :raises rclpy.exceptions.ParameterException: if a value has another type or is out of range.
    """
    values = {
        entry.name: node.declare_parameter(entry.name, entry.default, describe(entry)).value
        for entry in parameters
    }
    return SimpleNamespace(**values)


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
