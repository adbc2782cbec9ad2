# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""When a process ends: on a signal, in order; with its parent, whatever happened to that."""

import ctypes
import os
import signal
import sys
from typing import Any

PARENT_VARIABLE = 'LNN_CONTROL_PARENT'
"""Environment variable with the process id whose end ends this process."""

_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent named in the environment ends, even by SIGKILL.

    Does nothing where the variable is not set or the kernel is not Linux.
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent or sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have ended before the kernel was asked.
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def ignore_signals() -> None:
    """Let no further request to end interrupt the end."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class StopRequest:
    """Remembers that a signal asked the process to end.

    rclpy's own handlers shut the context down at once, so that a last command is lost.

    :param grace: whole seconds after which the kernel ends a process that has not; 0 for never.
    """

    def __init__(self, grace: int = 0) -> None:
        self.is_set = False
        self._grace = grace
        for number in _STOP_SIGNALS:
            signal.signal(number, self._set)

    def _set(self, number: int, frame: Any) -> None:
        if not self.is_set and self._grace:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(self._grace)
        self.is_set = True
