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
    for batch in batches:
        assert len(batch) <= 3
        assert len({window.lane for window in batch}) == len(batch)
        for window in batch:
            if not window.is_first:
                assert ends[window.lane] == (window.sequence, window.start)
            ends[window.lane] = (window.sequence, window.start + window.length * window.stride)
    for count in count_losses(sequences, [window for batch in batches for window in batch]):
        assert (count == 1).all()


def test_batches_hold_all_windows_in_their_order():
    settings = WindowSettings(window_length=16, warm_up=4)
    batches = cut_batches([range(100)], settings, 4, np.random.default_rng(0))
    windows = cut_windows([range(100)], settings, np.random.default_rng(0))
    assert [window for batch in batches for window in batch] == windows
    assert {len(batch) for batch in batches[:-1]} == {4}
