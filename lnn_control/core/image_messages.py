# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of a sensor_msgs/Image or CompressedImage, whichever library has read the message.

OpenCV is imported by what needs it: a vehicle whose camera gives rgb8 does without.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core import jpeg

Pixels = NDArray[np.uint8]

SHRINKS = {1: 'IMREAD_COLOR', 2: 'IMREAD_REDUCED_COLOR_2', 4: 'IMREAD_REDUCED_COLOR_4'}
"""How much smaller a JPEG can be decoded, in less time -> OpenCV's name for that."""


def load_opencv() -> Any:
    """Return OpenCV.

    :raises ValueError: if it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise ValueError(
            'images that are compressed, of a colour filter, YUV or a lens that bends lines need '
            'OpenCV, which is missing: pip install opencv-python-headless, or let the camera give '
            'rgb8 that is rectified'
        ) from error
    return cv2


def _keep(pixels: Pixels) -> Pixels:
    return pixels[:, :, :3]


def _swap(pixels: Pixels) -> Pixels:
    return pixels[:, :, 2::-1]


def _repeat(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[:, :, :1], 3, axis=2)


def _convert(code: str) -> Callable[[Pixels], Pixels]:
    """Return what converts pixels by the OpenCV code of a name."""

    def convert(pixels: Pixels) -> Pixels:
        cv2 = load_opencv()
        try:
            converted = cv2.cvtColor(pixels, getattr(cv2, code))
        except cv2.error as error:
            height, width = pixels.shape[:2]
            words = f'an image of {width}x{height} cannot be converted: {error}'
            raise ValueError(words) from error
        return np.asarray(converted, dtype=np.uint8)

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
    'yuv422': (2, _convert('COLOR_YUV2RGB_UYVY')),
    'uyvy': (2, _convert('COLOR_YUV2RGB_UYVY')),
    'yuv422_yuy2': (2, _convert('COLOR_YUV2RGB_YUYV')),
    'yuyv': (2, _convert('COLOR_YUV2RGB_YUYV')),
    'bayer_rggb8': (1, _convert('COLOR_BayerRGGB2RGB')),
    'bayer_bggr8': (1, _convert('COLOR_BayerBGGR2RGB')),
    'bayer_gbrg8': (1, _convert('COLOR_BayerGBRG2RGB')),
    'bayer_grbg8': (1, _convert('COLOR_BayerGRBG2RGB')),
}

# Of sixteen bits a sample, by the same names; 16UC1 is depth, whatever is called so.
_WIDE = '16'
_ENCODINGS |= {
    f'{name.removesuffix("8")}{_WIDE}': (2 * num_bytes, make_rgb)
    for name, (num_bytes, make_rgb) in _ENCODINGS.items()
    if name.startswith(('rgb', 'bgr', 'mono', 'bayer'))
}

# Two pixels share their colour, and a colour filter needs a pixel between two others.
_SHARES_COLOUR, _HAS_FILTER, _LEAST_FILTERED = ('yuv', 'uyvy', 'yuyv'), 'bayer', 3

NUM_CHANNELS = {name: count for name, (count, _) in _ENCODINGS.items()}
"""Image encodings that are understood -> bytes a pixel."""


def read_pixels(message: Any, shrink: int = 1) -> Pixels:
    """Return RGB pixels of shape (height, width, 3), without copying where the encoding allows.

    Rows may be longer than their pixels (`step`). `is_bigendian` says nothing about bytes; of
    sixteen bits the upper ones are taken.

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
    _check_size(message.encoding, width, height)
    used = width * num_bytes
    if step < used or len(message.data) < step * height:
        raise ValueError(
            f'{width}x{height} {message.encoding} image must have rows of at least {used} bytes '
            f'and {step * height} bytes in all, got step {step} and {len(message.data)} bytes'
        )
    rows = np.frombuffer(message.data, np.uint8, step * height).reshape(height, step)
    samples = rows[:, :used]
    if message.encoding.endswith(_WIDE):
        samples = samples[:, 0::2] if message.is_bigendian else samples[:, 1::2]
    pixels = samples.reshape(height, width, -1)
    return np.ascontiguousarray(make_rgb(pixels))


def _check_size(encoding: str, width: int, height: int) -> None:
    """Check that an image can have a size.

    :raises ValueError: if it cannot.
    """
    if not width or not height:
        raise ValueError(f'the image is empty: it has {width}x{height} pixels')
    if encoding.startswith(_SHARES_COLOUR) and width % 2:
        raise ValueError(
            f'{encoding} image must have an even width, as two pixels share their colour, got '
            f'{width}x{height}'
        )
    if encoding.startswith(_HAS_FILTER) and min(width, height) < _LEAST_FILTERED:
        raise ValueError(
            f'{encoding} image must have at least {_LEAST_FILTERED}x{_LEAST_FILTERED} pixels, as '
            f'neighbours give each other their colours, got {width}x{height}'
        )


def name_encoding(message: Any) -> str:
    """Return the encoding that a message names; empty where a compressed one names none.

    image_transport writes that of the camera first: 'mono8; jpeg compressed mono8'. Other drivers
    say 'jpeg' alone.
    """
    if hasattr(message, 'encoding'):
        return str(message.encoding)
    first, separator, _ = str(message.format).partition(';')
    return first.strip() if separator else ''


def _decompress(message: Any, shrink: int) -> Pixels:
    """Return the RGB pixels of a JPEG or PNG."""
    cv2 = load_opencv()
    if 'compresseddepth' in message.format.lower():
        raise ValueError(f'image must be in colour, got depth ({message.format!r})')
    flag = getattr(cv2, SHRINKS[shrink])

    def decode(data: bytes) -> Any:
        try:
            return cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
        except cv2.error:  # of a size that no picture has
            return None

    data = bytes(message.data)
    is_jpeg = data.startswith(jpeg.BEGIN)
    # Older releases of OpenCV take a JPEG without an end.
    pixels = None if is_jpeg and jpeg.END not in data else decode(data)
    if pixels is None:
        raise ValueError(
            f'compressed image must be JPEG or PNG, got {len(data)} bytes of '
            f'{message.format!r} that cannot be decoded'
        )
    if is_jpeg and not jpeg.is_whole(data, pixels, decode):
        raise ValueError(
            f'JPEG must have data for its whole picture, got {len(data)} bytes of '
            f'{message.format!r} that are damaged'
        )
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)
