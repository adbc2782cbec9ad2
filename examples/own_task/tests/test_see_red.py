# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from own_task.see_red import SeeRed

from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Observation
from lnn_control.policies.registry import PolicyError, make_policy


def look(policy: SeeRed, left: int, size: int) -> Observation:
    """Return what the policy sees: a red square on green."""
    pixels = np.full((72, 128, 3), (40, 90, 30), dtype=np.uint8)
    pixels[30 : 30 + size, left : left + size] = (200, 20, 20)
    return policy.preprocessing.observe(pixels, ImuSamples(np.zeros((0, 3)), np.zeros((0, 3))))


def test_it_turns_to_the_red_and_flies_there():
    policy = make_policy('see_red=2')
    command, side = policy(look(policy, 10, 6), policy.initial_state(), 0.05)
    assert command.vx == 2.0
    assert command.yaw_rate == pytest.approx(1.5 * (1 - 2 * 12.5 / 128))
    assert side == 1.0
    command, side = policy(look(policy, 110, 6), side, 0.05)
    assert command.yaw_rate < 0.0
    assert side == -1.0


def test_it_stops_where_the_red_is_large_and_turns_to_where_it_was_lost():
    policy = make_policy('see_red')
    assert policy(look(policy, 52, 23), 1.0, 0.05)[0].vx == pytest.approx(0.0)
    assert policy(look(policy, 40, 40), 1.0, 0.05)[0].vx < 0.0
    command, side = policy(look(policy, 0, 0), -1.0, 0.05)
    assert (command.vx, command.yaw_rate, side) == (0.0, -0.6, -1.0)


@pytest.mark.parametrize('text', ['see_red=fast', 'see_red=99'])
def test_speeds_that_are_none_are_refused(text: str):
    with pytest.raises(ValueError, match=r'fast|speed must be'):
        make_policy(text)


def test_misspelt_name_is_refused_with_those_there_are():
    with pytest.raises(PolicyError, match=r"did you mean 'see_red'"):
        make_policy('see_reed=1')
