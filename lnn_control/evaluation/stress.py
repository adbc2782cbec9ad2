# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What makes trials harder: a disturbance at a level."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StressCell:
    """One disturbance at one level.

    :param disturbance: its name; None is the clean run.
    :param level: 1 (mild) to 3 (severe); 0 for the clean run or where a strength is given.
    :param strength: in the disturbance's own unit, instead of a level.
    """

    disturbance: str | None
    level: int = 0
    strength: float | None = None

    def describe(self) -> dict[str, str | int | float | None]:
        """Return what names the cell in files."""
        strength = {} if self.strength is None else {'strength': self.strength}
        return {'disturbance': self.disturbance, 'level': self.level} | strength


CLEAN = StressCell(None, 0)
