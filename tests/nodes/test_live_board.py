# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.nodes.live_board import LiveBoard


def make_board() -> LiveBoard:
    return LiveBoard(lambda: None)


def test_what_was_heard_is_live_for_a_second_and_old_after() -> None:
    board = make_board()
    board.put('raw', [1.0], 10.0)
    event, _ = board.tell({}, 10.9)
    assert event == {'values': {'raw': [1.0]}, 'ages': {'raw': 0.9}, 'live': ['raw']}
    assert board.tell({}, 11.1)[0]['live'] == []


def test_diagnostics_may_be_three_seconds_old_and_lasting_things_any() -> None:
    board = make_board()
    board.put('diagnostics/policy', {}, 10.0)
    board.put('circuit', {}, 10.0, is_lasting=True)
    assert board.tell({}, 12.9)[0]['live'] == ['diagnostics/policy', 'circuit']
    assert board.tell({}, 13.1)[0]['live'] == ['circuit']


def test_confirmed_reading_is_live_and_not_told_again() -> None:
    board = make_board()
    board.confirm('state', 9.0)  # of which nothing has come
    assert board.tell({}, 9.0)[0] == {'values': {}, 'ages': {}, 'live': []}
    board.put('state', 'hovering', 10.0)
    _, told = board.tell({}, 10.0)
    board.confirm('state', 20.0)
    event, _ = board.tell(told, 20.5)
    assert event == {'values': {}, 'ages': {'state': 0.5}, 'live': ['state']}


def test_each_browser_is_told_what_is_new_to_it() -> None:
    board = make_board()
    board.put('raw', [1.0], 10.0)
    _, told = board.tell({}, 10.0)
    board.put('raw', [1.0], 10.1)
    board.put('command', [0.5], 10.1)
    assert set(board.tell(told, 10.1)[0]['values']) == {'raw', 'command'}
    assert board.tell(board.tell({}, 10.1)[1], 10.1)[0]['values'] == {}


def test_browsers_are_counted_and_their_coming_and_going_is_told() -> None:
    counts: list[int] = []
    board = LiveBoard(lambda: counts.append(board.num_watchers))
    with board.watch(), board.watch():
        assert board.num_watchers == 2
    assert counts == [1, 2, 1, 0]
