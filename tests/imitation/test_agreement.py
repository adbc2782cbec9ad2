# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.imitation.agreement import check_agreement, is_symmetric


def test_episodes_that_do_not_say_agree_with_any():
    check_agreement({'a': {'vehicle': 'rover'}, 'b': {}, 'c': {'vehicle': 'rover'}})


def test_two_renderers_are_named_with_a_file_of_each():
    episodes = {'a': {'renderer': 'tiny'}, 'b': {'renderer': 'gl'}, 'c': {'renderer': 'gl'}}
    with pytest.raises(ValueError, match=r"one renderer, got 'gl' \(b\) and 'tiny' \(a\)"):
        check_agreement(episodes)


def test_left_and_right_are_alike_unless_an_episode_says_no():
    assert is_symmetric([{}, {'symmetry': 'left_right'}])
    assert not is_symmetric([{}, {'symmetry': 'none'}, {'symmetry': 'left_right'}])
