# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One word for one thing: the options of all verbs, held against each other."""

import re
import typing
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import tyro

from lnn_control.cli import main as cli
from lnn_control.cli import options
from lnn_control.cli.completion import list_options, list_words

VERBS = {
    name: typing.get_args(cli.VERBS[name].OPTIONS) or (cli.VERBS[name].OPTIONS,)
    for name in cli.VERBS
    if hasattr(cli.VERBS[name], 'OPTIONS')
}
# What a thing is not called, and what it is called instead.
OTHER_WORDS = {
    'checkpoint': 'policy',
    'model': 'policy',
    'pilot': 'policy',
    'seeds': 'first_seed and episodes',
    'trials': 'episodes',
    'num_episodes': 'episodes',
    'count': 'episodes',
    'environment': 'task',
    'scenes': 'scene',
    'results': 'json or output',
    'directory': 'output',
    'folder': 'output',
    'gallery': 'output',
    'out': 'output',
    'workers': 'processes',
    'jobs': 'processes',
    'num_threads': 'threads',
    'fov': 'camera_fov_deg',
    'camera_fov': 'camera_fov_deg',
    'domain': 'domain_id',
    'dataset': 'data',
    'force': 'allow_untrained',
}
# Numbers that have no unit say what they are by one of these.
UNITLESS = ('hare', 'robability', 'factor', 'of pixels from 0 to 1', 'mixed', 'AdamW', 'schedule')
UNITLESS += ('shortened', 'logarithm')


def list_hints(kind: type) -> dict[str, Any]:
    """Return the type of each option of a dataclass, of nested ones too."""
    hints = typing.get_type_hints(kind, include_extras=True)
    found: dict[str, Any] = {}
    for entry in fields(kind):
        hint = hints[entry.name]
        if is_dataclass(hint):
            found |= list_hints(hint)  # type: ignore[arg-type]
        elif tyro.conf.Positional not in getattr(hint, '__metadata__', ()):
            found[entry.name] = hint
    return found


def read_help(verb: str, command: str | None, capsys: pytest.CaptureFixture[str]) -> str:
    words = [verb, *([command] if command else []), '--help']
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 0
    return capsys.readouterr().out


COMMANDS = [
    pytest.param(verb, kind.__name__.lower() if len(kinds) > 1 else None, kind, id=kind.__name__)
    for verb, kinds in VERBS.items()
    for kind in kinds
]


def test_every_verb_but_bringup_says_its_options() -> None:
    own = {name for name in cli.VERBS if cli.VERBS.is_own(name)}
    assert own - set(VERBS) == {'bringup'}


@pytest.mark.parametrize(('verb', 'command', 'kind'), COMMANDS)
def test_nothing_has_a_second_name(verb: str, command: str | None, kind: type) -> None:
    wrong = {name: OTHER_WORDS[name] for name in list_options(kind) if name in OTHER_WORDS}
    assert not wrong, f'{verb} calls by another word what all others call so'


def test_same_word_takes_the_same_value_in_every_verb() -> None:
    seen: dict[str, tuple[str, Any]] = {}
    for verb, kinds in VERBS.items():
        for kind in kinds:
            for name, hint in list_hints(kind).items():
                bare = typing.get_args(hint)[0] if hasattr(hint, '__metadata__') else hint
                # What may be left out in one verb must be given in another.
                bare = next((a for a in typing.get_args(bare) if a is not type(None)), bare)
                before = seen.setdefault(name, (verb, bare))
                # Files of results are written by one verb and read, several of them, by another.
                assert before[1] == bare or name == 'json', f'{name} of {before[0]} and {verb}'


def test_options_that_several_verbs_have_stand_in_one_place() -> None:
    shared = {
        name
        for name in ('policy', 'task', 'task_option', 'world', 'season', 'first_seed')
        for kinds in VERBS.values()
        for kind in kinds
        if name in list_hints(kind) and not hasattr(list_hints(kind)[name], '__metadata__')
    }
    assert not shared
    assert options.PolicyName is list_hints(VERBS['export'][0])['policy']
    for verb in ('demo', 'explain'):
        assert options.ShippedPolicyName is list_hints(VERBS[verb][0])['policy']
    assert options.PolicyNames is list_hints(VERBS['evaluate'][0])['policy']


@pytest.mark.parametrize(('verb', 'command', 'kind'), COMMANDS)
def test_every_option_has_a_text_of_its_own_with_its_unit(
    verb: str, command: str | None, kind: type, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r'[│╭╮╰╯─]', ' ', read_help(verb, command, capsys))
    assert ':param' not in text
    texts = []
    for name, hint in list_hints(kind).items():
        option = f'--{name.replace("_", "-")}'
        pattern = rf'^\s*--(?:no-)?{option[2:]}[ \n](.*?)(?=^\s*--|\Z)'
        block = re.search(pattern, text, re.MULTILINE | re.DOTALL)
        assert block is not None, f'{option} is not in the help'
        words = re.sub(r'\((default|required|repeatable).*', '', ' '.join(block[1].split()))
        words = re.sub(r'^(\{None\}\|)?[A-Z=]+( [A-Z\[\]]+)* ', '', words)
        assert len(words.split()) >= 2, f'{option} says nothing: {block[1]!r}'
        texts.append(words)
        bare = typing.get_args(hint)[0] if hasattr(hint, '__metadata__') else hint
        if bare in (float, float | None):
            has_unit = re.search(r'\[[^\]]+\]|seconds a second', words)
            assert has_unit or any(u in words for u in UNITLESS), f'{option} has no unit: {words}'
    assert len(set(texts)) == len(texts), 'two options have one text'


@pytest.mark.parametrize('word', ['-V', '--version'])
def test_version_is_printed(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    from lnn_control import __version__

    assert cli.main([word]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_completion_knows_every_verb_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ('bash', 'zsh'):
        assert cli.main(['completion', shell]) == 0
        script = capsys.readouterr().out
        assert all(verb in script for verb in cli.VERBS)
        assert '--camera-fov-deg' in script
        assert ('bashcompinit' in script) == (shell == 'zsh')
    assert {'simulation', 'season:='} <= set(list_words('bringup'))
    assert {'view', 'gallery', '--first-seed'} <= set(list_words('sim'))


def test_bash_completes_verbs_options_and_values(tmp_path) -> None:
    import subprocess

    from lnn_control.cli.completion import write_script

    (tmp_path / 'script').write_text(write_script('bash'))
    for words, expected in (
        (['ev'], 'evaluate'),
        (['evaluate', '--camera-f'], '--camera-fov-deg'),
        (['evaluate', '--season', 'wi'], 'winter'),
        (['sim', 'view', '--task', 'hi'], 'hike'),
        (['bringup', 'simulation', 'reals'], ''),
        (['list', 'wor'], 'worlds'),
    ):
        line = (
            f'source {tmp_path}/script; COMP_WORDS=(lnn-control {" ".join(words)}); '
            f'COMP_CWORD={len(words)}; _lnn_control; echo "${{COMPREPLY[@]}}"'
        )
        done = subprocess.run(['bash', '-c', line], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected, words
