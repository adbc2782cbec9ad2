# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What sensors must be for a policy to fly on them: one set of checks for all that read sensors.

The runner has it in evaluations and replays, the nodes over ROS 2, and whoever reads recordings.
A check takes plain numbers and returns findings: name, what was measured, what was expected, and
what to do.
"""

from lnn_control.core.contract.findings import Finding, Level, describe_findings
from lnn_control.core.contract.images import (
    check_colour,
    check_light,
    check_novelty,
    check_stamp,
    report_lens,
    report_unreadable,
)
from lnn_control.core.contract.inertial import RECORDING, check_inertial, check_inertial_header
from lnn_control.core.contract.watch import (
    InertialWatch,
    SensorWatch,
    WatchSettings,
    check_clocks,
)

__all__ = [
    'RECORDING',
    'Finding',
    'InertialWatch',
    'Level',
    'SensorWatch',
    'WatchSettings',
    'check_clocks',
    'check_colour',
    'check_inertial',
    'check_inertial_header',
    'check_light',
    'check_novelty',
    'check_stamp',
    'describe_findings',
    'report_lens',
    'report_unreadable',
]
