# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A window that shows images at the speed at which they were taken."""

import os
import subprocess
import sys
import time
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.release import release_with

_WIDTH_PX = 640


class Window:
    """Opens with the first image, closes when it is closed or dropped.

    :param title: what stands above it. :param rate: images a second [Hz].
    :raises OSError: if there is no display.
    """

    def __init__(self, title: str, rate: float) -> None:
        _check_display()
        self._title, self._period = title, 1.0 / rate
        # OpenCV knows windows by name: two of the same title are two.
        self._name = f'{title} {id(self)}'
        self._is_open = False
        self._due = 0.0

    def show(self, image: NDArray[np.uint8]) -> int:
        """Show an RGB image, shape (height, width, 3), until the next one is due.

        :return: the code of a key that was pressed meanwhile, 255 if none.
        """
        if not self._is_open:
            self._open(*image.shape[:2])
        cv2.imshow(self._name, image[:, :, ::-1])
        # A late image is not made up for by showing the next ones too fast.
        self._due = max(self._due + self._period, time.monotonic())
        return cv2.waitKey(max(1, round((self._due - time.monotonic()) * 1000))) & 0xFF

    def _open(self, height_px: int, width_px: int) -> None:
        cv2.namedWindow(self._name, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        cv2.setWindowTitle(self._name, self._title)
        cv2.resizeWindow(self._name, _WIDTH_PX, round(_WIDTH_PX * height_px / width_px))
        self._release = release_with(self, partial(cv2.destroyWindow, self._name))
        self._is_open = True
        self._due = time.monotonic()

    def close(self) -> None:
        """Close the window. Closing twice is allowed."""
        if self._is_open:
            self._is_open = False
            self._release()


def has_display() -> bool:
    """Return whether a display is announced; whether it opens shows with the first window."""
    names = ('DISPLAY', 'WAYLAND_DISPLAY')
    return not sys.platform.startswith('linux') or any(os.environ.get(name) for name in names)


def _check_display() -> None:
    """Open a window in another process: without a display OpenCV ends the one it is in.

    :raises OSError: if that fails.
    """
    cure = "start where there is one, or choose render_mode 'rgb_array'"
    if not has_display():
        raise OSError(f'there is no display to open a window on, DISPLAY is not set: {cure}')
    program = 'import cv2; cv2.namedWindow("lnn_control")'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ['no reason given']
        reason = lines[-1] if lines[0].startswith('Traceback') else lines[0]
        raise OSError(f'there is no display to open a window on ({reason.strip()}): {cure}')
