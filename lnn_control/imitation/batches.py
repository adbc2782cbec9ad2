# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Windows read from the cache into batches, the next ones while the last one is used."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.imitation.cache import Sequence as EpisodeSequence
from lnn_control.imitation.distributed import ALONE, Group
from lnn_control.imitation.windows import Window

NUM_PRIVILEGED = 20
"""Privileged labels of an image: see `imitation.heads`."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows padded to one length.

    :param images: uint8, shape (batch, steps, height, width, 3).
    :param imu: features, shape (batch, steps, 12). :param elapsed_time: [s], (batch, steps).
    :param labels: commands, shape (batch, steps, 4).
    :param weight: 1 where a step bears loss, 0 in warm-up and padding, shape (batch, steps).
    :param is_real: False in padding, shape (batch, steps).
    :param privileged: shape (batch, steps, 20), None where no window has any.
    :param has_privileged: whether a window has them, shape (batch,).
    :param segmentation: classes, uint8, shape (batch, steps, height, width), None where not all
        windows have them.
    """

    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    labels: NDArray[np.float32]
    weight: NDArray[np.float32]
    is_real: NDArray[np.bool_]
    privileged: NDArray[np.float32] | None = None
    has_privileged: NDArray[np.bool_] | None = None
    segmentation: NDArray[np.uint8] | None = None

    def take(self, rows: slice) -> 'Batch':
        """Return some of the windows."""
        values: dict[str, Any] = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        taken: dict[str, Any] = {k: None if v is None else v[rows] for k, v in values.items()}
        return Batch(**taken)

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Where there are privileged labels, shape (batch, steps)."""
        if self.has_privileged is None:
            return np.zeros_like(self.is_real)
        return self.is_real & self.has_privileged[:, None]

    @property
    def num_known(self) -> int:
        """Number of images with privileged labels."""
        return int(self.is_known.sum())


def load_batch(
    sequences: Sequence[EpisodeSequence],
    windows: list[Window],
    with_segmentation: bool = False,
    processes: Group = ALONE,
) -> Batch:
    """Read windows into one batch, padded at the end with the last image's values.

    :param processes: each of them reads its own rows of the batch, which may be none.
    """
    steps = max(window.length for window in windows)
    rows = processes.choose_rows(len(windows))
    if not rows:
        # The shapes are those of any other.
        return load_batch(sequences, windows[:1], with_segmentation).take(slice(0))
    windows = windows[rows.start : rows.stop]
    of = [sequences[window.sequence] for window in windows]
    images = np.empty((len(windows), steps, *of[0].images.shape[1:]), np.uint8)
    weight = np.zeros((len(windows), steps), dtype=np.float32)
    is_real = np.zeros((len(windows), steps), dtype=bool)
    elapsed, imu, labels = [], [], []
    indices = []
    for row, (window, sequence) in enumerate(zip(windows, of, strict=True)):
        weight[row, window.warm_up : window.length] = 1.0
        is_real[row, : window.length] = True
        index = window.start + window.stride * np.minimum(np.arange(steps), window.length - 1)
        indices.append(index)
        # Straight from the file's pages into the batch: no copy in between.
        np.take(sequence.images, index, axis=0, out=images[row], mode='clip')
        labels.append(sequence.labels[index])
        # What happened since the image taken before, which lies one stride back.
        since = np.maximum(index[:, None] - np.arange(window.stride), 0)
        elapsed.append(sequence.elapsed_time[since].sum(axis=1))
        imu.append(merge_imu(sequence.imu[since]))
    has_privileged = np.array([sequence.privileged is not None for sequence in of])
    return Batch(
        images,
        np.stack(imu),
        np.stack(elapsed),
        np.stack(labels),
        weight,
        is_real,
        _take_privileged(of, indices) if has_privileged.any() else None,
        has_privileged if has_privileged.any() else None,
        _take_segmentation(of, indices) if with_segmentation else None,
    )


def _take_privileged(
    sequences: list[EpisodeSequence], indices: list[NDArray[np.intp]]
) -> NDArray[np.float32]:
    """Return the privileged labels of windows, zeros where a sequence has none."""
    rows = np.zeros((len(indices), len(indices[0]), NUM_PRIVILEGED), np.float32)
    for row, sequence, index in zip(rows, sequences, indices, strict=True):
        if sequence.privileged is not None:
            row[:] = sequence.privileged[index]
    return rows


def _take_segmentation(
    sequences: list[EpisodeSequence], indices: list[NDArray[np.intp]]
) -> NDArray[np.uint8] | None:
    """Return the classes of windows, None unless all sequences have them."""
    rows = []
    for sequence, index in zip(sequences, indices, strict=True):
        if sequence.segmentation is None:
            return None
        rows.append(sequence.segmentation[index])
    return np.stack(rows)


def merge_imu(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inertial features of intervals joined together.

    :param features: means and standard deviations, shape (n, intervals, 12).
    :return: shape (n, 12).
    """
    means, spreads = features[..., :6], features[..., 6:]
    # Variance of the whole: mean of the variances plus variance of the means.
    variance = np.mean(spreads**2, axis=1) + np.var(means, axis=1)
    return np.concatenate([means.mean(axis=1), np.sqrt(variance)], axis=1)


def read_ahead(
    sequences: Sequence[EpisodeSequence],
    groups: Sequence[list[Window]],
    num_ahead: int = 2,
    with_segmentation: bool = False,
    processes: Group = ALONE,
) -> Iterator[Batch]:
    """Yield one batch a group, reading the next ones in a thread while the last one is used.

    :param processes: see :func:`load_batch`.
    """
    with ThreadPoolExecutor(1) as pool:
        pending: deque[Future[Batch]] = deque()
        for group in groups:
            pending.append(pool.submit(load_batch, sequences, group, with_segmentation, processes))
            if len(pending) > num_ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
