# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One look for all figures: sizes, and colours that follow the page from light to dark.

Figures are drawn in stand-in colours. In the SVG these become variables of the page's style
sheet, so one drawing serves both.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

ROLES = (
    'ink',
    'muted',
    'line',
    'solid',
    'solid-edge',
    'good',
    'bad',
    'warn',
    'forward',
    'left',
    'up',
    'yaw',
    'target',
    'series-a',
    'series-b',
    'series-c',
    'series-d',
    'series-e',
    'series-f',
)
"""What a colour is for; the style sheet of the page has one for each, on light and on dark."""

SERIES = tuple(name for name in ROLES if name.startswith('series-'))
"""Roles of what is drawn side by side, such as policies; the seventh looks like the first."""

STAND_INS = {name: f'#0102{index + 16:02x}' for index, name in enumerate(ROLES)}
"""Role -> the colour that stands for it in an SVG of the page."""

DARK = {
    'page': '#0d0f12',
    'panel': '#15181d',
    'ink': '#eceef1',
    'muted': '#929cab',
    'solid': '#38443c',
    'solid-edge': '#53655a',
    'bad': '#f87171',
    'target': '#f87171',
}
"""Role -> its colour in pictures apart from the page."""

SPEED = LinearSegmentedColormap.from_list(
    'speed', ['#4361ee', '#7b3fe4', '#c026d3', '#f0426b', '#fb8b24']
)
"""Colours of slow to fast, strong on light and on dark."""

NEURONS = {'inter': '#3b9ede', 'command': '#c95fa0', 'motor': '#e08e0b'}
"""Kind of neuron -> its colour, near those of Okabe and Ito, which all readers tell apart."""

POSITIVE, NEGATIVE = '#f97316', '#3b82f6'
"""Activity above and below zero; none is transparent."""


@dataclass(frozen=True)
class Outcome:
    """How an outcome is called, and its tone: good, bad or warn."""

    label: str
    tone: str


OUTCOMES = {
    'success': Outcome('Target reached', 'good'),
    'collision': Outcome('Collision', 'bad'),
    'out_of_area': Outcome('Left the area', 'bad'),
    'time_limit': Outcome('Out of time', 'warn'),
}
"""Outcome of a trial -> what a reader sees."""


def colour(role: str) -> str:
    """Return the stand-in for a colour of the page.

    :raises KeyError: if there is no such role.
    """
    return STAND_INS[role]


def describe_speed_gradient() -> str:
    """Return the colours of :data:`SPEED` as a CSS gradient."""
    stops = ', '.join(to_hex(SPEED(step / 6)) for step in range(7))
    return f'linear-gradient(90deg, {stops})'


@contextmanager
def use_style() -> Iterator[None]:
    """Draw with the house style inside this context; nothing outside of it changes."""
    settings: dict[Any, Any] = {
        'font.size': 9.5,
        'font.family': 'DejaVu Sans',
        'axes.edgecolor': colour('line'),
        'axes.labelcolor': colour('muted'),
        'axes.linewidth': 0.8,
        'axes.spines.top': False,
        'axes.spines.right': False,
        'axes.spines.left': False,
        'axes.grid': True,
        'axes.grid.axis': 'y',
        'axes.axisbelow': True,
        'axes.facecolor': 'none',
        'figure.facecolor': 'none',
        'grid.color': colour('line'),
        'grid.linewidth': 0.8,
        'lines.linewidth': 1.4,
        'lines.solid_capstyle': 'round',
        'text.color': colour('ink'),
        'xtick.color': colour('muted'),
        'ytick.color': colour('muted'),
        'xtick.major.size': 0,
        'ytick.major.size': 0,
        'svg.fonttype': 'none',
        'svg.hashsalt': 'lnn_control',
        'path.simplify_threshold': 0.3,
    }
    with mpl.rc_context(settings):
        yield


def to_svg(figure: Figure) -> str:
    """Return a figure as an <svg> element in the colours and the font of the page."""
    stream = io.StringIO()
    figure.savefig(stream, format='svg', metadata={'Date': None, 'Creator': None})
    text = stream.getvalue()
    svg = text[text.index('<svg') :]
    for name, stand_in in STAND_INS.items():
        svg = svg.replace(stand_in, f'var(--{name})')
    # `font: 8.5px 'DejaVu Sans'` in a style attribute: keep the size, take the page's font.
    svg = re.sub(r'font: ([\d.]+px) [^;\"]+', r'font-size: \1', svg)
    # Neither a link nor a name space may point outside of the page.
    svg = re.sub(r'<metadata>.*?</metadata>', '', svg, flags=re.DOTALL)
    svg = svg.replace(' xmlns="http://www.w3.org/2000/svg"', '').replace(
        ' xmlns:xlink="http://www.w3.org/1999/xlink"', ''
    )
    svg = svg.replace('xlink:href', 'href')
    return re.sub(r'<svg ([^>]*?)(width|height)="[\d.]+pt" ', r'<svg \1', svg)
