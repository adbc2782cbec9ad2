# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Images of one size kept in a file without a name, which is gone when the process is."""

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class ImageSpool:
    """Images by their number, in the order they came.

    :param folder: on the disk that has room for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stream = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self.shape: tuple[int, ...] = ()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, pixels: NDArray[np.uint8]) -> int:
        """Keep an image and return its number.

        :raises ValueError: if it has another size than those before.
        :raises OSError: if the disk is full; it names the folder.
        """
        self.shape = self.shape or pixels.shape
        if pixels.shape != self.shape:
            raise ValueError(f'must be of one size, got {pixels.shape} after {self.shape}')
        # To the kernel at once: what waits in a buffer would fail later, without a name.
        view = np.ascontiguousarray(pixels).data.cast('B')
        offset = self._count * len(view)
        try:
            while view:
                written = os.pwrite(self._stream.fileno(), view, offset)
                view, offset = view[written:], offset + written
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._folder)) from error
        self._count += 1
        return self._count - 1

    def read(self, number: int) -> NDArray[np.uint8]:
        """Return an image."""
        size = int(np.prod(self.shape))
        data = os.pread(self._stream.fileno(), size, number * size)
        return np.frombuffer(data, np.uint8).reshape(self.shape)

    def close(self) -> None:
        """Give the room back."""
        self._stream.close()
