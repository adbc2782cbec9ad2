# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A page of recorded episodes: what the camera saw, what was commanded, and what a policy says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lnn_control.core.whole_file import write_whole
from lnn_control.reports.figures import Chart, colour_activity, draw_chart
from lnn_control.reports.html import embed_image, open_template, read_part
from lnn_control.reports.style import NEGATIVE, POSITIVE, colour
from lnn_control.reports.video import VideoSettings, write_video

VIDEOS = 'videos'

_ROLES = ('forward', 'left', 'up', 'yaw')
_NUM_THUMBNAILS = 6
# Small images are shown larger, by whole pixels.
_LEAST_WIDTH_PX = 384


@dataclass(frozen=True, eq=False)
class EpisodeRecord:
    """One episode to show.

    :param stamps: of the images, from 0 [s], shape (n,).
    :param read_images: returns an iterator over its images, each time it is called.
    :param commands: what was recorded: vx, vy, vz, yaw rate, shape (n, 4).
    :param answers: what a policy commands instead, shape (n, 4), None where none was asked.
    :param neurons: its activity, shape (n, m).
    :param saliency: number of an image -> how much each of its pixels counted to the policy, 0 to
        1, shape (height, width).
    :param facts: name -> value, in words. :param notes: what is to be said of it.
    """

    name: str
    stamps: NDArray[np.float64]
    read_images: Callable[[], Iterator[NDArray[np.uint8]]]
    commands: NDArray[np.float32]
    answers: NDArray[np.float32] | None = None
    neurons: NDArray[np.float32] | None = None
    saliency: tuple[tuple[int, NDArray[np.float32]], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heading:
    """What stands above the episodes.

    :param figures: name, value and unit of each number. :param notes: what is to be said.
    """

    title: str
    lead: str
    figures: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _View:
    """An episode as the template shows it."""

    anchor: str
    name: str
    video: str
    poster: str
    thumbnails: tuple[str, ...]
    heat: tuple[str, ...]
    commands: Chart
    neurons: Chart | None
    has_answers: bool
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def write_page(
    folder: Path,
    name: str,
    heading: Heading,
    episodes: Iterable[EpisodeRecord],
    note: Callable[[], None] | None = None,
) -> Path:
    """Write a page of episodes with its videos into a folder and return the page's path.

    :param name: of the page, without its suffix. :param note: called after every episode.
    """
    views = []
    for number, episode in enumerate(episodes, start=1):
        views.append(_draw(folder, number, episode))
        if note is not None:
            note()
    text = open_template('episodes.html.j2').render(
        heading=heading,
        episodes=views,
        positive=POSITIVE,
        negative=NEGATIVE,
        css=read_part('report.css'),
    )
    path = folder / f'{name}.html'
    with write_whole(path) as stream:
        stream.write(text.encode())
    return path


def _draw(folder: Path, number: int, episode: EpisodeRecord) -> _View:
    """Draw everything of an episode; its video is a file beside the page."""
    anchor = f'episode-{number}'
    count = len(episode.stamps)
    chosen = set(np.linspace(0, count - 1, min(_NUM_THUMBNAILS, count)).astype(int).tolist())
    wanted = chosen | {place for place, _ in episode.saliency}
    kept: dict[int, NDArray[np.uint8]] = {}

    def watch() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        images = zip(episode.stamps.tolist(), episode.read_images(), strict=True)
        for place, (stamp, pixels) in enumerate(images):
            if place in wanted:
                kept[place] = pixels
            yield stamp, enlarge(pixels)

    frames = watch()
    first = next(frames)
    height, width = first[1].shape[:2]

    def rest() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        yield first
        yield from frames

    video = folder / VIDEOS / f'{anchor}.mp4'
    video.parent.mkdir(parents=True, exist_ok=True)
    write_video(video, rest(), VideoSettings(width, height))
    return _View(
        anchor=anchor,
        name=episode.name,
        video=f'{VIDEOS}/{video.name}',
        poster=embed_image(enlarge(kept[min(chosen)])),
        thumbnails=tuple(embed_image(kept[place]) for place in sorted(chosen)),
        heat=tuple(embed_image(enlarge(tint(kept[p], share))) for p, share in episode.saliency),
        commands=draw_commands(episode),
        neurons=_draw_neurons(episode),
        has_answers=episode.answers is not None,
        facts=episode.facts,
        notes=episode.notes,
    )


def enlarge(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image at least so wide that one sees something, of even width and height."""
    height, width = pixels.shape[:2]
    factor = -(-_LEAST_WIDTH_PX // width) if width < _LEAST_WIDTH_PX else 1
    size = factor * width // 2 * 2, factor * height // 2 * 2
    if size == (width, height):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def tint(pixels: NDArray[np.uint8], saliency: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return an image with what counts in orange, the rest in grey.

    :param saliency: how much each pixel counts, 0 to 1, shape (height, width).
    """
    # The eye takes the root for linear: most counts little.
    heat = np.sqrt(saliency)[..., None]
    grey = pixels.mean(axis=2, keepdims=True)
    orange = np.array([249.0, 115.0, 22.0])
    return np.asarray((1 - 0.7 * heat) * grey + 0.7 * heat * orange, dtype=np.uint8)


def draw_commands(episode: EpisodeRecord) -> Chart:
    """Draw velocities, and below them the yaw rate: recorded thin, a policy's answer thick."""
    times = episode.stamps

    def draw(panels: Sequence[Axes]) -> None:
        for rows, width in ((episode.commands, 0.9), (episode.answers, 1.8)):
            if rows is None:
                continue
            # Alone the recorded ones are what one looks at.
            width = 1.6 if episode.answers is None else width
            for column, role in enumerate(_ROLES):
                panel = panels[1 if column == 3 else 0]
                alpha = 0.55 if width < 1.0 else 1.0
                line: dict[str, Any] = {'color': colour(role), 'lw': width, 'alpha': alpha}
                panel.plot(times, rows[:, column], drawstyle='steps-post', **line)
        panels[0].set_ylabel('m/s')
        panels[1].set_ylabel('rad/s')
        for axes in panels:
            axes.axhline(0.0, color=colour('muted'), lw=0.7, zorder=1)

    return draw_chart(float(times[-1]), draw, heights=(2.0, 1.0), height_in=2.5)


def _draw_neurons(episode: EpisodeRecord) -> Chart | None:
    activity = episode.neurons
    if activity is None or activity.size == 0:
        return None

    def draw(panels: Sequence[Axes]) -> None:
        axes = panels[0]
        axes.grid(False)
        extent = (0.0, max(float(episode.stamps[-1]), 1e-3), activity.shape[1], 0.0)
        picture = colour_activity(activity.T)
        axes.imshow(picture, extent=extent, aspect='auto', interpolation='nearest')
        axes.set_yticks([])

    height_in = 0.5 + min(0.08 * activity.shape[1], 4.0)
    return draw_chart(float(episode.stamps[-1]), draw, heights=(1.0,), height_in=height_in)
