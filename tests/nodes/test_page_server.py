# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's server, asked over HTTP."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from lnn_control.nodes.live_board import LiveBoard
from lnn_control.nodes.page_access import REQUEST_HEADER, PageAccess
from lnn_control.nodes.page_server import PageServer
from tests.patience import PATIENCE

TOKEN = 'abcdefgh-ijklmnop_1'
OPENED = {REQUEST_HEADER: '1'}
PATHS = [('GET', '/'), ('GET', '/events'), ('GET', '/dashboard.js'), ('POST', '/emergency_stop')]
Serve = Callable[..., PageServer]


class Vehicle:
    """Counts how often it is told to stop."""

    def __init__(self) -> None:
        self.num_presses = 0
        self.is_deaf = False

    def press(self) -> str:
        self.num_presses += 1
        if self.is_deaf:
            raise TimeoutError('safety_node does not answer')
        return 'emergency stop'


@pytest.fixture
def vehicle() -> Vehicle:
    return Vehicle()


@pytest.fixture
def serve(vehicle: Vehicle) -> Iterator[Serve]:
    servers: list[PageServer] = []

    def make(address: str = '127.0.0.1', token: str = '') -> PageServer:
        board = LiveBoard(lambda: None)
        servers.append(PageServer(PageAccess(address, 0, token), board, vehicle.press))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def ask(
    server: PageServer, method: str, path: str, headers: dict[str, str] | None = None
) -> HTTPResponse:
    connection = HTTPConnection('127.0.0.1', server.server_port, timeout=PATIENCE)
    connection.request(method, path, headers=headers or {})
    return connection.getresponse()


def test_page_loads_nothing_from_elsewhere_and_stands_in_no_other(serve: Serve) -> None:
    server = serve()
    answer = ask(server, 'GET', '/')
    assert answer.status == 200
    assert 'EMERGENCY STOP' in answer.read().decode()
    policy = answer.headers['Content-Security-Policy']
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert ask(server, 'GET', '/../page_server.py').status == 404


def test_address_that_is_none_is_a_bad_request(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    for path in ('http://[x', 'http://a]/', 'ftp://[/'):
        with socket.create_connection(('127.0.0.1', server.server_port), PATIENCE) as line:
            line.sendall(f'GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
            answer = line.makefile('rb').read().decode()
        assert answer.startswith('HTTP/1.0 400 ')
        assert f'{path} is no address: ' in answer
    assert ask(server, 'GET', '/').status == 200
    assert 'Traceback' not in capfd.readouterr().err


def test_loopback_means_one_address_of_this_machine(serve: Serve) -> None:
    server = serve()
    socket.create_connection(('127.0.0.1', server.server_port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.2', server.server_port))


@pytest.mark.parametrize(('method', 'path'), PATHS)
def test_other_address_answers_nothing_without_the_token(
    serve: Serve, vehicle: Vehicle, method: str, path: str
) -> None:
    server = serve('0.0.0.0', TOKEN)
    for extra in ({}, {'Cookie': f'lnn_control_{server.server_port}={TOKEN}x'}):
        answer = ask(server, method, path, {**OPENED, **extra})
        assert answer.status == 403
        assert 'with its token' in json.loads(answer.read())['error']
    assert ask(server, method, f'{path}?token=wrong', OPENED).status == 403
    assert vehicle.num_presses == 0


def test_token_of_the_printed_address_opens_everything(serve: Serve, vehicle: Vehicle) -> None:
    server = serve('0.0.0.0', TOKEN)
    assert server.url.endswith(f':{server.server_port}/?token={TOKEN}')
    answer = ask(server, 'GET', f'/?token={TOKEN}')
    assert (answer.status, answer.headers['Location']) == (303, '/')
    cookie = {'Cookie': answer.headers['Set-Cookie'].partition(';')[0]}
    assert ask(server, 'GET', '/', cookie).status == 200
    assert ask(server, 'POST', '/emergency_stop', {**OPENED, **cookie}).status == 200
    assert vehicle.num_presses == 1


@pytest.mark.parametrize(('method', 'path'), PATHS)
def test_name_of_somebody_else_for_the_loopback_is_refused(
    serve: Serve, vehicle: Vehicle, method: str, path: str
) -> None:
    assert ask(serve(), method, path, {**OPENED, 'Host': 'evil.example'}).status == 403
    assert vehicle.num_presses == 0


def test_stop_is_pressed_by_the_page_alone_and_its_answer_comes_back(
    serve: Serve, vehicle: Vehicle
) -> None:
    server = serve()
    # What a form of another page could send.
    assert ask(server, 'POST', '/emergency_stop').status == 403
    assert vehicle.num_presses == 0
    answer = ask(server, 'POST', '/emergency_stop', OPENED)
    assert (answer.status, json.loads(answer.read())) == (200, {'state': 'emergency stop'})
    vehicle.is_deaf = True
    answer = ask(server, 'POST', '/emergency_stop', OPENED)
    assert answer.status == 504
    assert json.loads(answer.read()) == {'error': 'safety_node does not answer'}


def test_events_tell_what_is_new_and_end_with_the_browser(serve: Serve) -> None:
    server = serve()
    server.board.put('raw', [1.0, None, 0.0, 0.0], time.monotonic())
    answer = ask(server, 'GET', '/events')
    assert answer.headers['Content-Type'] == 'text/event-stream'

    def read_event() -> dict[str, object]:
        event = json.loads(answer.readline().removeprefix(b'data: '))
        assert answer.readline() == b'\n'
        return dict(event)

    assert read_event()['values'] == {'raw': [1.0, None, 0.0, 0.0]}
    assert read_event()['values'] == {}
    assert server.board.num_watchers == 1
    answer.close()
    deadline = time.monotonic() + PATIENCE
    while server.board.num_watchers:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_port_that_is_taken_is_one_line_that_names_it(serve: Serve) -> None:
    port = serve().server_port
    access = PageAccess('127.0.0.1', port)
    with pytest.raises(ValueError, match=f'cannot be opened on port {port} of 127.0.0.1: Address'):
        PageServer(access, LiveBoard(lambda: None), str)
