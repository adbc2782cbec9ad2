# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window, driven over the pipe of the Chrome DevTools protocol."""

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE

PROGRAMS = (
    'chromium-headless-shell',
    'chrome-headless-shell',
    'chromium',
    'chromium-browser',
    'google-chrome',
)
# Where the browser reads commands and writes answers.
_COMMANDS, _ANSWERS = 3, 4


def find_browser() -> str:
    """Return the browser; skip the test without one, fail it where everything must be there."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path is not None:
            return path
    reason = f'needs one of {", ".join(PROGRAMS)}: sudo apt install chromium'
    if os.environ.get('LNN_CONTROL_CI', '') not in ('', '0'):
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """One page in a browser of its own.

    :param folder: for what the browser writes.
    """

    def __init__(self, folder: Path, width: int = 1280, height: int = 1000) -> None:
        command = [
            find_browser(),
            '--headless',
            '--remote-debugging-pipe',
            '--no-sandbox',  # as root and in containers; it opens our own page alone
            '--disable-gpu',
            '--disable-dev-shm-usage',
            f'--window-size={width},{height}',
            f'--user-data-dir={folder / "browser"}',
            'about:blank',
        ]
        theirs_in, self._commands = _make_pipe()
        self._answers, theirs_out = _make_pipe()

        def place() -> None:
            os.dup2(theirs_in, _COMMANDS)
            os.dup2(theirs_out, _ANSWERS)

        self._process = subprocess.Popen(
            command,
            pass_fds=(_COMMANDS, _ANSWERS),
            preexec_fn=place,
            stdout=subprocess.DEVNULL,
            stderr=(folder / 'browser.log').open('w'),
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._received = b''
        self._session = ''
        target = self._wait_for_page()
        attached = self.call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = attached['sessionId']
        self.call('Page.enable')

    def close(self) -> None:
        """End the browser with all its processes."""
        os.close(self._commands)
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        finally:
            self._process.kill()
            os.close(self._answers)

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the answer of the browser to a command of the protocol."""
        number = next(self._numbers)
        command = {'id': number, 'method': method, 'params': parameters}
        if self._session:
            command['sessionId'] = self._session
        os.write(self._commands, json.dumps(command).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == number:
                assert 'error' not in answer, f'{method}: {answer["error"]}'
                return answer['result']

    def open(self, url: str) -> None:
        self.call('Page.navigate', url=url)
        self.wait_until(lambda: self.run('document.readyState') == 'complete')

    def run(self, script: str) -> Any:
        """Return what a JavaScript expression comes to."""
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True)
        assert 'exceptionDetails' not in answer, f'{script}: {answer["exceptionDetails"]}'
        return answer['result'].get('value')

    def read(self, selector: str) -> str:
        """Return the text that a person sees in an element; empty where there is none."""
        return str(self.run(f'document.querySelector({json.dumps(selector)})?.innerText ?? ""'))

    def click(self, selector: str) -> None:
        """Click into the middle of an element with the mouse."""
        box = self.run(
            f'(() => {{ const e = document.querySelector({json.dumps(selector)}); '
            'e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); '
            'return [r.x + r.width / 2, r.y + r.height / 2]; })()'
        )
        for kind in ('mousePressed', 'mouseReleased'):
            self.call(
                'Input.dispatchMouseEvent',
                type=kind,
                x=box[0],
                y=box[1],
                button='left',
                clickCount=1,
            )

    def press(self, key: str, code: str, number: int) -> None:
        """Press a key and let it go.

        :param code: of the place on the keyboard. :param number: Windows virtual key code.
        """
        for kind in ('rawKeyDown', 'keyUp'):
            self.call(
                'Input.dispatchKeyEvent',
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=number,
            )

    def take_picture(self, path: Path) -> None:
        """Write what a person sees as a PNG file."""
        data = self.call('Page.captureScreenshot', format='png')['data']
        path.write_bytes(base64.b64decode(data))

    def wait_until(
        self, condition: Callable[[], Any], doing: Callable[[], None] | None = None
    ) -> None:
        """Wait, and do something over and over, until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f'waited in vain: {self.read("body")}'
            if doing is not None:
                doing()
            else:
                time.sleep(0.05)

    def _wait_for_page(self) -> str:
        found: list[str] = []

        def look() -> bool:
            targets = self.call('Target.getTargets')['targetInfos']
            found[:] = [target['targetId'] for target in targets if target['type'] == 'page']
            return bool(found)

        deadline = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < deadline, 'the browser has no page'
            time.sleep(0.05)
        return found[0]

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b'\0' not in self._received:
            ready, _, _ = select.select([self._answers], [], [], 1.0)
            assert time.monotonic() < deadline, 'the browser says nothing'
            if ready:
                data = os.read(self._answers, 1 << 20)
                assert data, f'the browser has ended ({self._process.poll()})'
                self._received += data
        message, _, self._received = self._received.partition(b'\0')
        decoded: dict[str, Any] = json.loads(message)
        return decoded


def _make_pipe() -> tuple[int, int]:
    """Return the ends of a pipe, numbered so that they are neither of the browser's two."""
    moved = []
    for end in os.pipe():
        moved.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return moved[0], moved[1]
