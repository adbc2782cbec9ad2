# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Who may see the dashboard and press its button: this machine, or whoever has the token."""

import hmac
import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

LOOPBACK = '127.0.0.1'
TOKEN_VARIABLE = 'LNN_CONTROL_TOKEN'
"""Environment variable with the token. No parameter: those are read by all of the ROS graph."""

REQUEST_HEADER = 'X-Lnn-Control'
"""Header of what changes something: no page of somebody else can make a browser send it here."""

_TOKEN = re.compile(r'[A-Za-z0-9_-]{16,}')


class AccessError(Exception):
    """Somebody may not do what he asks for; the message says what it takes."""


@dataclass(frozen=True)
class PageAccess:
    """Where the page is and what it takes to open it.

    :param address: of an interface of this machine, or localhost.
    :param port: 0 for any that is free.
    :param token: whoever opens the page must know it; empty where nobody need.
    :raises ValueError: if the address is no address, or one of the network without a token.
    """

    address: str = LOOPBACK
    port: int = 8321
    token: str = ''

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f'port must be 0 to 65535, got {self.port}')
        if self.token and not _TOKEN.fullmatch(self.token):
            raise ValueError('token must be 16 or more letters, digits, - or _, got another one')
        if not self.is_local and not self.token:
            raise ValueError(f'on {self.address} the page must have a token, got none')

    @property
    def is_local(self) -> bool:
        """Whether this machine alone can reach the address."""
        return is_local(self.address)

    @property
    def host(self) -> str:
        """The address as it stands in a URL."""
        if not self.is_local and ipaddress.ip_address(self.address).is_unspecified:
            return socket.gethostname()
        return f'[{self.address}]' if ':' in self.address else self.address

    def describe_url(self, port: int) -> str:
        """Return what opens the page in a browser.

        :param port: that it got.
        """
        key = f'?token={self.token}' if self.token else ''
        return f'http://{self.host}:{port}/{key}'

    def knows(self, token: str) -> bool:
        """Return whether a token is the right one."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def check(self, host: str, cookie: str, port: int) -> None:
        """Check that a request may be answered.

        :param host: that it asks. :param cookie: that it brings. :param port: that the page got.
        :raises AccessError: if it may not.
        """
        # A name of somebody else's that leads to the loopback (DNS rebinding) is not ours.
        names = {'localhost', LOOPBACK, '[::1]', self.host}
        name = re.sub(r':\d+$', '', host)
        if self.is_local and name not in names:
            raise AccessError(f'host must be one of {sorted(names)}, got {name!r}')
        if self.token and not self.knows(_read_cookie(cookie, port)):
            raise AccessError('open the address that the dashboard has printed, with its token')

    def make_cookie(self, port: int) -> str:
        """Return the header that lets a browser remember the token until it is closed."""
        return f'{_name_cookie(port)}={self.token}; HttpOnly; SameSite=Strict; Path=/'


def make_access(address: str, port: int, token: str) -> PageAccess:
    """Return the access to a page; with a new token where one is needed and none given."""
    if not token and not is_local(address):
        token = secrets.token_urlsafe(18)
    return PageAccess(address, port, token)


def is_local(address: str) -> bool:
    """Return whether an address is one that this machine alone can reach.

    :raises ValueError: if it is none.
    """
    if address == 'localhost':
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError as error:
        raise ValueError(
            'address must be an IP address of this machine such as 127.0.0.1 or 192.168.1.10, or '
            f'localhost, got {address!r}'
        ) from error


def _name_cookie(port: int) -> str:
    # Cookies of one machine are shared between its ports.
    return f'lnn_control_{port}'


def _read_cookie(text: str, port: int) -> str:
    try:
        morsel = SimpleCookie(text).get(_name_cookie(port))
    except CookieError:
        return ''
    return morsel.value if morsel is not None else ''
