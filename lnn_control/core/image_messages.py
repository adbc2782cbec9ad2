# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of a sensor_msgs/Image, whichever library has read the message."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NUM_CHANNELS = {'rgb8': 3, 'bgr8': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1}
"""Image encodings that are understood -> bytes a pixel."""


def read_pixels(message: Any) -> NDArray[np.uint8]:
    """Return RGB pixels of shape (height, width, 3), without copying where the encoding allows.

    `is_bigendian` says nothing about bytes. Rows may be longer than their pixels (`step`).

    :param message: with the fields of sensor_msgs/Image.
    :raises ValueError: if the encoding is unknown or the sizes contradict each other.
    """
    num_channels = NUM_CHANNELS.get(message.encoding)
    if num_channels is None:
        raise ValueError(
            f'image encoding must be one of {sorted(NUM_CHANNELS)}, got {message.encoding!r}'
        )
    height, width, step = message.height, message.width, message.step
    used = width * num_channels
    if not height or not width or step < used or len(message.data) < step * height:
        raise ValueError(
            f'{width}x{height} {message.encoding} image must have rows of at least {used} bytes '
            f'and {step * height} bytes in all, got step {step} and {len(message.data)} bytes'
        )
    rows = np.frombuffer(message.data, np.uint8, step * height).reshape(height, step)
    pixels = rows[:, :used].reshape(height, width, num_channels)
    if num_channels == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    elif message.encoding.startswith('bgr'):
        pixels = pixels[:, :, 2::-1]
    return np.ascontiguousarray(pixels[:, :, :3])
