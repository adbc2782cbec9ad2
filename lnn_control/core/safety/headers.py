# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the header of a sensor's message must say for it to count: in which frame, and since when.

What does not count is as if it had not come: the vehicle stops as for a silent sensor.
"""


def check_frame(frame_id: str) -> None:
    """Check that ranges are not in an optical frame, by its name as REP-103 has it.

    Its z is forward and its y down: a wall ahead would be taken for one far above.

    :raises ValueError: with what to do.
    """
    if 'optical' in frame_id.lower():
        raise ValueError(
            f'{frame_id} is an optical frame (z forward, y down), expected x forward, y left, '
            'z up: publish it in base_link, as pointcloud_to_laserscan does with '
            'target_frame:=base_link'
        )


def check_age(age: float, limit: float) -> None:
    """Check that a message was fresh when it came.

    :param age: since its stamp [s], negative ahead of the clock, NaN where the stamp is zero, and
        only its coming counts.
    :param limit: greatest age [s]; a stamp so far ahead of the clock tells no age.
    :raises ValueError: with what to do.
    """
    if age > limit:
        raise ValueError(
            f'its stamp is more than {limit:g} s old: synchronise the clocks, or send it sooner'
        )
    if age < -limit:
        raise ValueError(
            f'its stamp is more than {limit:g} s ahead of the clock: synchronise the clocks'
        )
