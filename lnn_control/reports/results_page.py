# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One page about many evaluations, which opens without a network, and the same as Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lnn_control.core.whole_file import write_whole
from lnn_control.reports import style
from lnn_control.reports.html import open_template, read_part
from lnn_control.reports.page import choose_quality
from lnn_control.reports.result_cards import draw_card
from lnn_control.reports.result_figures import choose_colours, draw_bars, draw_curves, draw_fan
from lnn_control.reports.result_views import (
    SuiteView,
    describe_key_figures,
    describe_sources,
    describe_title,
    list_bars,
    list_panels,
    view_suite,
)
from lnn_control.reports.results import Results, Suite

PAGE, MARKDOWN = 'results.html', 'results.md'
MAX_ROWS = 24
"""Rows of a table that is shown unfolded."""
MAX_FANS = 24
"""Rows of a suite whose paths are drawn; more would be a page of their own."""


@dataclass(frozen=True)
class Fan:
    """All paths of a row in one drawing."""

    name: str
    policy: str
    role: str
    score: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A suite as the template shows it. :param chart: bars or curves; empty without any."""

    view: SuiteView
    chart: str
    is_curves: bool
    fans: tuple[Fan, ...]

    @property
    def num_columns(self) -> int:
        """How many drawings of paths stand side by side: the policies of a row, if they fit."""
        count = len({fan.policy for fan in self.fans})
        return count if count in (2, 4) else 3

    @property
    def is_long(self) -> bool:
        """Whether its tables have so many rows that they are better folded."""
        return len(self.view.rates) > MAX_ROWS


def write_results(results: Results, folder: Path, note: Callable[[], None] | None = None) -> Path:
    """Write results.html and results.md into a folder and return the page's path.

    :param note: called after every recorded flight that was drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = [draw_section(suite, results.policies) for suite in results.suites]
    duration = sum(one.flight.record.flight.duration for one in results.recordings)
    cards = []
    for recorded in results.recordings:
        cards.append(draw_card(recorded, results, choose_quality(duration)))
        if note is not None:
            note()
    now = datetime.now().astimezone()
    roles = choose_colours(results.policies)
    values = {
        'title': describe_title(results),
        'created': f'{now.day} {now:%B %Y, %H:%M}',
        'key_figures': describe_key_figures(results),
        'policies': [(policy, roles[policy]) for policy in results.policies],
        'references': results.references,
        'has_pairs': any(section.view.pairs for section in sections),
        'sections': sections,
        'cards': cards,
        'sources': describe_sources(results),
    }
    # The page and the same as Markdown, of the same values.
    css = read_part('report.css') + read_part('results.css')
    look = {
        'css': css,
        'js': read_part('report.js'),
        'speed_gradient': style.describe_speed_gradient(),
        'positive': style.POSITIVE,
        'negative': style.NEGATIVE,
    }
    for name, template in ((MARKDOWN, 'results.md.j2'), (PAGE, 'results.html.j2')):
        text = open_template(template, lstrip_blocks=True).render(**values, **look)
        with write_whole(folder / name) as stream:
            stream.write(text.encode())
    return folder / PAGE


def draw_section(suite: Suite, policies: Sequence[str]) -> Section:
    """Draw the figures of a suite."""
    panels = list_panels(suite)
    chart = draw_curves(panels, policies) if panels else draw_bars(list_bars(suite), policies)
    return Section(view_suite(suite, policies), chart, bool(panels), _draw_fans(suite, policies))


def _draw_fans(suite: Suite, policies: Sequence[str]) -> tuple[Fan, ...]:
    """Return the paths of rows; of a suite with many rows there are too many to look at."""
    rows = [
        row
        for row in suite.list_rows()
        if any(len(trial.path) > 1 for trial in row.trials) and not row.is_reference
    ]
    if len(rows) > MAX_FANS:
        return ()
    roles = choose_colours(policies)
    return tuple(
        Fan(
            row.name,
            row.policy,
            roles[row.policy],
            f'{row.summary.successes} of {row.summary.episodes}',
            draw_fan(row.trials),
        )
        for row in rows
    )
