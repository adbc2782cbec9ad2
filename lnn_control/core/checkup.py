# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a look at a machine or a running graph has shown, as lights: green, amber, red."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum

from lnn_control.core.contract import Finding, Level


class Light(Enum):
    """Green is well, amber works and could be better, red does not work."""

    GREEN = 'green'
    AMBER = 'amber'
    RED = 'red'


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    :param name: what. :param measured: how it is. :param cure: what to do; empty where green.
    """

    name: str
    light: Light
    measured: str
    cure: str = ''

    def to_json(self) -> dict[str, str]:
        """Return the check as JSON values."""
        return {**asdict(self), 'light': self.light.value}


def read_finding(finding: Finding) -> Check:
    """Return what a sensor's finding comes to."""
    light = Light.RED if finding.level is Level.ERROR else Light.AMBER
    return Check(
        finding.name, light, f'{finding.measured}, expected {finding.expected}', finding.cure
    )


def choose_exit_code(checks: Sequence[Check]) -> int:
    """Return 1 if anything does not work."""
    return int(any(check.light is Light.RED for check in checks))
