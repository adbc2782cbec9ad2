# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A task that is over in a second: hovering for a moment anywhere is success."""

from dataclasses import dataclass

from sim.tasks.fly_to_target import FlyToTarget


@dataclass(frozen=True)
class ShortFlight(FlyToTarget):
    """Hover in an almost empty forest."""

    name = 'short_flight'

    time_limit: float = 1.0
    density: float = 0.1
    reach: float = 30.0
    slow: float = 3.0
    hold: float = 0.2
