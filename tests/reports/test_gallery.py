# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')

from PIL import Image

from lnn_control.reports.gallery import GallerySettings, write_gallery
from lnn_control.reports.run_folder import RecordedRun


def test_gallery_moves_and_stays_small(run: RecordedRun, tmp_path: Path) -> None:
    folder = tmp_path / 'docs' / 'images'
    animation, video, hero = write_gallery(run, folder, GallerySettings(max_bytes=150_000))
    assert animation.stat().st_size <= 150_000
    with Image.open(animation) as moving:
        assert moving.n_frames >= 3
        width, height = moving.size
        assert width > 2 * height, 'two views side by side'
    assert b'moov' in video.read_bytes()
    with Image.open(hero) as still:
        assert still.width == 1600
    assert sorted(path.name for path in folder.iterdir()) == ['demo.mp4', 'demo.png', 'demo.webp']
