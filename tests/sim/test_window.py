# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import sim  # noqa: F401
from sim.window import Window, has_display
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SIZE = (400, 600)
FLIGHT = """
import os, select, sys, time
import gymnasium
import numpy as np
import sim
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.window import Window

window = Window('green', 20.0)
window.show(np.full((18, 32, 3), (10, 200, 30), np.uint8))
start = time.monotonic()
for _ in range(10):
    window.show(np.full((18, 32, 3), (10, 200, 30), np.uint8))
print(time.monotonic() - start)
sys.stdout.flush()
# A window that comes late on a busy machine is drawn with the next image.
while True:
    window.show(np.full((18, 32, 3), (10, 200, 30), np.uint8))
    if select.select([sys.stdin], [], [], 0.0)[0]:
        window.close()
        window.close()
        if b'go on' in os.read(0, 1000):
            break
        window = Window('green', 20.0)
settings = SimulationSettings(camera=PinholeCamera(32, 18), camera_rate=10.0)
env = gymnasium.make('lnn_control/FlyToTarget-v0', settings=settings, render_mode='human')
assert env.metadata['render_modes'] == ['rgb_array', 'human']
env.reset(seed=0)
start = time.monotonic()
for _ in range(10):
    env.step(np.zeros(4, np.float32))
print(time.monotonic() - start)
assert env.render() is None
env.close()
"""


@pytest.fixture
def display(tmp_path) -> Iterator[tuple[str, Path]]:
    """Return the name of a display in memory and the file that holds its picture."""
    if shutil.which('Xvfb') is None:
        pytest.skip('needs a display in memory: apt install xvfb')
    reader, writer = os.pipe()
    screen = ['-screen', '0', f'{SIZE[1]}x{SIZE[0]}x24', '-fbdir', str(tmp_path)]
    server = subprocess.Popen(
        ['Xvfb', '-displayfd', str(writer), *screen], pass_fds=[writer], stderr=subprocess.DEVNULL
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    yield f':{number}', tmp_path / 'Xvfb_screen0'
    server.terminate()
    server.wait(timeout=60)


def read_screen(path: Path) -> np.ndarray:
    """Return the picture of an X window dump, RGB, shape (height, width, 3)."""
    content = path.read_bytes()
    pixels = np.frombuffer(content[-SIZE[0] * SIZE[1] * 4 :], np.uint8)
    return pixels.reshape(*SIZE, 4)[:, :, 2::-1]


def count_pixels(path: Path, colour: tuple[int, int, int]) -> int:
    """Return how many pixels of a screen have a colour."""
    return int((read_screen(path) == colour).all(axis=-1).sum())


def test_images_are_seen_at_their_rate(display):
    name, path = display
    environment = os.environ | {'DISPLAY': name}
    with subprocess.Popen(
        [sys.executable, '-c', FLIGHT],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = process.stdout.readline()
        # What was drawn reaches the screen a little later. Where no window manager brings it up,
        # Qt misses it now and then that a window is there, and paints nothing: try another one.
        deadline = time.monotonic() + PATIENCE
        seen = 0
        for number in itertools.count(1):
            time.sleep(0.05)
            seen = count_pixels(path, (10, 200, 30))
            if seen > 50_000 or time.monotonic() > deadline:
                break
            if number % 60 == 0:
                process.stdin.write('another ')
                process.stdin.flush()
        rest, errors = process.communicate('go on\n', timeout=600)
    assert process.returncode == 0, errors
    # 10 images: half a second at 20 Hz, one second at 10 Hz, less what came before the clock.
    durations = [float(line) for line in (first, *rest.splitlines())]
    assert durations[0] >= 0.45
    assert durations[1] >= 0.95
    # The window is far larger than the image of 18 times 32 pixels.
    assert seen > 50_000


@pytest.mark.parametrize('is_announced', [False, True])
def test_without_a_display_there_is_one_line_and_nothing_crashes(monkeypatch, is_announced):
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    monkeypatch.delenv('DISPLAY', raising=False)
    if is_announced:
        monkeypatch.setenv('DISPLAY', ':987')
    assert has_display() == is_announced
    reason = r'could not connect to display :987' if is_announced else 'DISPLAY is not set'
    with pytest.raises(OSError, match=f'no display .*{reason}.*render_mode') as caught:
        Window('flight', 20.0)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(OSError, match='there is no display to open a window on'):
        gymnasium.make('lnn_control/FlyToTarget-v0', render_mode='human')
