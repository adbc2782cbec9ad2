# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How steadily a policy looks at the same things while its image gets noisy.

As in 'Neural circuit policies enabling auditable autonomy' (Lechner et al., Nature Machine
Intelligence 2020): the saliency map of an image is compared with that of the same image with
noise, by structural similarity.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.policies.policy import Policy

DEVIATIONS = (10.0, 20.0, 40.0, 80.0)
"""Standard deviations of the noise, of 255: those of the road suite, and a weaker one."""

# Of Wang et al., section III.B: window, and the constants that keep flat parts from dividing by
# zero, for values from 0 to 1.
_WINDOW_PX, _WINDOW_DEVIATION_PX = 11, 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2


def measure_similarity(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the mean structural similarity of two maps, 1 where they are the same.

    'Image quality assessment: from error visibility to structural similarity' (Wang et al., IEEE
    Transactions on Image Processing 2004), with its Gaussian window and constants.

    :param first: values from 0 to 1, shape (height, width), at least 11 px each way.
    :raises ValueError: if the shapes differ or are smaller than the window.
    """
    if first.shape != second.shape or min(first.shape) < _WINDOW_PX:
        raise ValueError(
            f'maps must be of one shape, at least {_WINDOW_PX} px each way, got {first.shape} and '
            f'{second.shape}'
        )
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    # (2 mx my + c1) (2 sxy + c2) / ((mx^2 + my^2 + c1) (sx^2 + sy^2 + c2))
    above = (2 * mean_x * mean_y + _LUMINANCE) * (2 * covariance + _CONTRAST)
    below = (mean_x**2 + mean_y**2 + _LUMINANCE) * (variance_x + variance_y + _CONTRAST)
    # Where the window would reach beyond the edge nothing is compared.
    edge = _WINDOW_PX // 2
    inner = (above / below)[edge : first.shape[0] - edge, edge : first.shape[1] - edge]
    return float(inner.mean())


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    size = (_WINDOW_PX, _WINDOW_PX)
    return np.asarray(cv2.GaussianBlur(values, size, _WINDOW_DEVIATION_PX))


def add_noise(
    image: NDArray[np.uint8], deviation: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Return an image with noise of its own on every pixel and channel.

    :param deviation: standard deviation, of 255.
    """
    noisy = image + generator.normal(0.0, deviation, image.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))


def measure_stability(
    policy: Policy,
    images: Sequence[NDArray[np.uint8]],
    generator: np.random.Generator,
    deviations: Sequence[float] = DEVIATIONS,
) -> NDArray[np.float64]:
    """Return the similarity of what a policy looks at with noise and without.

    :param images: RGB of the policy's size, shape (height, width, 3) each.
    :param deviations: of the noise, of 255.
    :return: shape (deviations, images).
    :raises ValueError: if the policy cannot tell what it looks at.
    """
    found = np.empty((len(deviations), len(images)))
    for column, image in enumerate(images):
        clean = look(policy, image)
        for row, deviation in enumerate(deviations):
            noisy = look(policy, add_noise(image, deviation, generator))
            found[row, column] = measure_similarity(clean, noisy)
    return found


def look(policy: Policy, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how much each pixel of an image counts for a policy, 0 to 1.

    :raises ValueError: if the policy cannot tell.
    """
    found = policy.map_saliency(image)
    if found is None:
        raise ValueError(f'policy {policy.name} cannot tell what it looks at')
    return found
