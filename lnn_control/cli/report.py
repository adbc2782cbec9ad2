# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control report`: a page about result files, or that of one run folder drawn again."""

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
    """Make one page of result files, or the page of one run folder again.

    With --output, all files and folders go into one page: tables of every suite, rates as bars
    and curves with their intervals, policies seed by seed, failures by cause, flown paths, videos.
    Without it, report.html of a single run folder is drawn again from its recorded flights.
    """

    inputs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Files of `lnn-control evaluate --json` and folders of `lnn-control evaluate --output`; or
    one folder of `lnn-control demo` or `lnn-control evaluate --output`."""
    output: Path | None = None
    """Folder for results.html and results.md about all of them."""
    pictures: bool = False
    """Into that folder write pictures and an animation of the flights of one run folder instead,
    for a README."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Report, 'report', arguments)
    check_inputs(job)
    require_report_modules()
    if job.output is None:
        print(f'report: {draw_with_progress(job.inputs[0]).resolve()}')
    elif job.pictures:
        from lnn_control.reports.gallery import write_gallery
        from lnn_control.reports.run_folder import read_run

        for path in write_gallery(read_run(job.inputs[0]), job.output):
            print(f'picture: {path} ({path.stat().st_size / 1e6:.1f} MB)')
    else:
        print(f'page: {write_results_page(job.inputs, job.output).resolve()}')
    return 0


def check_inputs(job: Report) -> None:
    """Check that what is given fits what is to be made.

    :raises ValueError: if not.
    """
    if not job.inputs:
        raise ValueError('expected at least one result file or run folder, got none')
    given = ' '.join(map(str, job.inputs))
    is_one_folder = len(job.inputs) == 1 and not job.inputs[0].is_file()
    if job.output is None and not is_one_folder:
        raise ValueError(
            f'without --output expected one run folder, got {given}: name the folder for a page '
            'about result files with --output'
        )
    if job.output is None and job.pictures:
        raise ValueError('--pictures has no effect: name the folder for them with --output')
    if job.pictures and not is_one_folder:
        raise ValueError(f'with --pictures expected one run folder, got {given}')


def write_results_page(inputs: tuple[Path, ...], folder: Path) -> Path:
    """Write the page about result files while a bar shows how far it is."""
    from lnn_control.reports.results import read_results
    from lnn_control.reports.results_page import write_results

    results = read_results(inputs)
    with Progress() as progress:
        bar = progress.add_task('drawing flights', total=len(results.recordings))
        return write_results(results, folder, lambda: progress.advance(bar))


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
