# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

av = pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')

from lnn_control.core.flight import FlightRecord, compress_view, pack_views  # noqa: E402
from lnn_control.reports.onboard import (  # noqa: E402
    OverlaySettings,
    draw_overlay,
    enlarge,
    render_frames,
)
from lnn_control.reports.video import VideoSettings, write_video  # noqa: E402

SIZE = (96, 160)


def make_frames(times: NDArray[np.float64]) -> list[tuple[float, NDArray[np.uint8]]]:
    """Return grey frames that brighten from one to the next."""
    return [
        (float(time), np.full((*SIZE, 3), 20 + 10 * index, dtype=np.uint8))
        for index, time in enumerate(times)
    ]


def test_video_plays_in_browsers(tmp_path: Path) -> None:
    path = tmp_path / 'a.mp4'
    times = 3.0 + np.array([0.0, 0.05, 0.10, 0.25, 0.30])  # one frame missed
    assert write_video(path, make_frames(times), VideoSettings(SIZE[1], SIZE[0])) == 5
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == 'h264'
        assert stream.codec_context.pix_fmt == 'yuv420p'
        assert (stream.width, stream.height) == (160, 96)
        frames = list(container.decode(stream))
    assert len(frames) == 5
    np.testing.assert_allclose([frame.time for frame in frames], times - 3.0, atol=0.002)
    levels = [frame.to_ndarray(format='rgb24').mean() for frame in frames]
    np.testing.assert_allclose(levels, [20, 30, 40, 50, 60], atol=3)
    data = path.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat'), 'the index must come first'
    assert not list(tmp_path.glob('*.part'))


def test_video_needs_a_frame(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'at least one frame, a\.mp4 got none'):
        write_video(tmp_path / 'a.mp4', [], VideoSettings(160, 96))
    assert not list(tmp_path.iterdir())


def test_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match='even width and height, got 161x96'):
        VideoSettings(161, 96)


def test_every_image_becomes_a_frame(record: FlightRecord) -> None:
    frames = list(render_frames(record))
    assert [time for time, _ in frames] == pytest.approx(record.flight.image_times.tolist())
    assert {frame.shape for _, frame in frames} == {(360, 640, 3)}


def test_what_counted_is_lit_in_a_corner(record: FlightRecord) -> None:
    saliency = np.zeros((len(record.flight.images), 72, 128), np.uint8)
    saliency[:, :, 64:] = 255
    lit = replace(record, flight=replace(record.flight, saliency=saliency))
    for (_, plain), (_, frame) in zip(render_frames(record), render_frames(lit), strict=True):
        height, width = frame.shape[:2]
        changed = np.argwhere((frame != plain).any(axis=2))
        (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
        assert top > 0.02 * height and bottom < 0.5 * height
        assert left > 0.5 * width and right < 0.99 * width
        middle = (left + right) // 2
        corner = frame[top : bottom + 1].astype(int).mean(axis=(0, 2))
        assert corner[middle + 10 : right - 5].min() > corner[left + 5 : middle - 10].max()


def test_overlay_shows_where_the_command_points() -> None:
    black = np.zeros((360, 640, 3), dtype=np.uint8)
    settings = OverlaySettings(speed=2.0)

    def find_dot(command: list[float]) -> tuple[float, float]:
        frame = draw_overlay(black, np.array(command), '', settings).astype(int)
        rows, columns = np.nonzero(frame[..., 0] - frame[..., 2] > 120)
        return float(columns.mean()), float(rows.mean())

    x, y = find_dot([0.0, 0.0, 0.0, 0.0])
    assert find_dot([2.0, 0.0, 0.0, 0.0])[1] < y - 5, 'forward is up'
    assert find_dot([0.0, 2.0, 0.0, 0.0])[0] < x - 5, 'left is left'
    assert not black.any(), 'the frame given stays as it was'


def test_enlarged_image_keeps_its_colours() -> None:
    pixels = np.zeros((72, 128, 3), dtype=np.uint8)
    pixels[:, 64:] = (200, 30, 10)
    larger = enlarge(pixels, 5)
    assert larger.shape == (360, 640, 3)
    assert larger[100, 600].tolist() == [200, 30, 10]
    assert larger[100, 20].tolist() == [0, 0, 0]


def test_larger_view_is_shown_with_the_image_itself_in_the_corner(record: FlightRecord) -> None:
    count = len(record.flight.images)
    green = np.full((144, 256, 3), (10, 200, 10), np.uint8)
    views, ends = pack_views([compress_view(green)] * count)
    grey = np.full_like(record.flight.images, 128)
    flight = replace(record.flight, images=grey, views=views, view_ends=ends)
    _, frame = next(iter(render_frames(replace(record, flight=flight))))
    assert frame.shape == (360, 640, 3)
    np.testing.assert_allclose(frame[180, 320], (10, 200, 10), atol=6)
    np.testing.assert_allclose(frame[60, 540], 128, atol=2)
    # Where none was drawn, the image itself fills the frame.
    _, frame = next(
        iter(render_frames(replace(record, flight=replace(record.flight, images=grey))))
    )
    np.testing.assert_allclose(frame[180, 320], 128, atol=2)
