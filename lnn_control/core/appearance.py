# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How images look, and how far that is from what a policy was trained on.

A policy's own features do not tell: trained to see through light and weather, its encoder takes
the black of a night for a dull picture, nearer to the training than many of that. So images are
described by what changes with the place: light, contrast, colour and detail of three bands.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOOK_EVERY = 4
"""Of so many images one is looked at."""

# So many looks are taken together: a second at 20 images a second.
_LOOKS = 5
_BANDS = ('top', 'middle', 'bottom')
_PROPERTIES = 7
NUM_PROPERTIES = len(_BANDS) * _PROPERTIES
"""Numbers that an image is described by."""

# Of what is usual: one second of the training in a thousand is further off.
_QUANTILE = 0.999
# Of any property: the least that is counted on, where the training shows no more [variance].
_LEAST_VARIANCE = 1e-4
# Pixels apart of coarse detail.
_COARSE = 4


@dataclass(frozen=True)
class Appearance:
    """What the images of a training looked like.

    :param mean: of each property, see :func:`describe_image`. :param variance: likewise.
    :param usual: distance that one second of the training in a thousand exceeds.
    """

    mean: tuple[float, ...]
    variance: tuple[float, ...]
    usual: float

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.variance) == NUM_PROPERTIES:
            raise ValueError(
                f'an appearance must have {NUM_PROPERTIES} means and variances, got '
                f'{len(self.mean)} and {len(self.variance)}: train again with this version'
            )
        values = np.array([*self.mean, *self.variance, self.usual])
        if not np.isfinite(values).all() or min(*self.variance, self.usual) <= 0.0:
            raise ValueError('an appearance must be finite, with variances and usual above 0')

    def measure(self, described: NDArray[np.float64]) -> float:
        """Return how far an image is off: 1 is as far as the training's own seldom are.

        The mean of the squared distances from the mean, each in standard deviations.

        :param described: by :func:`describe_image`.
        """
        squares = np.square(described - self.mean) / np.array(self.variance)
        return float(squares.mean() / self.usual)


def describe_image(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how an image looks, shape (21,).

    Of each third from top to bottom: brightness, contrast, saturation, fine detail, coarse detail,
    and how red and how green it is.

    :param pixels: RGB, shape (height, width, 3), as the policy is given it.
    """
    image = pixels.astype(np.float32)
    grey, strongest = image.mean(axis=2), image.max(axis=2)
    saturation = 1.0 - image.min(axis=2) / np.maximum(strongest, 1.0)
    fine = np.abs(np.diff(grey, axis=1))
    coarse = np.abs(grey[:, _COARSE:] - grey[:, :-_COARSE])
    found = []
    for rows in np.array_split(np.arange(len(image)), len(_BANDS)):
        part = grey[rows]
        red, green, _ = image[rows].mean(axis=(0, 1))
        # By ratios, as light comes: half of it is as far from all as twice.
        found += [
            part.mean() / 255,
            np.log(part.std() + 1),
            saturation[rows].mean(),
            np.log(fine[rows].mean() + 1),
            np.log(coarse[rows].mean() + 1),
            np.log((red + 5) / (part.mean() + 5)),
            np.log((green + 5) / (part.mean() + 5)),
        ]
    return np.array(found, np.float64)


def fit_appearance(flights: Iterable[NDArray[np.uint8]]) -> Appearance | None:
    """Return what images of a training looked like, None if there is not a second of them.

    :param flights: the images of each, in order, shape (n, height, width, 3).
    """
    looks = [
        np.stack([describe_image(np.asarray(image)) for image in images[::LOOK_EVERY]])
        for images in flights
        if len(images) > LOOK_EVERY * (_LOOKS - 1)
    ]
    if not looks:
        return None
    rows = np.concatenate(looks)
    mean, variance = rows.mean(axis=0), np.maximum(rows.var(axis=0), _LEAST_VARIANCE)
    # As in flight: over a second.
    window = np.ones(_LOOKS) / _LOOKS
    distances = [
        np.convolve((np.square(flight - mean) / variance).mean(axis=1), window, 'valid')
        for flight in looks
    ]
    usual = float(np.quantile(np.concatenate(distances), _QUANTILE))
    return Appearance(tuple(mean.tolist()), tuple(variance.tolist()), max(usual, 1e-3))


class AppearanceWatch:
    """Follows how far the images of a flight are from the training.

    :param appearance: of the training; None where nobody knows.
    """

    def __init__(self, appearance: Appearance | None) -> None:
        self._appearance = appearance
        self._num_images = 0
        self._distances: deque[float] = deque(maxlen=_LOOKS)

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Look at an image, or not: some are enough."""
        if self._appearance is not None and self._num_images % LOOK_EVERY == 0:
            self._distances.append(self._appearance.measure(describe_image(pixels)))
        self._num_images += 1

    @property
    def novelty(self) -> float | None:
        """How far the last second was off, 1 as seldom in training; None where nobody knows."""
        if len(self._distances) < _LOOKS:
            return None
        return sum(self._distances) / _LOOKS
