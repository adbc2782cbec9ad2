# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control report`: draw the page of a run folder again, or pictures for a README."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.progress import Progress

from lnn_control.cli import options

REPORT_MODULES = ('matplotlib', 'jinja2', 'av')


@dataclass(frozen=True)
class Report:
    """Make report.html, with its videos, from the recorded flights of a run folder."""

    run: Annotated[Path, tyro.conf.Positional]
    """Folder that `lnn-control demo` or `lnn-control evaluate --output` wrote."""
    output: Path | None = None
    """Also make pictures and an animation of the flights in this folder, for a README."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Report, 'report', arguments)
    require_report_modules()
    print(f'report: {draw_with_progress(job.run).resolve()}')
    if job.output is not None:
        from lnn_control.reports.gallery import write_gallery
        from lnn_control.reports.run_folder import read_run

        for path in write_gallery(read_run(job.run), job.output):
            print(f'gallery: {path} ({path.stat().st_size / 1e6:.1f} MB)')
    return 0


def require_report_modules() -> None:
    """Raise a ModuleNotFoundError that main turns into a hint, before anything flies."""
    for name in REPORT_MODULES:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)


def write_report(folder: Path) -> Path:
    """Write report.html from a run folder's recorded files and return its path."""
    from lnn_control.reports.page import write_page
    from lnn_control.reports.run_folder import read_run

    return write_page(read_run(folder))


def draw_with_progress(folder: Path) -> Path:
    """Do so while a bar shows how far it is."""
    from lnn_control.reports.page import write_page
    from lnn_control.reports.run_folder import read_run

    run = read_run(folder)
    with Progress() as progress:
        bar = progress.add_task('drawing the page', total=len(run.flights))
        return write_page(run, lambda: progress.advance(bar))


OPTIONS = Report
