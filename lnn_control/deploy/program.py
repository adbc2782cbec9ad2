# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What an exporter makes of a network: files, and the state that they hand from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass

from lnn_control.policies.backends.deployment import DeploymentError, StatePart


class ExportError(DeploymentError):
    """A policy cannot be exported; the message says why and what can be."""


@dataclass(frozen=True)
class Program:
    """The files of an exported network.

    :param files: name -> content. :param state: in the order that the program has it.
    """

    files: Mapping[str, bytes]
    state: tuple[StatePart, ...]
