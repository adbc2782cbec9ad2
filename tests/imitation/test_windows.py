# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.imitation.windows import WindowSettings, cut_batches, cut_windows


def count_losses(sequences, windows) -> list[np.ndarray]:
    """Return how often each image of each sequence bears loss."""
    counts = [np.zeros(len(sequence), int) for sequence in sequences]
    for window in windows:
        taken = window.start + window.stride * np.arange(window.warm_up, window.length)
        counts[window.sequence][taken] += 1
    return counts


@pytest.mark.parametrize(
    'settings',
    [
        WindowSettings(),
        WindowSettings(window_length=16, warm_up=4, max_stride=1),
        WindowSettings(window_length=8, warm_up=6, max_stride=5),
        WindowSettings(window_length=4, warm_up=0, max_stride=2),
    ],
)
def test_every_image_bears_loss_exactly_once(settings):
    sequences = [range(n) for n in (1, 2, 5, 8, 63, 64, 65, 200)]
    for seed in range(10):
        windows = cut_windows(sequences, settings, np.random.default_rng(seed))
        for count in count_losses(sequences, windows):
            assert (count == 1).all()
        assert all(1 <= window.length <= settings.window_length for window in windows)
        assert all(0 <= window.warm_up < window.length for window in windows)
        assert all(window.start >= 0 for window in windows)


class LedIn:
    """A sequence whose first images are those of another one."""

    def __init__(self, length: int, lead_in: int) -> None:
        self.length, self.lead_in = length, lead_in

    def __len__(self) -> int:
        return self.length


@pytest.mark.parametrize('carry_state', [False, True])
@pytest.mark.parametrize('window_length', [8, 16, 64])
def test_lead_in_warms_up_and_bears_no_loss(window_length, carry_state):
    sequences = [LedIn(90, 12), LedIn(13, 12), LedIn(5, 12), LedIn(40, 0)]
    settings = WindowSettings(window_length=window_length, warm_up=4, carry_state=carry_state)
    for seed in range(10):
        batches = cut_batches(sequences, settings, 3, np.random.default_rng(seed))
        windows = [window for batch in batches for window in batch]
        for sequence, count in zip(sequences, count_losses(sequences, windows), strict=True):
            assert (count[: sequence.lead_in] == 0).all()
            assert (count[sequence.lead_in :] == 1).all()
        assert all(1 <= window.length <= window_length for window in windows)
        # As much of it as a window has room for fills the memory.
        first = [window for window in windows if window.sequence == 0 and window.start < 12]
        assert all(w.warm_up >= min(12 // w.stride, window_length - 2, 4) for w in first)
        if window_length == 64:
            assert {window.start - window.start % window.stride for window in first} == {0}


def test_windows_in_mid_flight_warm_up_fully():
    settings = WindowSettings(window_length=16, warm_up=5, max_stride=1)
    for window in cut_windows([range(100)], settings, np.random.default_rng(0)):
        assert window.warm_up == (5 if window.start > 0 else 0)


def test_windows_are_shuffled_by_the_generator():
    sequences = [range(100), range(100)]
    settings = WindowSettings(window_length=16, warm_up=4)
    first, again, other = (
        cut_windows(sequences, settings, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert [w.sequence for w in first] != sorted(w.sequence for w in first)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'window_length': 3}, 'window_length must be'),
        ({'warm_up': 63}, 'warm_up must be'),
        ({'max_stride': 0}, 'max_stride must be'),
    ],
)
def test_impossible_windows_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        WindowSettings(**change)


def test_carried_lanes_go_through_every_flight_in_order_and_each_image_once():
    sequences = [range(n) for n in (5, 40, 63, 64, 130)]
    settings = WindowSettings(window_length=16, warm_up=4, carry_state=True)
    batches = cut_batches(sequences, settings, 3, np.random.default_rng(0))
    ends: dict[int, tuple[int, int]] = {}
    lengths: dict[int, int] = {}
    for batch in batches:
        assert len(batch) <= 3
        assert len({window.lane for window in batch}) == len(batch)
        for window in batch:
            if not window.is_first:
                assert ends[window.lane] == (window.sequence, window.start)
                # Nothing is padded between them, where the memory would go on.
                assert lengths[window.lane] == settings.window_length
            lengths[window.lane] = window.length
            ends[window.lane] = (window.sequence, window.start + window.length * window.stride)
    for count in count_losses(sequences, [window for batch in batches for window in batch]):
        assert (count == 1).all()


def test_batches_hold_all_windows_in_their_order():
    settings = WindowSettings(window_length=16, warm_up=4)
    batches = cut_batches([range(100)], settings, 4, np.random.default_rng(0))
    windows = cut_windows([range(100)], settings, np.random.default_rng(0))
    assert [window for batch in batches for window in batch] == windows
    assert {len(batch) for batch in batches[:-1]} == {4}


class Weighed:
    """A sequence that is learned from more or less often."""

    def __init__(self, length: int, weight: float) -> None:
        self.length, self.weight = length, weight

    def __len__(self) -> int:
        return self.length


@pytest.mark.parametrize('carry_state', [False, True])
def test_weight_says_how_often_a_sequence_is_learned_from(carry_state):
    sequences = [Weighed(40, 1.0), Weighed(30, 2.0), Weighed(50, 0.25), Weighed(20, 1.5)]
    settings = WindowSettings(window_length=8, warm_up=0, carry_state=carry_state)
    total = np.zeros(4)
    for seed in range(200):
        batches = cut_batches(sequences, settings, 3, np.random.default_rng(seed))
        windows = [window for batch in batches for window in batch]
        counts = count_losses(sequences, windows)
        assert all(len(set(count.tolist())) == 1 for count in counts)
        assert (counts[0][0], counts[1][0]) == (1, 2)
        total += [count[0] for count in counts]
    assert total / 200 == pytest.approx([1.0, 2.0, 0.25, 1.5], abs=0.1)


def test_light_sequences_alone_leave_no_pass_empty():
    sequences = [Weighed(40, 0.02), Weighed(40, 0.01)]
    for seed in range(20):
        windows = cut_windows(sequences, WindowSettings(), np.random.default_rng(seed))
        assert (count_losses(sequences, windows)[0] == 1).all()


def test_weight_of_one_changes_nothing():
    settings = WindowSettings(window_length=8, warm_up=2)
    plain = cut_windows([range(30), range(50)], settings, np.random.default_rng(0))
    weighed = [Weighed(30, 1.0), Weighed(50, 1.0)]
    assert cut_windows(weighed, settings, np.random.default_rng(0)) == plain
