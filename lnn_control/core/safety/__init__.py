# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What stands between a policy and a vehicle: limits, borders, and a stop when anything fails.

Pure functions over frozen data, without ROS: evaluation and simulation are held to the same
limits, and the safety node is a shell around the state machine.
"""

from lnn_control.core.safety.fence import Braking, Fence, Pose, make_pose, parse_corners
from lnn_control.core.safety.headers import (
    check_age,
    check_command_frame,
    check_odometry_frames,
    check_range_frame,
)
from lnn_control.core.safety.limits import (
    REST,
    ZERO,
    CommandLimits,
    Motion,
    clip,
    limit_command,
    limit_motion,
)
from lnn_control.core.safety.machine import (
    FLYING_STEPS,
    Reason,
    SafetySettings,
    SafetyState,
    Step,
    press_stop,
    receive_button,
    receive_command,
    receive_doubt,
    receive_manual,
    receive_pose,
    receive_ranges,
    release,
    see_buttons,
    stop,
    update_safety,
)
from lnn_control.core.safety.ranges import (
    NUM_SECTORS,
    UNKNOWN,
    RangeSettings,
    RangeTrack,
    Sectors,
    cloud_sectors,
    cone_sectors,
    follow_ranges,
    scan_sectors,
    slow_for_obstacles,
)

__all__ = [
    'FLYING_STEPS',
    'NUM_SECTORS',
    'REST',
    'UNKNOWN',
    'ZERO',
    'Braking',
    'CommandLimits',
    'Fence',
    'Motion',
    'Pose',
    'RangeSettings',
    'RangeTrack',
    'Reason',
    'SafetySettings',
    'SafetyState',
    'Sectors',
    'Step',
    'check_age',
    'check_command_frame',
    'check_odometry_frames',
    'check_range_frame',
    'clip',
    'cloud_sectors',
    'cone_sectors',
    'follow_ranges',
    'limit_command',
    'limit_motion',
    'make_pose',
    'parse_corners',
    'press_stop',
    'receive_button',
    'receive_command',
    'receive_doubt',
    'receive_manual',
    'receive_pose',
    'receive_ranges',
    'release',
    'scan_sectors',
    'see_buttons',
    'slow_for_obstacles',
    'stop',
    'update_safety',
]
