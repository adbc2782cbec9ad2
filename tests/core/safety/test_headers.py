# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from lnn_control.core.safety import check_age, check_frame


@pytest.mark.parametrize('age', [0.0, 0.5, -0.5, math.nan])
def test_fresh_message_and_one_without_a_stamp_count(age: float) -> None:
    check_age(age, 0.5)


def test_old_message_and_one_of_the_future_do_not() -> None:
    with pytest.raises(ValueError, match=r'0\.5 s old: synchronise the clocks'):
        check_age(0.51, 0.5)
    with pytest.raises(ValueError, match=r'0\.5 s ahead of the clock'):
        check_age(-0.51, 0.5)


def test_optical_frame_is_refused_with_the_cure() -> None:
    for frame in ('', 'base_link', 'camera_depth_frame'):
        check_frame(frame)
    with pytest.raises(ValueError, match=r'is an optical frame.*target_frame:=base_link'):
        check_frame('camera_depth_optical_frame')
