# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control sim` shows flights and worlds, and says where."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.cli import sim as verb
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.tasks.fly_to_target import FlyToTarget


@pytest.fixture(autouse=True)
def without_display(monkeypatch):
    monkeypatch.setattr(verb, 'has_display', lambda: False)


def test_view_writes_a_video_where_there_is_no_display(tmp_path, monkeypatch, capsys):
    av = pytest.importorskip('av', reason='needs the extra report')
    monkeypatch.chdir(tmp_path)
    words = ['--season', 'winter', '--first-seed', '7', '--duration', '0.2', '--size', '64x36']
    assert cli.main(['sim', 'view', *words, '--renderer', 'tiny', '--policy', 'hover']) == 0
    output = capsys.readouterr().out
    assert 'forest winter, seed 7, hover: stopped after 0.2 s (renderer tiny, 64x36)' in output
    path = Path(re.search(r'video: (.+) \((\d+) frames\)', output)[1])
    assert path == tmp_path / 'runs/view/fly_to_target_forest_winter_7.mp4'
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format='rgb24') for frame in video.decode(video=0)]
    assert len(frames) == 5
    assert frames[0].shape == (36, 64, 3)
    assert frames[0].std() > 15


def test_view_without_av_writes_frames_into_the_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(verb, 'has_video', lambda: False)
    words = ['--duration', '0.1', '--size', '64x36', '--renderer', 'tiny', '--first-seed', '1']
    assert cli.main(['sim', 'view', *words, '--output', str(tmp_path / 'frames')]) == 0
    assert '(3 pictures)' in capsys.readouterr().out
    pictures = sorted((tmp_path / 'frames' / 'fly_to_target_forest_summer_1').iterdir())
    assert [path.name for path in pictures] == ['00001.png', '00002.png', '00003.png']
    assert cv2.imread(str(pictures[0])).shape == (36, 64, 3)


def test_view_without_av_goes_to_a_folder(monkeypatch):
    assert (
        verb.name_output(verb.View(first_seed=3), FlyToTarget()).name
        == 'fly_to_target_forest_summer_3.mp4'
    )
    monkeypatch.setattr(verb, 'has_video', lambda: False)
    assert verb.name_output(verb.View(first_seed=3), FlyToTarget()) == Path(
        'runs/view/fly_to_target_forest_summer_3'
    )


def test_window_shows_every_frame_until_a_key_is_pressed(monkeypatch):
    class Screen:
        def __init__(self) -> None:
            self.shown, self.keys, self.is_open = [], iter([255, 255, ord('q')]), True

        def show(self, image) -> int:
            self.shown.append(image[0, 0].tolist())
            return next(self.keys)

        def close(self) -> None:
            self.is_open = False

    screen = Screen()
    frames = ((0.05 * i, np.full((4, 4, 3), (i, 0, 9), np.uint8)) for i in range(10))
    assert verb.play(frames, screen) == 'window: closed'
    assert screen.shown == [[0, 0, 9], [1, 0, 9], [2, 0, 9]]
    assert not screen.is_open


def test_display_that_does_not_open_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(verb, 'has_display', lambda: True)
    monkeypatch.setenv('DISPLAY', ':987')
    assert cli.main(['sim', 'view', '--renderer', 'tiny', '--policy', 'hover']) == 1
    error = capsys.readouterr().err
    assert 'there is no display to open a window on' in error
    assert error.count('\n') == 1


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (
            ['--world', 'moon'],
            "'urban', 'varied_forest'] or module:Name, got 'moon'",
        ),
        (['--season', 'spring'], "got 'spring'"),
        (['--size', 'large'], "size must be WIDTHxHEIGHT in pixels, such as 640x360, got 'large'"),
        (['--size', '641x360'], 'size must be even both ways'),
        (
            ['--renderer', 'big'],
            "must be one of ['gl', 'none', 'tiny'] or module:Name, got 'big'",
        ),
        (['--policy', 'no_such_policy'], 'no_such_policy'),
        (['--first-seed', '-1'], 'first_seed must be'),
    ],
)
def test_view_answers_a_mistake_with_one_line(words, message, capsys):
    assert cli.main(['sim', 'view', *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_view_with_an_egl_that_does_not_open_says_what_to_install(monkeypatch, capsys):
    pytest.importorskip('moderngl', reason='needs the extra gl')
    monkeypatch.setenv('GLCONTEXT_LINUX_LIBEGL', 'no_such_library.so')
    assert cli.main(['sim', 'view', '--renderer', 'gl']) == 1
    error = capsys.readouterr().err
    assert 'apt install libegl1 libgl1-mesa-dri' in error
    assert error.count('\n') == 1


def test_gallery_holds_all_worlds_in_all_seasons_and_all_targets(tmp_path, monkeypatch, capsys):
    pytest.importorskip('jinja2', reason='needs the extra report')
    from sim import worlds
    from sim.tasks import FlyToTarget
    from sim.worlds.targets import TARGETS

    monkeypatch.setattr(worlds, 'SEASONS', {'winter': worlds.SEASONS['winter']})
    words = ['--output', str(tmp_path), '--first-seed', '1', '--episodes', '1', '--size', '64x36']
    assert cli.main(['sim', 'gallery', *words]) == 0
    assert str(tmp_path / 'worlds.html') in capsys.readouterr().out.replace('\n', '')
    page = (tmp_path / 'worlds.html').read_text()
    places = FlyToTarget.worlds
    count = 2 * len(worlds.WORLDS) + len(places) * len(TARGETS)
    assert page.count('src="data:image/jpeg;base64,') == count
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert all(f'<h2>{name.capitalize()} winter</h2>' in page for name in worlds.WORLDS)
    sheet = cv2.imread(str(tmp_path / 'worlds.png'))
    assert all(f'<h2>Targets {name}</h2>' in page for name in places)
    assert all(f'<figcaption>{kind}</figcaption>' in page for kind in TARGETS)
    assert sheet.shape[1] == len(TARGETS) * 208
    assert sheet.std() > 30


@pytest.mark.parametrize('world', ['road', 'tests.sim.worlds.test_own_world:build_hall'])
def test_gallery_draws_every_world_from_two_places(world):
    renderer = make_renderer('tiny', PinholeCamera(32, 18))
    start, further = (one.pixels for one in verb.draw_pictures(renderer, world, 'summer', 1))
    renderer.close()
    assert start.shape == further.shape == (18, 32, 3)
    assert (start != further).any()
