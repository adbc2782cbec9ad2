# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard is never open by accident."""

import pytest

from lnn_control.cli.dashboard import Dashboard
from lnn_control.nodes.page_access import AccessError, PageAccess, is_local, make_access

TOKEN = 'abcdefgh-ijklmnop_1'


def test_this_machine_alone_is_the_default() -> None:
    assert PageAccess().is_local
    assert is_local(Dashboard().address)
    assert PageAccess().describe_url(8321) == 'http://127.0.0.1:8321/'


@pytest.mark.parametrize('address', ['127.0.0.1', '127.0.0.53', '::1', 'localhost'])
def test_loopback_needs_no_token(address: str) -> None:
    assert make_access(address, 0, '').token == ''


@pytest.mark.parametrize('address', ['0.0.0.0', '::', '192.168.1.10', 'fe80::1'])
def test_every_other_address_has_a_token_of_its_own(address: str) -> None:
    with pytest.raises(ValueError, match='the page must have a token, got none'):
        PageAccess(address)
    tokens = {make_access(address, 0, '').token for _ in range(5)}
    assert len(tokens) == 5
    assert min(map(len, tokens)) >= 24
    assert make_access(address, 0, TOKEN).token == TOKEN


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'address': 'my-robot'}, "address must be an IP address .*, got 'my-robot'"),
        ({'port': 70000}, 'port must be 0 to 65535, got 70000'),
        ({'token': 'short'}, 'token must be 16 or more letters'),
        ({'token': 'with spaces; and others'}, 'token must be 16 or more letters'),
    ],
)
def test_impossible_choices_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dashboard(**values)  # type: ignore[arg-type]


def test_address_is_answered_by_its_own_names_alone() -> None:
    access = PageAccess()
    for host in ('127.0.0.1:8321', 'localhost:9000', '[::1]:8321', 'localhost'):
        access.check(host, '', 8321)
    # A name of somebody else's that he lets lead to the loopback.
    for host in ('evil.example:8321', '', '127.0.0.1.evil.example'):
        with pytest.raises(AccessError, match='host must be one of'):
            access.check(host, '', 8321)


def test_token_comes_back_as_the_cookie_of_this_port() -> None:
    access = PageAccess('192.168.1.10', 8321, TOKEN)
    cookie = access.make_cookie(8321)
    assert 'HttpOnly; SameSite=Strict' in cookie
    access.check('192.168.1.10:8321', cookie.partition(';')[0], 8321)
    for wrong in (
        '',
        f'lnn_control_8322={TOKEN}',
        'lnn_control_8321=x',
        'a;;=',
        'lnn_control_8321',
    ):
        with pytest.raises(AccessError, match='with its token'):
            access.check('192.168.1.10:8321', wrong, 8321)
