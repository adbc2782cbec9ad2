# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One flight as recorded: what was seen, what was flown, what the expert would have done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array

NUM_PRIVILEGED = 20


@dataclass(frozen=True, eq=False)
class Episode:
    """A flight of n camera images.

    :param images: uint8 RGB, shape (n, height, width, 3).
    :param image_stamps: times of exposure [s], increasing, shape (n,).
    :param imu: body rates [rad/s] and specific force [m/s^2], shape (m, 6).
    :param imu_stamps: [s], shape (m,).
    :param flown: command that was flown after each image, shape (n, 4).
    :param labels: command that the expert would have given, shape (n, 4).
    :param metadata: where it comes from: seed, world, season, pilot, outcome, versions.
    :param privileged: what each image shows but does not say, shape (n, 20): cosine and sine of
        the target's bearing, its nearness 1 / (1 + distance / 4 m), whether it is in sight, and
        the nearness of what stands in 16 sectors from left to right, 1 / (1 + depth / 2 m).
        None where nobody recorded it.
    :param segmentation: class of every pixel, uint8, shape (n, height, width); likewise.
    """

    images: NDArray[np.uint8]
    image_stamps: NDArray[np.float64]
    imu: NDArray[np.float32]
    imu_stamps: NDArray[np.float64]
    flown: NDArray[np.float32]
    labels: NDArray[np.float32]
    metadata: dict[str, str] = field(default_factory=dict)
    privileged: NDArray[np.float32] | None = None
    segmentation: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        n, m = len(self.image_stamps), len(self.imu_stamps)
        images = self.images
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[::3] != (n, 3) or n == 0:
            raise ValueError(
                f'images must be uint8 of shape ({n}, height, width, 3) with at least one image, '
                f'got {images.dtype} of shape {images.shape}'
            )
        for name, shape, dtype in (
            ('image_stamps', (n,), np.float64),
            ('imu', (m, 6), np.float32),
            ('imu_stamps', (m,), np.float64),
            ('flown', (n, 4), np.float32),
            ('labels', (n, 4), np.float32),
        ):
            object.__setattr__(self, name, check_array(name, getattr(self, name), shape, dtype))
        if self.privileged is not None:
            values = check_array('privileged', self.privileged, (n, NUM_PRIVILEGED), np.float32)
            if np.abs(values).max() > 1.0 + 1e-4:
                raise ValueError(
                    f'privileged must be within -1 and 1, got {np.abs(values).max():g}'
                )
            object.__setattr__(self, 'privileged', values)
        if self.segmentation is not None:
            classes = self.segmentation
            if classes.dtype != np.uint8 or classes.shape != images.shape[:3]:
                raise ValueError(
                    f'segmentation must be uint8 of shape {images.shape[:3]}, '
                    f'got {classes.dtype} of shape {classes.shape}'
                )
        if n > 1 and np.diff(self.image_stamps).min() <= 0:
            raise ValueError('image_stamps must increase: the recording repeats or goes back')

    def __len__(self) -> int:
        return len(self.image_stamps)


@dataclass(frozen=True, eq=False)
class StreamedEpisode:
    """An episode whose images are read when they are needed, one after another.

    :param image_shape: of one image, (height, width, 3).
    :param read_images: returns an iterator over all images, each time it is called.
    :param read_segmentation: likewise of the classes of their pixels.

    The others are those of an :class:`Episode`.
    """

    image_stamps: NDArray[np.float64]
    imu: NDArray[np.float32]
    imu_stamps: NDArray[np.float64]
    flown: NDArray[np.float32]
    labels: NDArray[np.float32]
    image_shape: tuple[int, ...]
    read_images: Callable[[], Iterator[NDArray[np.uint8]]]
    metadata: dict[str, str] = field(default_factory=dict)
    privileged: NDArray[np.float32] | None = None
    read_segmentation: Callable[[], Iterator[NDArray[np.uint8]]] | None = None

    def __len__(self) -> int:
        return len(self.image_stamps)

    def load(self) -> Episode:
        """Return it with all its images in memory."""
        classes = self.read_segmentation
        return Episode(
            images=np.stack(list(self.read_images())),
            image_stamps=self.image_stamps,
            imu=self.imu,
            imu_stamps=self.imu_stamps,
            flown=self.flown,
            labels=self.labels,
            metadata=dict(self.metadata),
            privileged=self.privileged,
            segmentation=None if classes is None else np.stack(list(classes())),
        )


def stream_episode(episode: Episode) -> StreamedEpisode:
    """Return an episode in memory as one that is read image by image."""
    classes = episode.segmentation
    return StreamedEpisode(
        image_stamps=episode.image_stamps,
        imu=episode.imu,
        imu_stamps=episode.imu_stamps,
        flown=episode.flown,
        labels=episode.labels,
        image_shape=episode.images.shape[1:],
        read_images=lambda: iter(episode.images),
        metadata=episode.metadata,
        privileged=episode.privileged,
        read_segmentation=None if classes is None else lambda: iter(classes),
    )
