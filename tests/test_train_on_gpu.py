# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The script that trains within given minutes: what it asks for, and that it ends in time.

A stand-in takes the place of `lnn-control` and writes down how it was called; every call is then
read by the verb itself. What the verbs do is tested where they are.
"""

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from lnn_control.cli import card, dagger, evaluate, options
from tests.patience import PATIENCE

SCRIPT = Path(__file__).parents[1] / 'examples' / 'train_on_gpu.sh'
STAND_IN = """#!/usr/bin/env bash
printf '%q ' "$@" >> "$CALLS"; echo >> "$CALLS"
exec sleep "$TAKES"
"""


def run_script(folder: Path, *arguments: str, takes: float = 0.0):
    """Run the script with the stand-in; return how it ended and the calls."""
    stand_in, calls = folder / 'lnn-control', folder / 'calls'
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    environment = {
        **os.environ,
        'PATH': f'{folder}:{os.environ["PATH"]}',
        'CALLS': str(calls),
        'TAKES': str(takes),
    }
    command = [str(SCRIPT), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    rows = calls.read_text().splitlines() if calls.exists() else []
    return done, [shlex.split(row) for row in rows]


def test_script_trains_then_flies_everywhere_and_writes_the_card(tmp_path):
    output = tmp_path / 'run'
    done, calls = run_script(tmp_path, '15', str(output), '--memory', 'ncp_ltc')
    assert done.returncode == 0, done.stderr
    assert [call[0] for call in calls] == ['dagger', *['evaluate'] * 4, 'card']
    (_, *training), *flights, (_, *writing) = calls
    job = options.read_options(dagger.Dagger, 'dagger', training)
    assert job.network.memory == 'ncp_ltc'
    assert job.output == output
    assert 7.0 < job.settings.budget_minutes < 14.0
    assert 2 <= job.validate_episodes <= 200
    assert job.settings.batch_size == (48 if Path('/dev/nvidia0').exists() else 8)
    flown = [options.read_options(evaluate.Evaluate, 'evaluate', words) for _, *words in flights]
    assert [(each.world, each.season) for each in flown] == [
        ('forest', 'autumn'),
        ('forest', 'winter'),
        ('forest', 'dusk'),
        ('urban', 'summer'),
    ]
    assert {each.first_seed for each in flown} == {dagger.FIRST_VALIDATION_SEED}
    assert {each.episodes for each in flown} == {job.validate_episodes}
    described = options.read_options(card.Card, 'card', writing)
    assert described.json == (output / dagger.VALIDATION, *(each.json for each in flown))
    assert described.recipe.read_text().startswith('lnn-control dagger --task fly_to_target')


def test_script_ends_in_time_and_says_what_was_left_out(tmp_path):
    start = time.monotonic()
    done, calls = run_script(tmp_path, '0.05', str(tmp_path / 'run'), takes=PATIENCE)
    assert time.monotonic() - start < PATIENCE / 2
    assert done.returncode == 124
    assert 'no time left: the same command goes on' in done.stderr
    assert {call[0] for call in calls} <= {'dagger'}


def test_script_begins_no_evaluation_that_it_could_not_end(tmp_path):
    done, calls = run_script(tmp_path, '0.25', str(tmp_path / 'run'))
    assert done.returncode == 0
    assert 'no time left for forest autumn' in done.stdout
    assert [call[0] for call in calls] == ['dagger']


@pytest.mark.parametrize('arguments', [(), ('15',), ('soon', 'run')])
def test_script_says_how_to_call_it(arguments, tmp_path):
    done, calls = run_script(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith('usage: examples/train_on_gpu.sh MINUTES OUTPUT')
    assert not calls
