# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flights cut into the windows that a batch is made of."""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number


@dataclass(frozen=True)
class Window:
    """A stretch of one sequence.

    :param sequence: index of the sequence. :param start: first image.
    :param length: number of images taken. :param stride: images from one taken to the next.
    :param warm_up: images at the start that bear no loss, because the network's memory starts
        empty in the middle of a flight.
    :param lane: which carried memory the window goes on from, None where it starts empty.
    :param is_first: whether the lane's memory starts anew with this window.
    """

    sequence: int
    start: int
    length: int
    warm_up: int
    stride: int = 1
    lane: int | None = None
    is_first: bool = True


@dataclass(frozen=True)
class WindowSettings:
    """How sequences are cut."""

    window_length: int = 64
    """Images a window."""
    warm_up: int = 12
    """Images without loss at the start of a window, while the network's memory fills."""
    max_stride: int = 3
    """A flight is read at full rate, at half, ... down to this share, so that the network learns
    what elapsed time means; as if the camera dropped frames."""
    carry_state: bool = False
    """Go through each flight from start to end and carry the memory from window to window; else
    windows are shuffled and start with an empty one."""

    def __post_init__(self) -> None:
        check_number('window_length', self.window_length, 4, 4096)
        check_number('warm_up', self.warm_up, 0, self.window_length - 2)
        check_number('max_stride', self.max_stride, 1, 20)


def cut_batches(
    sequences: Sequence[Sized],
    settings: WindowSettings,
    batch_size: int,
    rng: np.random.Generator,
) -> list[list[Window]]:
    """Return the batches of one pass over the data, each of at most batch_size windows."""
    if settings.carry_state:
        return _cut_lanes(sequences, settings, batch_size, rng)
    windows = cut_windows(sequences, settings, rng)
    return [windows[i : i + batch_size] for i in range(0, len(windows), batch_size)]


def cut_windows(
    sequences: Sequence[Sized], settings: WindowSettings, rng: np.random.Generator
) -> list[Window]:
    """Cut all sequences into windows at random offsets and shuffle them.

    Every image bears a loss exactly once, or as often as its sequence's `weight` says, but for a
    sequence's lead-in, which bears none: windows overlap by their warm-up, and a stride of k takes
    each k-th image in k interleaved parts.
    """
    windows = []
    for index, sequence in _repeat(sequences, rng):
        for part in _cut_parts(index, sequence, settings, settings.warm_up, rng):
            windows.extend(part)
    order = rng.permutation(len(windows))
    return [windows[i] for i in order]


def _repeat(sequences: Sequence[Sized], rng: np.random.Generator) -> Iterator[tuple[int, Sized]]:
    """Yield each sequence with its index, as often as its weight says: 1.5 is once or twice."""
    weights = [float(getattr(sequence, 'weight', 1.0)) for sequence in sequences]
    # The heaviest is there in every pass, so that none is empty.
    largest = max(weights, default=1.0)
    weights = [w / largest for w in weights] if largest < 1.0 else weights
    for index, (sequence, weight) in enumerate(zip(sequences, weights, strict=True)):
        times, rest = divmod(weight, 1.0)
        if rest > 0 and rng.random() < rest:
            times += 1
        for _ in range(int(times)):
            yield index, sequence


def _cut_parts(
    index: int, sequence: Sized, settings: WindowSettings, warm_up: int, rng: np.random.Generator
) -> list[list[Window]]:
    """Return the windows of a sequence in order, one list an interleaved part."""
    num_images, lead_in = len(sequence), getattr(sequence, 'lead_in', 0)
    longest = settings.window_length
    # A carried memory would go through the padding behind a short window: only the last one is.
    shortest = longest if settings.carry_state else longest // 2
    parts = []
    stride = int(rng.integers(1, settings.max_stride + 1))
    for phase in range(stride):
        windows = []
        count = len(range(phase, num_images, stride))
        # The first window warms up over the whole lead-in, where there is one and it has room.
        done = len(range(phase, min(lead_in, num_images), stride))
        start = max(done - (longest - 2), 0)
        stop = max(start + int(rng.integers(shortest, longest + 1)), done + 1)
        while done < count:
            stop = min(stop, count)
            first = phase + start * stride
            windows.append(Window(index, first, stop - start, done - start, stride))
            done, start = stop, max(stop - warm_up, 0)
            stop = start + longest
        parts.append(windows)
    return parts


def _cut_lanes(
    sequences: Sequence[Sized],
    settings: WindowSettings,
    batch_size: int,
    rng: np.random.Generator,
) -> list[list[Window]]:
    """Return batches whose windows go on, lane by lane, where those before them ended."""
    flights = [
        part
        for index, sequence in _repeat(sequences, rng)
        for part in _cut_parts(index, sequence, settings, 0, rng)
        if part
    ]
    # Each flight joins the lane that is shortest so far, so that lanes end together.
    lanes: list[list[Window]] = [[] for _ in range(batch_size)]
    for i in rng.permutation(len(flights)).tolist():
        number = min(range(batch_size), key=lambda lane: len(lanes[lane]))
        for place, window in enumerate(flights[i]):
            numbers = (window.sequence, window.start, window.length, window.warm_up, window.stride)
            lanes[number].append(Window(*numbers, lane=number, is_first=place == 0))
    longest = max(len(lane) for lane in lanes)
    return [[lane[i] for lane in lanes if i < len(lane)] for i in range(longest)]
