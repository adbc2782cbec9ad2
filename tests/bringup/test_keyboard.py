# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The keys of a terminal as a joystick."""

import os
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from lnn_control.bringup.keyboard import KeyStick
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.teleoperation import Sticks, read_sticks


class Heard:
    """What is published."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def publish(self, message: Any) -> None:
        self.messages.append(message)

    def read(self) -> list[VelocityCommand | None]:
        return [read_sticks(m.axes, m.buttons, Sticks()) for m in self.messages]


def test_keys_are_told_while_they_are_held_and_once_more_after() -> None:
    reader, writer = os.pipe()
    heard = Heard()
    stick = KeyStick(heard, reader)
    stick.step()
    assert heard.messages == []
    os.write(writer, b'wa')
    stick.step()
    os.write(writer, b' ')
    stick.step()
    stick.step()
    assert heard.read() == [VelocityCommand(vx=1.0, yaw_rate=0.8), None]
    os.write(writer, b'w')
    deadline = time.monotonic() + 5.0
    stick.step()
    while heard.read()[-1] is not None:
        assert time.monotonic() < deadline
        stick.step()
    for descriptor in (reader, writer):
        os.close(descriptor)
