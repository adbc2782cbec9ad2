# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Whether images show something, in colour, and were taken when they say."""

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.contract.findings import Finding, Level

# Of 255. Dusk is far above, a covered lens far below.
_BLACK, _WHITE, _FLAT = 6.0, 249.0, 3.0
# Of what one second of the training in a thousand exceeds: as measured in docs/sensors.md, other
# places are beyond the first, and beyond the second is what no policy was seen to fly well in.
_UNUSUAL, _STRANGE = 1.5, 10.0
# Clocks of two machines differ by less [s].
_AHEAD = 0.5


def check_light(pixels: NDArray[np.uint8]) -> list[Finding]:
    """Check that an image is neither black nor saturated.

    :param pixels: RGB, shape (height, width, 3).
    """
    sample = thin_out(pixels)
    mean, spread = float(sample.mean()), float(sample.std())
    if spread >= _FLAT or _BLACK <= mean <= _WHITE:
        return []
    is_black = mean < _BLACK
    return [
        Finding(
            'image.black' if is_black else 'image.saturated',
            f'all pixels are about {mean:.0f} of 255',
            'an image of something',
            'uncover the lens, or look at exposure and driver'
            if is_black
            else 'let the camera choose its exposure',
        )
    ]


def check_colour(encoding: str, pixels: NDArray[np.uint8] | None = None) -> list[Finding]:
    """Check that an image has colours, which policies are trained to see.

    :param encoding: of its message; empty where that names none.
    :param pixels: RGB, shape (height, width, 3), judged where there is no encoding.
    """
    is_grey = encoding.lower().startswith(('mono', '8uc1'))
    if not encoding and pixels is not None:
        sample = thin_out(pixels)
        # What is all black or white is another finding.
        is_grey = bool(sample.std() >= _FLAT and not np.ptp(sample, axis=2).any())
    if not is_grey:
        return []
    return [
        Finding(
            'image.colour',
            f'the camera gives {encoding or "shades of grey"}',
            'colours, which the policy was trained to see',
            'switch the camera to rgb8 or bgr8, or use the colour camera',
        )
    ]


def check_novelty(novelty: float | None) -> list[Finding]:
    """Check that images look like those of the training.

    :param novelty: how far they are off, 1 as seldom in training; None where nobody knows.
    """
    if novelty is None or novelty <= _UNUSUAL:
        return []
    is_strange = novelty > _STRANGE
    return [
        Finding(
            'image.strange' if is_strange else 'image.unusual',
            f'light, colour and detail are {novelty:.2g} times as far from the training as its '
            'own images seldom are',
            f'at most {_STRANGE if is_strange else _UNUSUAL:g}',
            'look at the camera and its exposure; at night, in fog or indoors train for it',
            Level.WARN if is_strange else Level.NOTE,
        )
    ]


def report_unreadable(problem: str) -> Finding:
    """Return that a message holds no image.

    :param problem: what is wrong with it, with what was expected.
    """
    cure = 'look at the driver of the camera and at what compresses its images'
    return Finding('image.data', problem, 'an image that can be read and fits camera_info', cure)


def report_lens(problem: str) -> Finding:
    """Return that a calibration does not tell what the camera sees.

    :param problem: what is wrong with it, with what was expected.
    """
    cure = 'look at what publishes camera_info, or set camera_fov_deg'
    return Finding('image.lens', problem, 'a calibration that tells what the camera sees', cure)


def check_stamp(
    stamp: float, previous: float | None, age: float | None, max_age: float | None
) -> list[Finding]:
    """Check when an image says that it was taken.

    :param stamp: [s], 0 for none. :param previous: of the image before, None for the first.
    :param age: by the clock of this machine [s]; None where nobody knows the time yet.
    :param max_age: greatest [s]; None where the clocks cannot be compared.
    """
    if stamp == 0.0:
        cure = 'let the driver stamp its images, time steps are made of their differences'
        return [Finding('image.stamp', 'the stamp is zero', 'when the image was taken', cure)]
    if previous is not None and stamp == previous:
        cure = 'let the driver stamp each image anew'
        return [Finding('image.stamp', 'the stamp does not move', 'a later one', cure)]
    if previous is not None and stamp < previous:
        found = f'the stamp has gone back by {previous - stamp:.3g} s'
        return [Finding('image.stamp', found, 'a later one', 'see that nothing sets the clock')]
    if age is None or max_age is None:
        return []
    if age > max_age:
        cure = 'synchronise the clocks, shorten its way, or set max_image_age'
        return [
            Finding('image.age', f'images are {age:.3g} s old', f'at most {max_age:g} s', cure)
        ]
    if age < -_AHEAD:
        found = f'images are stamped {-age:.3g} s ahead of the clock'
        return [Finding('image.age', found, 'the past', 'synchronise the clocks')]
    return []


def thin_out(pixels: NDArray[np.uint8], most: int = 4096) -> NDArray[np.uint8]:
    """Return at most about so many pixels, spread over the image: enough to judge it by."""
    height, width = pixels.shape[:2]
    stride = max(1, int((height * width / most) ** 0.5))
    return pixels[::stride, ::stride]
