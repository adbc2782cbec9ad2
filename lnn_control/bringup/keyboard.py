# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The keys of the terminal that bringup runs in, as a joystick of their own.

Nodes are processes without a terminal, so the one that has it reads the keys for them.
"""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sensor_msgs.msg import Joy

from lnn_control.core.teleoperation import Keyboard, Sticks

HELP = 'keys: w s forward back, a d turn, q e left right, r f up down; any other lets go'


class KeyStick:
    """Publishes what is held on the keyboard while anything is, and once when nothing is.

    :param publisher: of sensor_msgs/Joy. :param descriptor: of the terminal, opened for reading.
    """

    def __init__(self, publisher: Any, descriptor: int) -> None:
        self._publisher, self._descriptor = publisher, descriptor
        self._keyboard = Keyboard()
        self._was_held = False

    def step(self) -> None:
        """Take note of the keys pressed since the last time, and tell."""
        now = time.monotonic()
        while select.select([self._descriptor], [], [], 0.0)[0]:
            data = os.read(self._descriptor, 64)
            if not data:
                break
            for key in data.decode(errors='replace'):
                self._keyboard = self._keyboard.press(key.lower(), now)
        axes, buttons = self._keyboard.read(now, Sticks())
        is_held = any(buttons)
        if is_held or self._was_held:
            message = Joy(axes=[float(value) for value in axes])
            message.buttons = [int(value) for value in buttons]
            self._publisher.publish(message)
        self._was_held = is_held


@contextmanager
def listen_to_keys() -> Iterator[int | None]:
    """Give the terminal, key by key; None where there is none."""
    if not sys.stdin.isatty():
        yield None
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # Keys come at once and are not shown; Ctrl-C stays what it is.
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
