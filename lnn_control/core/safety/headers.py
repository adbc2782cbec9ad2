# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the header of a message must say for it to count: in which frame, and since when.

What does not count is as if it had not come: the vehicle stops as for a silent sensor, and
whoever commands does not. Frames are told by their names; one that says nothing is believed.
"""

from lnn_control.core.frame_names import describe_other_axes, is_world

_BODY = 'x forward, y left, z up'


def check_range_frame(frame_id: str) -> None:
    """Check that ranges are in the body's axes.

    In an optical frame, z forward and y down, a wall ahead would be taken for one far above.

    :raises ValueError: with what to do.
    """
    said = _describe_not_body(frame_id)
    if said:
        raise ValueError(
            f'frame_id {frame_id!r} is {said}, expected {_BODY}: publish it in base_link, as '
            'pointcloud_to_laserscan does with target_frame:=base_link'
        )


def check_command_frame(frame_id: str) -> None:
    """Check that a velocity is in the body's axes: no name, or one that does not deny it.

    :raises ValueError: with what to do.
    """
    said = _describe_not_body(frame_id)
    if said:
        raise ValueError(
            f'frame_id {frame_id!r} is {said}, expected a frame of the body such as base_link '
            f'({_BODY}): turn the velocity into it, and name it so'
        )


def check_odometry_frames(frame_id: str, child_frame_id: str) -> None:
    """Check that a pose is that of a body, x forward, y left, z up, in a world with z up.

    North, east, down would turn the fence and the altitudes round.

    :raises ValueError: with what to do.
    """
    for role, name in (('frame_id', frame_id), ('child_frame_id', child_frame_id)):
        said = describe_other_axes(name)
        if said:
            raise ValueError(
                f'{role} {name!r} is {said}, expected a world with z up and a body with {_BODY} '
                '(REP-103): turn it, or let MAVROS do so, and name it odom and base_link'
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


def _describe_not_body(frame_id: str) -> str:
    """Return what a name says if that is no body with x forward, y left, z up."""
    return describe_other_axes(frame_id) or ('a frame of the world' if is_world(frame_id) else '')
