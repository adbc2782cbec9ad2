# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Serves the dashboard's page: its files, what is new as server-sent events, and the stop button.

Knows no ROS: it reads a board and calls a function. One thread a browser.
"""

import json
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lnn_control.nodes.live_board import LiveBoard
from lnn_control.nodes.page_access import REQUEST_HEADER, AccessError, PageAccess

_FOLDER = Path(__file__).parent / 'templates'
_FILES = {
    '/': ('dashboard.html', 'text/html'),
    '/dashboard.css': ('dashboard.css', 'text/css'),
    '/dashboard.js': ('dashboard.js', 'text/javascript'),
}
# Between two events to a browser [s].
_PERIOD = 0.1
# A browser that takes nothing for so long is gone [s].
_PATIENCE = 10.0
_MOST_WATCHERS = 16
# Nothing but what is served here, in no frame of another page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PageServer(ThreadingHTTPServer):
    """The page of a board, served by threads of its own from its making to :meth:`close`.

    :param press: presses the emergency stop, called from any thread; returns what the vehicle
        says to it and raises a TimeoutError if it says nothing.
    :raises ValueError: if the port cannot be opened.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, access: PageAccess, board: LiveBoard, press: Callable[[], str]) -> None:
        self.access, self.board, self.press = access, board, press
        self.closing = threading.Event()
        if ':' in access.address:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((access.address, access.port), _Handler)
        except OSError as error:
            raise ValueError(
                f'the page cannot be opened on port {access.port} of {access.address}: '
                f'{error.strerror or error}: choose another port or address'
            ) from error
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def server_bind(self) -> None:
        """Bind the port without asking a name server how this machine is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: object, client_address: object) -> None:
        """Report an error of a request, unless only the browser has gone."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """What opens the page in a browser."""
        return self.access.describe_url(self.server_port)

    def close(self) -> None:
        """Tell every browser nothing more."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request of a browser."""

    server: PageServer
    timeout = _PATIENCE
    server_version = 'lnn_control'
    sys_version = ''

    def do_GET(self) -> None:
        """Serve a file or the stream of events."""
        try:
            parts = urlsplit(self.path)
        except ValueError as error:
            self._say(HTTPStatus.BAD_REQUEST, error=f'{self.path} is no address: {error}')
            return
        if parts.path == '/' and self._take_token(parts.query):
            return
        if not self._is_allowed():
            return
        if parts.path == '/events':
            self._stream()
        elif parts.path in _FILES:
            name, kind = _FILES[parts.path]
            self._send(HTTPStatus.OK, f'{kind}; charset=utf-8', (_FOLDER / name).read_bytes())
        else:
            self._say(HTTPStatus.NOT_FOUND, error=f'there is no {parts.path} here')

    def do_POST(self) -> None:
        """Press the emergency stop."""
        if not self._is_allowed():
            return
        if REQUEST_HEADER not in self.headers:
            self._say(HTTPStatus.FORBIDDEN, error=f'the header {REQUEST_HEADER} is missing')
        elif self.path != '/emergency_stop':
            self._say(HTTPStatus.NOT_FOUND, error=f'there is no {self.path} here')
        else:
            self._press()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: a line a request would hide what the node says."""

    def _take_token(self, query: str) -> bool:
        """Turn the token of an address into a cookie, so that it does not stay in sight."""
        given = parse_qs(query).get('token', [''])[0]
        access = self.server.access
        if not access.token or not access.knows(given):
            return False
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header('Location', '/')
        self.send_header('Set-Cookie', access.make_cookie(self.server.server_port))
        self.send_header('Content-Length', '0')
        self.end_headers()
        return True

    def _is_allowed(self) -> bool:
        try:
            self.server.access.check(
                self.headers.get('Host', ''),
                self.headers.get('Cookie', ''),
                self.server.server_port,
            )
        except AccessError as error:
            self._say(HTTPStatus.FORBIDDEN, error=str(error))
            return False
        return True

    def _press(self) -> None:
        try:
            self._say(HTTPStatus.OK, state=self.server.press())
        except TimeoutError as error:
            self._say(HTTPStatus.GATEWAY_TIMEOUT, error=str(error))

    def _stream(self) -> None:
        """Tell what is new, and how old everything is, until the browser or the node ends."""
        board, closing = self.server.board, self.server.closing
        if board.num_watchers >= _MOST_WATCHERS:
            self._say(
                HTTPStatus.SERVICE_UNAVAILABLE, error=f'{_MOST_WATCHERS} browsers look already'
            )
            return
        self._begin(HTTPStatus.OK, 'text/event-stream')
        told: dict[str, int] = {}
        try:
            with board.watch():
                while not closing.is_set():
                    event, told = board.tell(told, time.monotonic())
                    self.wfile.write(f'data: {json.dumps(event, allow_nan=False)}\n\n'.encode())
                    closing.wait(_PERIOD)
        except (ConnectionError, TimeoutError):
            return  # the browser has gone

    def _say(self, status: HTTPStatus, **values: str) -> None:
        self._send(status, 'application/json', json.dumps(values).encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self._begin(status, kind, len(content))
        self.wfile.write(content)

    def _begin(self, status: HTTPStatus, kind: str, size: int | None = None) -> None:
        self.send_response(status)
        self.send_header('Content-Type', kind)
        if size is not None:
            self.send_header('Content-Length', str(size))
        self.send_header('Cache-Control', 'no-store')
        self.send_header('Content-Security-Policy', _POLICY)
        self.send_header('X-Content-Type-Options', 'nosniff')
        self.send_header('Referrer-Policy', 'no-referrer')
        self.end_headers()
