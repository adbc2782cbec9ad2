# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The page that shows why a policy does what it does: attention, forgetting, and lesions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from lnn_control.core.circuit import NeuronGroup
from lnn_control.core.messages import COMMAND_AXES
from lnn_control.core.whole_file import write_whole
from lnn_control.reports.html import embed_image, open_template, read_part
from lnn_control.reports.onboard import enlarge, light_saliency
from lnn_control.reports.style import NEURONS, POSITIVE, colour, to_svg, use_style

PAGE = 'explain.html'
_WIDTH_IN = 10.4
# Above it all are shown alike [share of what is usual].
_MOST_CHANGE = 2.0
_LINES = ('#f97316', '#3b9ede', '#8b5cf6', '#10b981', '#e11d63')
_FADE = LinearSegmentedColormap.from_list('lesion', [(0.976, 0.451, 0.086, a) for a in (0, 1)])


@dataclass(frozen=True, eq=False)
class Look:
    """An image and what the policy looks at in it, without noise and with it.

    :param time: since the flight began [s]. :param clean: uint8 RGB. :param noisy: likewise.
    :param clean_saliency: 0 to 1, shape (height, width). :param noisy_saliency: likewise.
    """

    time: float
    clean: NDArray[np.uint8]
    noisy: NDArray[np.uint8]
    clean_saliency: NDArray[np.float32]
    noisy_saliency: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Inside:
    """What was found inside a policy.

    :param lead: what was flown, in a sentence. :param groups: of the policy's neurons.
    :param looks: some images of the flights. :param look_deviation: of their noise, of 255.
    :param deviations: of noise, of 255.
    :param stability: name of a policy -> structural similarity of its attention with noise and
        without, shape (deviations, images).
    :param times: of the first flight's images [s], shape (n,).
    :param time_constants: of every neuron then [s], shape (n, neurons), or empty.
    :param changes: of each command when a neuron falls silent, as a share of how much that
        command usually varies, shape (neurons, 4), or empty.
    """

    title: str
    lead: str
    groups: tuple[NeuronGroup, ...]
    looks: tuple[Look, ...]
    look_deviation: float
    deviations: tuple[float, ...]
    stability: Mapping[str, NDArray[np.float64]]
    times: NDArray[np.float64]
    time_constants: NDArray[np.float32]
    changes: NDArray[np.float64]


def write_page(folder: Path, inside: Inside) -> Path:
    """Write explain.html into a folder and return its path; it opens without a network."""
    names = list(inside.stability)
    text = open_template('explain.html.j2').render(
        inside=inside,
        css=read_part('report.css'),
        looks=[_show(look) for look in inside.looks],
        policies=list(zip(names, _LINES, strict=False)),
        neurons=[(group.name, NEURONS.get(group.name, POSITIVE)) for group in inside.groups],
        stability=draw_stability(inside.deviations, inside.stability) if names else '',
        time_constants=draw_time_constants(inside.times, inside.time_constants, inside.groups)
        if inside.time_constants.size
        else '',
        lesions=draw_lesions(inside.changes, inside.groups) if inside.changes.size else '',
    )
    path = folder / PAGE
    with write_whole(path) as stream:
        stream.write(text.encode())
    return path


def draw_stability(
    deviations: Sequence[float], stability: Mapping[str, NDArray[np.float64]]
) -> str:
    """Draw similarity over noise: of every policy the median of all images, and the quartiles."""
    with use_style():
        figure = Figure(figsize=(_WIDTH_IN, 2.5), layout='constrained')
        axes = figure.add_subplot()
        for (_, values), line in zip(stability.items(), _LINES, strict=False):
            low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=1)
            axes.fill_between(deviations, low, high, color=line, alpha=0.18, lw=0)
            axes.plot(deviations, middle, 'o-', color=line, ms=4)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, max(deviations) * 1.03)
        axes.set_xticks(deviations, [f'{value:g}' for value in deviations])
        axes.set_xlabel('standard deviation of the noise, of 255')
        axes.set_ylabel('structural similarity')
        return to_svg(figure)


def draw_time_constants(
    times: NDArray[np.float64],
    time_constants: NDArray[np.float32],
    groups: Sequence[NeuronGroup],
) -> str:
    """Draw how slowly neurons forget: of each kind the median, and where four of five lie."""
    with use_style():
        figure = Figure(figsize=(_WIDTH_IN, 2.5), layout='constrained')
        axes = figure.add_subplot()
        for group in groups:
            values = time_constants[:, group.start : group.stop]
            low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), axis=1)
            line = NEURONS.get(group.name, POSITIVE)
            axes.fill_between(times, low, high, color=line, alpha=0.16, lw=0)
            axes.plot(times, middle, color=line)
        axes.set_yscale('log')
        axes.yaxis.set_major_formatter(lambda value, _: f'{value:g}')
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(times[0], times[-1])
        axes.set_xlabel('time [s]')
        axes.set_ylabel('time constant [s]')
        return to_svg(figure)


def draw_lesions(changes: NDArray[np.float64], groups: Sequence[NeuronGroup]) -> str:
    """Draw how far each command moves when a neuron falls silent: a column a neuron."""
    with use_style():
        figure = Figure(figsize=(_WIDTH_IN, 1.9), layout='constrained')
        axes = figure.add_subplot()
        # As signals travel: the circuit counts its motor neurons first.
        order = [k for group in groups for k in range(group.start, group.stop)]
        edges = np.arange(len(order) + 1)
        most = float(np.clip(changes.max(), 1e-6, _MOST_CHANGE))
        mesh = axes.pcolormesh(
            edges, np.arange(5), changes[order].T, cmap=_FADE, vmin=0, vmax=most
        )
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.set_yticks(np.arange(4) + 0.5, COMMAND_AXES)
        _mark_groups(axes, groups)
        extend = 'max' if changes.max() > most else 'neither'
        bar = figure.colorbar(mesh, ax=axes, pad=0.01, aspect=10, extend=extend)
        bar.outline.set_visible(False)  # type: ignore[operator]
        bar.ax.yaxis.set_major_formatter(lambda share, _: f'{share:.0%}')
        return to_svg(figure)


def _mark_groups(axes: Axes, groups: Sequence[NeuronGroup]) -> None:
    """Write the kinds of neurons below their columns, and part them by lines."""
    numbers = [k for group in groups for k in range(group.start, group.stop)]
    axes.set_xticks(np.arange(len(numbers)) + 0.5, [f'{k}' for k in numbers], fontsize=7)
    start = 0
    for group in groups:
        stop = start + group.stop - group.start
        line = NEURONS.get(group.name, POSITIVE)
        axes.text((start + stop) / 2, 4.6, group.name, ha='center', va='top', color=line)
        if start:
            axes.axvline(start, color=colour('muted'), lw=0.8)
        start = stop


def _show(look: Look) -> tuple[str, list[str]]:
    """Return when an image was taken, and its pictures: clean, lit, noisy, lit."""
    pictures = []
    for pixels, saliency in (
        (look.clean, look.clean_saliency),
        (look.noisy, look.noisy_saliency),
    ):
        pictures.append(embed_image(enlarge(pixels, 2)))
        lit = light_saliency(pixels, np.rint(255 * saliency).astype(np.uint8))
        size = (2 * pixels.shape[1], 2 * pixels.shape[0])
        larger = cv2.resize(lit, size, interpolation=cv2.INTER_CUBIC)
        pictures.append(embed_image(np.asarray(larger, np.uint8)))
    return f'{look.time:.1f} s', pictures
