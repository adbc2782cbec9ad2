# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run for a README: what the camera saw, side by side, still and moving."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lnn_control.core.flight import FlightRecord
from lnn_control.reports import figures, onboard
from lnn_control.reports.run_folder import RecordedFlight, RecordedRun
from lnn_control.reports.style import DARK, OUTCOMES, use_style
from lnn_control.reports.video import VideoSettings, write_video

ANIMATION, VIDEO, HERO = 'demo.webp', 'demo.mp4', 'demo.png'

_GAP_PX = 4
_BACKGROUND = tuple(round(255 * share) for share in to_rgb(DARK['page']))


@dataclass(frozen=True)
class GallerySettings:
    """How the pictures are made.

    :param max_bytes: of the animation; a lower quality keeps it below.
    :param speed: playback, 2 is twice as fast as the flight.
    :param pause: how long the last picture stays [s], of playback.
    """

    max_bytes: int = 3_000_000
    speed: float = 2.0
    pause: float = 1.0


@dataclass(frozen=True)
class _Quality:
    """Of an animation: frames a second, scale of the camera's pixels, quality of WebP."""

    rate: float
    scale: int
    quality: int


# Best first. The first one that fits is taken.
_QUALITIES = (
    _Quality(10.0, 3, 70),
    _Quality(10.0, 3, 50),
    _Quality(8.0, 3, 40),
    _Quality(8.0, 2, 50),
    _Quality(6.0, 2, 40),
    _Quality(4.0, 2, 25),
    _Quality(2.0, 1, 20),
)


def write_gallery(
    run: RecordedRun, folder: Path, settings: GallerySettings | None = None
) -> tuple[Path, ...]:
    """Write animation, video and still picture of a run's flights and return their paths."""
    settings = settings or GallerySettings()
    folder.mkdir(parents=True, exist_ok=True)
    return (
        write_animation(run.flights, folder / ANIMATION, settings),
        write_grid_video(run.flights, folder / VIDEO, settings),
        write_hero(run.flights, folder / HERO),
    )


def write_animation(
    flights: Sequence[RecordedFlight], path: Path, settings: GallerySettings
) -> Path:
    """Write all flights side by side as an animation below the wanted size.

    WebP: every browser shows it like a GIF, at a tenth of the bytes and in all colours.
    """
    for quality in _QUALITIES:
        _save_animation(flights, path, settings, quality)
        if path.stat().st_size <= settings.max_bytes:
            break
    return path


def _save_animation(
    flights: Sequence[RecordedFlight], path: Path, settings: GallerySettings, quality: _Quality
) -> None:
    times = _choose_times(flights, settings.speed / quality.rate)
    frames = [Image.fromarray(_draw_grid(flights, time, quality.scale)) for time in times]
    period_ms = round(1000 / quality.rate)
    durations_ms = [period_ms] * (len(frames) - 1) + [round(settings.pause * 1000)]
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=durations_ms,
        loop=0,
        quality=quality.quality,
        method=4,
    )


def write_grid_video(
    flights: Sequence[RecordedFlight], path: Path, settings: GallerySettings
) -> Path:
    """Write all flights side by side as H.264."""
    period = 0.05
    times = _choose_times(flights, period)
    frames = [(time, _draw_grid(flights, time, scale=4)) for time in times]
    frames += [(times[-1] + settings.pause, frames[-1][1])]
    height, width = frames[0][1].shape[:2]
    write_video(path, frames, VideoSettings(width, height, quality=27, preset='medium'))
    return path


def _choose_times(flights: Sequence[RecordedFlight], period: float) -> list[float]:
    """Return flight times a period apart until the last flight is over [s]."""
    longest = max(flight.record.flight.duration for flight in flights)
    return [float(time) for time in np.arange(0.0, longest + period, period)]


