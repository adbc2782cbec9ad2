# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control show`: the card of a policy, or the sheet of a task or suite, in the terminal."""

import inspect
import re
from dataclasses import dataclass, fields
from typing import Annotated

import tyro
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from lnn_control.cli import options
from lnn_control.cli.scenarios import SUITES, count_usual_episodes, list_scenarios
from lnn_control.core.appearance import Appearance
from lnn_control.core.domain import TrainingDomain
from lnn_control.evaluation.row_names import name_row
from lnn_control.policies.folders import find_checkpoint, is_checkpoint
from lnn_control.policies.registry import POLICIES, find_entry
from sim.tasks import TASKS
from sim.tasks.options import describe_options

CARD_NAME = 'README.md'


@dataclass(frozen=True)
class Show:
    """Show what a policy, a task or a suite of trials is."""

    name: Annotated[str, tyro.conf.Positional]
    """A task, a suite, or a policy: a checkpoint's folder, a shipped or registered name,
    module:Class."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Show, 'show', arguments)
    # Without markup, or rich would take a unit in brackets for a style.
    console = Console(markup=False)
    # Some names are those of a task and of a suite of it.
    if job.name in SUITES:
        show_suite(console, job.name)
    elif job.name in TASKS:
        show_task(console, job.name)
    elif is_checkpoint(job.name) and job.name not in POLICIES:
        show_checkpoint(console, job.name)
    else:
        # What is neither may be a misspelt one of either.
        print_words(console, job.name)
    return 0


def show_task(console: Console, name: str) -> None:
    """Print a task's data sheet and its options."""
    kind = TASKS.find(name)
    console.print(
        Markdown(f'# {name}\n\n{inspect.cleandoc(kind.__doc__ or "")}'.partition(':param')[0])
    )
    table = Table(title='--task-option NAME=VALUE')
    for title in ('name', 'value', 'default', 'what it is'):
        table.add_column(title, overflow='fold')
    for option in describe_options(kind):
        table.add_row(option.name, option.kind, option.default, option.text)
    console.print(table)


def show_suite(console: Console, name: str) -> None:
    """Print what is asked in a suite, and its rows."""
    rows = list_scenarios(name)
    for task in dict.fromkeys(row.task.name for row in rows):
        show_task(console, task)
    console.print(f'--suite {name}, usually {count_usual_episodes(name)} trials a row:')
    table = Table()
    table.add_column('task', no_wrap=True)
    table.add_column('row')
    for row in rows:
        table.add_row(row.task.name, name_row(row.describe()))
    console.print(table)


def show_checkpoint(console: Console, name: str) -> None:
    """Print a checkpoint's card and what it was trained for."""
    from lnn_control.policies.checkpoint import read_config, read_domain

    folder = find_checkpoint(name)
    card = folder / CARD_NAME
    config = read_config(folder)
    if card.is_file():
        console.print(Markdown(card.read_text(encoding='utf-8')))
    else:
        console.print(
            f'{config["name"]}: {config["num_parameters"]} parameters in {folder}; '
            'it has no card, `lnn-control card` writes one'
        )
    console.print(describe_domain(read_domain(folder)))


_UNITS = {
    'camera_fov_deg': 'degrees across the image',
    'camera_pitch_deg': 'degrees, positive looks down',
    'camera_rate': 'images a second',
    'camera_latency': 's',
    'command_limits': 'vx, vy, vz in m/s, yaw rate in rad/s',
}


def describe_domain(domain: TrainingDomain) -> Table:
    """Return a table of what a policy was trained for."""
    table = Table(title='trained for', show_header=False)
    for entry in fields(domain):
        value, unit = getattr(domain, entry.name), _UNITS.get(entry.name, '')
        is_range = isinstance(value, tuple) and len(value) == 2 and bool(unit)
        text = 'not known' if value is None else _write(value, ' to ' if is_range else ', ')
        text = 'known' if isinstance(value, Appearance) else text
        table.add_row(entry.name, text, unit if value is not None else '')
    return table


def _write(value: object, joint: str) -> str:
    if not isinstance(value, tuple):
        return f'{value}'
    parts = [f'{part:.3g}' if isinstance(part, float) else f'{part}' for part in value]
    return joint.join(dict.fromkeys(parts) if joint == ' to ' else parts)


def print_words(console: Console, name: str) -> None:
    """Print what a policy that is no checkpoint says of itself.

    :raises ValueError: if there is none of that name, neither a task nor a suite.
    """
    try:
        entry, _ = find_entry(name)
    except ValueError as error:
        raise ValueError(
            f'{error}; nor is it one of the tasks {sorted(TASKS)} or suites {sorted(SUITES)}'
        ) from error
    words = inspect.getdoc(entry) or 'It says nothing of itself.'
    words = re.sub(r'\s*:\w*(?:param|var) (\w+):', r'\n- `\1`:', words)
    console.print(Markdown(f'# {name}\n\n{words}'))


OPTIONS = Show
