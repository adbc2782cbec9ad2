# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of a sensor_msgs/Image or CompressedImage, whichever library has read the message.

OpenCV is imported by what needs it: a vehicle whose camera gives rgb8 does without.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SHRINKS = {1: 'IMREAD_COLOR', 2: 'IMREAD_REDUCED_COLOR_2', 4: 'IMREAD_REDUCED_COLOR_4'}
"""How much smaller a JPEG can be decoded, in less time -> OpenCV's name for that."""


def _keep(pixels: Pixels) -> Pixels:
    return pixels[:, :, :3]


def _swap(pixels: Pixels) -> Pixels:
    return pixels[:, :, 2::-1]


def _repeat(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[:, :, :1], 3, axis=2)


def _convert(code: str) -> Callable[[Pixels], Pixels]:
    """Return what converts pixels by the OpenCV code of a name."""

    def convert(pixels: Pixels) -> Pixels:
        import cv2

        return np.asarray(cv2.cvtColor(pixels, getattr(cv2, code)), dtype=np.uint8)

    return convert


# Encoding -> bytes a pixel, and what makes RGB of them. 8UC3 names no colours; OpenCV, which it
# comes from, has blue first. yuv422 is UYVY by definition of sensor_msgs/image_encodings.
_ENCODINGS: dict[str, tuple[int, Callable[[Pixels], Pixels]]] = {
    'rgb8': (3, _keep),
    'bgr8': (3, _swap),
    '8UC3': (3, _swap),
    'rgba8': (4, _keep),
    'bgra8': (4, _swap),
    'mono8': (1, _repeat),
    '8UC1': (1, _repeat),
    'mono16': (2, _repeat),
    'yuv422': (2, _convert('COLOR_YUV2RGB_UYVY')),
    'uyvy': (2, _convert('COLOR_YUV2RGB_UYVY')),
    'yuv422_yuy2': (2, _convert('COLOR_YUV2RGB_YUYV')),
    'yuyv': (2, _convert('COLOR_YUV2RGB_YUYV')),
    'bayer_rggb8': (1, _convert('COLOR_BayerRGGB2RGB')),
    'bayer_bggr8': (1, _convert('COLOR_BayerBGGR2RGB')),
    'bayer_gbrg8': (1, _convert('COLOR_BayerGBRG2RGB')),
    'bayer_grbg8': (1, _convert('COLOR_BayerGRBG2RGB')),
}

NUM_CHANNELS = {name: count for name, (count, _) in _ENCODINGS.items()}
"""Image encodings that are understood -> bytes a pixel."""


def read_pixels(message: Any, shrink: int = 1) -> Pixels:
    """Return RGB pixels of shape (height, width, 3), without copying where the encoding allows.

    Rows may be longer than their pixels (`step`). `is_bigendian` says nothing about bytes; of
    mono16 the upper byte is taken.

    :param message: with the fields of sensor_msgs/Image or sensor_msgs/CompressedImage.
    :param shrink: 2 or 4 decodes a compressed image at that part of its size.
    :raises ValueError: if the encoding is unknown or the sizes contradict each other.
    """
    if not hasattr(message, 'encoding'):
        return _decompress(message, shrink)
    entry = _ENCODINGS.get(message.encoding)
    if entry is None:
        raise ValueError(
            f'image encoding must be one of {sorted(NUM_CHANNELS)}, got {message.encoding!r}'
        )
    num_bytes, make_rgb = entry
    height, width, step = message.height, message.width, message.step
    used = width * num_bytes
    if not height or not width or step < used or len(message.data) < step * height:
        raise ValueError(
            f'{width}x{height} {message.encoding} image must have rows of at least {used} bytes '
            f'and {step * height} bytes in all, got step {step} and {len(message.data)} bytes'
        )
    rows = np.frombuffer(message.data, np.uint8, step * height).reshape(height, step)
    pixels = rows[:, :used].reshape(height, width, num_bytes)
    if message.encoding == 'mono16':
        pixels = pixels[:, :, :1] if message.is_bigendian else pixels[:, :, 1:]
    return np.ascontiguousarray(make_rgb(pixels))


def _decompress(message: Any, shrink: int) -> Pixels:
    """Return the RGB pixels of a JPEG or PNG."""
    import cv2

    if 'compresseddepth' in message.format.lower():
        raise ValueError(f'image must be in colour, got depth ({message.format!r})')
    data = np.frombuffer(message.data, np.uint8)
    pixels = cv2.imdecode(data, getattr(cv2, SHRINKS[shrink])) if len(data) else None
    if pixels is None:
        raise ValueError(
            f'compressed image must be JPEG or PNG, got {len(data)} bytes of '
            f'{message.format!r} that cannot be decoded'
        )
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)
