# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A MAVLink connection that outlives a cable that is pulled out or a peer that starts anew."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any


class MavlinkLink:
    """A connection of pymavlink, opened again after it has broken.

    :param connect: opens one. What it raises for the first is raised.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._opened: SimpleQueue[Any] = SimpleQueue()
        self._is_opening = False
        self._connection: Any = None
        self.problem = ''
        self._take_up(connect())

    def receive(self) -> list[Any]:
        """Return the messages that have come, none while the connection is broken."""
        messages = []
        try:
            while self._connection is not None:
                message = self._connection.recv_match(blocking=False)
                if message is None:
                    break
                messages.append(message)
        except OSError as error:
            self._lose(str(error))
        return messages

    def send(self, name: str, *values: Any) -> None:
        """Send a message, unless the connection is broken.

        :param name: such as heartbeat. :param values: of its fields, in MAVLink's order.
        """
        if self._connection is None:
            return
        try:
            getattr(self._connection.mav, f'{name}_send')(*values)
        except OSError as error:
            self._lose(str(error))
        # A serial device that cannot be written to raises nothing.
        if getattr(self._connection, 'portdead', False):
            self._lose('nothing can be written to it')

    def mend(self) -> None:
        """Take up a connection that has been opened, or begin to open one if it is broken.

        Opening may take minutes, where a computer does not answer: it happens aside.
        """
        if self._connection is not None:
            return
        if not self._opened.empty():
            self._is_opening = False
            opened = self._opened.get()
            if not isinstance(opened, Exception):
                self._take_up(opened)
                return
        if not self._is_opening:
            self._is_opening = True
            Thread(target=self._open, daemon=True).start()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> None:
        try:
            self._opened.put(self._connect())
        except Exception as error:
            self._opened.put(error)

    def _take_up(self, connection: Any) -> None:
        self._connection, self.problem = connection, ''
        # pymavlink prints, at each reading, that a peer of TCP has gone, and raises nothing.
        for name in ('handle_eof', 'handle_disconnect'):
            if hasattr(connection, name):
                setattr(connection, name, lambda: self._lose('the other end has closed it'))

    def _lose(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self.problem = None, reason