def _draw_grid(flights: Sequence[RecordedFlight], time: float, scale: int) -> NDArray[np.uint8]:
    """Return what all cameras saw at a time, in a grid; who has landed keeps the last image."""
    tiles = [_draw_tile(flight, time, scale) for flight in flights]
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    height, width = tiles[0].shape[:2]
    full = (
        2 * math.ceil((rows * (height + _GAP_PX) - _GAP_PX) / 2),
        2 * math.ceil((columns * (width + _GAP_PX) - _GAP_PX) / 2),
    )
    grid = np.full((*full, 3), _BACKGROUND, dtype=np.uint8)
    for index, tile in enumerate(tiles):
        y, x = index // columns * (height + _GAP_PX), index % columns * (width + _GAP_PX)
        grid[y : y + height, x : x + width] = tile
    return grid


def _draw_tile(flight: RecordedFlight, time: float, scale: int) -> NDArray[np.uint8]:
    record = flight.record
    index = max(int(np.searchsorted(record.flight.image_times, time, side='right')) - 1, 0)
    frame = onboard.enlarge(record.flight.images[index], scale)
    is_over = time >= record.flight.duration
    return _draw_label(frame, flight, is_over)


def _draw_label(
    frame: NDArray[np.uint8], flight: RecordedFlight, is_over: bool
) -> NDArray[np.uint8]:
    """Return the frame with its scene in a corner, and what came of it once it is over."""
    height = frame.shape[0]
    text = flight.result.name
    if is_over:
        text += f'  ·  {OUTCOMES[flight.result.trial.outcome].label}'
    return onboard.draw_text(frame, text, round(height * 0.06), (0.04, 0.05))


def write_hero(flights: Sequence[RecordedFlight], path: Path) -> Path:
    """Write a still picture: each flight's view above its map."""
    chosen = flights[:4]
    width, margin = 1600, 16
    tile = (width - margin * (len(chosen) + 1)) // max(len(chosen), 1)
    view, map_height = round(tile * 9 / 16), round(tile / figures.MAP_RATIO)
    sheet = Image.new('RGB', (width, view + map_height + 3 * margin), _BACKGROUND)
    for column, flight in enumerate(chosen):
        x = margin + column * (tile + margin)
        sheet.paste(_round(_draw_view(flight, tile, view)), (x, margin))
        sheet.paste(_round(draw_map_image(flight.record, tile)), (x, 2 * margin + view))
    sheet.save(path, optimize=True)
    return path


def _draw_view(flight: RecordedFlight, width: int, height: int) -> Image.Image:
    images = flight.record.flight.images
    larger = Image.fromarray(images[len(images) // 3]).resize(
        (width, height), Image.Resampling.LANCZOS
    )
    return Image.fromarray(_draw_label(np.asarray(larger), flight, is_over=True))


def _round(image: Image.Image, radius: int = 12) -> Image.Image:
    """Return an image with rounded corners on the sheet's background."""
    big = Image.new('L', (image.width * 2, image.height * 2), 0)
    ImageDraw.Draw(big).rounded_rectangle(
        (0, 0, big.width - 1, big.height - 1), radius * 2, fill=255
    )
    mask = big.resize(image.size, Image.Resampling.LANCZOS)
    return Image.composite(image, Image.new('RGB', image.size, _BACKGROUND), mask)


def draw_map_image(record: FlightRecord, width_px: int) -> Image.Image:
    """Return the map of a flight in the colours of a dark page."""
    height_px = round(width_px / figures.MAP_RATIO)
    # Drawn in the size of the page's map, for the same weights, then scaled to the wanted one.
    inches = 4.6
    figure = Figure(figsize=(inches, inches / figures.MAP_RATIO), dpi=2 * width_px / inches)
    with use_style():
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        extent = figures.choose_extent(record.flight, record.site)
        figures.draw_flight(axes, record, extent, DARK)
    figure.set_facecolor(DARK['panel'])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return Image.fromarray(np.ascontiguousarray(pixels)).resize(
        (width_px, height_px), Image.Resampling.LANCZOS
    )
