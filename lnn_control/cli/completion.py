# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control completion`: a script by which bash or zsh complete verbs, options and values."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, get_args, get_type_hints

import tyro

from lnn_control.bringup.graph import GRAPHS
from lnn_control.cli import options
from lnn_control.cli.list import LISTS
from lnn_control.cli.main import VERBS
from lnn_control.cli.scenarios import ALL_SUITES, SUITES
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.registry import list_policies
from sim.disturbances import DISTURBANCES
from sim.renderers import AUTO, RENDERERS
from sim.tasks import TASKS
from sim.worlds import SEASONS, WORLDS


@dataclass(frozen=True)
class Completion:
    """Print the completion of a shell.

    bash: `eval "$(lnn-control completion bash)"` in ~/.bashrc; zsh: the same with zsh in ~/.zshrc.
    """

    shell: Annotated[Literal['bash', 'zsh'], tyro.conf.Positional]
    """Which shell."""


_SCRIPT = """\
_lnn_control() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{verbs}"
    else
        case "$before" in
{values}
        *) case "${{COMP_WORDS[1]}}" in
{options}
            esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [ ${{#COMPREPLY[@]}} -eq 0 ] && COMPREPLY=($(compgen -f -- "$word"))
    return 0
}}
complete -o nospace -F _lnn_control lnn-control
"""
_ZSH = 'autoload -U +X compinit && compinit; autoload -U +X bashcompinit && bashcompinit\n'


def list_values() -> dict[str, list[str]]:
    """Return the options whose values can be listed, with their values."""
    return {
        '--policy': list_policies(),
        '--memory': list(MEMORIES),
        '--task': list(TASKS),
        '--suite': [*SUITES, ALL_SUITES],
        '--world': list(WORLDS),
        '--season': list(SEASONS),
        '--disturbance': list(DISTURBANCES),
        '--level': ['1', '2', '3'],
        '--renderer': [*RENDERERS, AUTO],
    }


def list_words(verb: str) -> list[str]:
    """Return what can follow a verb: its options, its commands, its arguments."""
    if verb == 'bringup':
        arguments = (entry.name for graph in GRAPHS.values() for entry in graph.arguments)
        return [*GRAPHS, *(f'{name}:=' for name in dict.fromkeys(arguments))]
    try:
        kinds = getattr(VERBS[verb], 'OPTIONS', None)
    except ModuleNotFoundError:
        return []  # a verb of an extra that is not installed
    words = list(dict.fromkeys(_list_parser_words(kinds))) if kinds is not None else []
    return [*words, *({'list': LISTS, 'show': TASKS, 'completion': ('bash', 'zsh')}.get(verb, ()))]


def _list_parser_words(kinds: Any) -> Iterator[str]:
    """Yield the options of a dataclass, of several with the names of their commands."""
    for kind in get_args(kinds):
        yield kind.__name__.lower()
    for kind in get_args(kinds) or (kinds,):
        yield from (f'--{name.replace("_", "-")}' for name in list_options(kind))


def list_options(kind: type) -> list[str]:
    """Return every option of a verb's dataclass, of nested ones too, with underscores."""
    names: list[str] = []
    hints = get_type_hints(kind, include_extras=True)
    for entry in fields(kind):
        if tyro.conf.Positional in getattr(hints[entry.name], '__metadata__', ()):
            continue
        is_nested = is_dataclass(hints[entry.name])
        # A flag that is on is an option to switch it off.
        name = f'no_{entry.name}' if entry.default is True else entry.name
        names += list_options(hints[entry.name]) if is_nested else [name]
    return names


def write_script(shell: str) -> str:
    """Return the script of a shell."""
    values = [f'        {name}) words="{" ".join(v)}" ;;' for name, v in list_values().items()]
    cases = [f'            {verb}) words="{" ".join(list_words(verb))}" ;;' for verb in VERBS]
    script = _SCRIPT.format(
        verbs=' '.join(VERBS), values='\n'.join(values), options='\n'.join(cases)
    )
    return _ZSH + script if shell == 'zsh' else script


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Completion, 'completion', arguments)
    print(write_script(job.shell), end='')
    return 0


OPTIONS = Completion
