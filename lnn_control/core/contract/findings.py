# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a check of a sensor has found, in words that somebody can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a finding matters: fly on and know it, fly on slowly, or do not fly."""

    NOTE = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    :param name: of the check, `sensor.property`; parameters choose by it what stops.
    :param measured: what was found. :param expected: instead of it. :param cure: what to do.
    :param suspicion: what it seems to be, as the check names it, for callers with cures of their
        own; empty where it has none.
    """

    name: str
    measured: str
    expected: str
    cure: str
    level: Level = Level.ERROR
    suspicion: str = ''

    def describe(self) -> str:
        """Return the finding as one line."""
        return f'{self.name}: {self.measured}, expected {self.expected}: {self.cure}'


def describe_findings(findings: Sequence[Finding]) -> str:
    """Return findings as one line, the worst first; empty if there are none."""
    ranked = sorted(findings, key=lambda finding: -finding.level)
    return '; '.join(finding.describe() for finding in ranked)
