# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The table of `lnn-control demo`: it fills while the flights go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from rich import box
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from lnn_control.evaluation.flight import FlightResult

OUTCOMES = {
    'success': ('reached', 'bold green'),
    'collision': ('collision', 'bold red'),
    'out_of_area': ('left the area', 'bold red'),
    'time_limit': ('out of time', 'bold yellow'),
}
"""Outcome of a trial -> how it is called, and its style."""
_SUCCESS = ('success', 'bold green')

_COLUMNS = (
    ('world', 'left', 6),
    ('season', 'left', 6),
    ('result', 'left', 13),
    ('time\n[s]', 'right', 5),
    ('path over\nshortest', 'right', 9),
    ('clearance\n[m]', 'right', 9),
    ('commands\n[Hz]', 'right', 8),
    ('latency [ms]\np50    p99', 'right', 12),
)


@dataclass(frozen=True)
class FlightStatus:
    """What is known of a flight that goes on.

    :param time: since its start, simulated [s].
    :param distance: to the target [m], None where that is not known or not what counts.
    :param share: of the way or of the time that is done, 0 to 1. :param latency: of late [s].
    """

    time: float
    distance: float | None
    share: float
    latency: float | None


class DemoTable:
    """Shows one row a flight: what is to come, what flies, what came of it.

    On a terminal the table is live; elsewhere each flight prints a line and the table comes last.

    :param names: world and season of each flight.
    :param reaches: whether success is to reach a target.
    """

    def __init__(
        self, console: Console, names: Sequence[tuple[str, str]], reaches: bool = True
    ) -> None:
        self._outcomes = OUTCOMES if reaches else OUTCOMES | {'success': _SUCCESS}
        self._console = console
        self._names = names
        self._results: list[FlightResult] = []
        self._status: FlightStatus | None = None
        self._note = ''
        self._spinner = Spinner('dots', style='cyan')
        self._live = Live(
            console=console, refresh_per_second=8, get_renderable=self._render, transient=False
        )

    def __enter__(self) -> 'DemoTable':
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._note, self._status = '', None
        if self._console.is_terminal:
            self._live.stop()
        elif self._results:
            self._console.print(self._render())

    def note(self, text: str) -> None:
        """Say what is going on."""
        self._note = text
        if not self._console.is_terminal:
            self._console.print(text, highlight=False)

    def update(self, status: FlightStatus) -> None:
        """Show how the flight goes."""
        self._status = status

    def add(self, result: FlightResult) -> None:
        """Show what came of the flight."""
        self._results.append(result)
        self._status = None
        if not self._console.is_terminal:
            label = self._outcomes[result.trial.outcome][0]
            self._console.print(f'  {label} after {result.trial.duration:.1f} s', highlight=False)

    def _render(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, caption=self._note or None)
        table.caption_justify = 'left'
        for title, justify, width in _COLUMNS:
            table.add_column(Text(title), justify=justify, min_width=width)  # type: ignore[arg-type]
        for index, (world, season) in enumerate(self._names):
            if index < len(self._results):
                table.add_row(world, season, *self._describe_result(self._results[index]))
            elif index == len(self._results) and self._status is not None:
                table.add_row(world, season, *self._describe_status(self._status))
            else:
                table.add_row(world, season, Text('waits', style='dim'), style='dim')
        return table

    def _describe_status(self, status: FlightStatus) -> list[RenderableType]:
        cells: list[RenderableType] = [self._spinner, f'{status.time:.1f}']
        if status.distance is not None:
            self._spinner.update(text=Text(f'{status.distance:.1f} m to go', style='cyan'))
        done = min(max(status.share, 0.0), 1.0)
        cells.append(ProgressBar(total=1.0, completed=done, width=8))
        latency = '' if status.latency is None else f'{status.latency * 1e3:.1f}'
        return [*cells, '', '', Text(latency, style='dim')]

    def _describe_result(self, result: FlightResult) -> list[RenderableType]:
        label, style = self._outcomes[result.trial.outcome]
        return [
            Text(label, style=style),
            f'{result.trial.duration:.1f}',
            f'{result.trial.path_ratio:.2f}' if result.trial.is_success else '-',
            f'{result.trial.clearance:.2f}',
            f'{result.command_rate:.1f}',
            f'{result.latency_p50_ms:.1f} {result.latency_p99_ms:6.1f}',
        ]
