# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control list`: what there is to choose from, that of other packages included."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from lnn_control.cli import options
from lnn_control.cli.main import VERBS, summarise_verb
from lnn_control.cli.scenarios import SUITES
from lnn_control.core.registry import Registry
from lnn_control.policies.folders import shipped_checkpoints
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.registry import POLICIES
from sim.disturbances import DISTURBANCES
from sim.renderers import RENDERERS
from sim.tasks import TASKS
from sim.vehicles import VEHICLES
from sim.worlds import SEASONS, WORLDS
from sim.worlds.targets import TARGETS

Kind = Literal[
    'tasks',
    'suites',
    'worlds',
    'seasons',
    'vehicles',
    'targets',
    'policies',
    'memories',
    'disturbances',
    'renderers',
    'verbs',
]


@dataclass(frozen=True)
class ListChoices:
    """List what there is of a kind, one name a line, with a few words about each."""

    kind: Annotated[Kind, tyro.conf.Positional]
    """What to list."""


def _first_line(entry: Any) -> str:
    """Return the first line of what an entry, or its class, says of itself."""
    text = getattr(entry, '__doc__', None) or ''
    return text.strip().partition('\n')[0]


def _list_registry(registry: Registry[Any]) -> list[tuple[str, str]]:
    rows = []
    for name in registry:
        try:
            words = _first_line(registry[name])
        except (ValueError, ModuleNotFoundError) as error:
            words = f'cannot be used: {error}'
        rows.append((name, words if registry.is_own(name) else f'{words} (another package)'))
    return rows


def _list_policies() -> list[tuple[str, str]]:
    from lnn_control.policies.checkpoint import read_config
    from lnn_control.policies.folders import find_checkpoint

    shipped = []
    for name in shipped_checkpoints():
        parameters = read_config(find_checkpoint(name))['num_parameters']
        shipped.append((name, f'shipped checkpoint, {parameters:,} parameters'))
    return [*_list_registry(POLICIES), *shipped]


def _list_disturbances() -> list[tuple[str, str]]:
    """Return the disturbances with what they are at each level."""
    rows = []
    for name in DISTURBANCES:
        levels = [repr(level) for level in DISTURBANCES[name]]
        rows.append((name, ', '.join(levels)))
    return rows


def _list_suites() -> list[tuple[str, str]]:
    rows = []
    for name, make in SUITES.items():
        tasks = sorted({scenario.task.name for scenario in make()})
        rows.append((name, f'{len(make())} rows of {" and ".join(tasks)}'))
    return rows


def _names(entries: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, '') for name in entries]


LISTS: dict[str, Callable[[], list[tuple[str, str]]]] = {
    'tasks': lambda: _list_registry(TASKS),
    'suites': _list_suites,
    'worlds': lambda: _list_registry(WORLDS),
    'seasons': lambda: _names(SEASONS),
    'vehicles': lambda: [(name, _first_line(VEHICLES[name])) for name in VEHICLES],
    'targets': lambda: _names(TARGETS),
    'policies': _list_policies,
    'memories': lambda: _list_registry(MEMORIES),
    'disturbances': _list_disturbances,
    'renderers': lambda: _list_registry(RENDERERS),
    'verbs': lambda: [(name, summarise_verb(name)) for name in VERBS],
}
"""Kind -> what returns its names, with a few words each."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(ListChoices, 'list', arguments)
    rows = LISTS[job.kind]()
    width = max(len(name) for name, _ in rows)
    for name, words in rows:
        print(f'{name:<{width}}  {words}'.rstrip())
    return 0


OPTIONS = ListChoices
