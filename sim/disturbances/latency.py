# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Images that arrive late: a slow link, a busy computer."""

from dataclasses import dataclass

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import LatencyDisturbance


@dataclass(frozen=True)
class Latency(LatencyDisturbance):
    """Deliver every image later than the camera alone would. Its stamp stays the exposure's.

    :param extra: [s], 0 to 1, rounded to 1/1200 s.
    """

    extra: float = 0.1

    def __post_init__(self) -> None:
        check_number('extra', self.extra, 0.0, 1.0, 's')

    @property
    def extra_latency(self) -> float:
        """Time from exposure to delivery beyond the camera's own [s]."""
        return self.extra


LEVELS = (Latency(0.05), Latency(0.1), Latency(0.2))
