# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a run of `lnn-control dagger` was started with: it stays the same until the run ends."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.dagger import EPISODES
from lnn_control.imitation.settings import describe_difference

if TYPE_CHECKING:
    from lnn_control.cli.dagger import Dagger

RUN = 'run.json'
"""File in the folder of a run that holds what it was started with."""
DEFAULT_MINUTES = 45.0
"""Budget of a run side by side."""


def describe_settings(job: 'Dagger') -> dict[str, Any]:
    """Return what must be the same to go on."""
    kept = ['task', 'task_option', 'world', 'season', 'vary_cameras', 'augmentation', 'hold']
    kept += ['data', 'init']
    described: dict[str, Any] = {name: getattr(job, name) for name in kept}
    described |= {'network': asdict(job.network), 'training': asdict(job.settings)}
    return described | {'flights': asdict(job.flights)}


def check_folder(job: 'Dagger') -> None:
    """Check that what a folder holds already was made with the same settings.

    :raises ValueError: if it was not, or holds the policy of another verb; the message names what
        differs.
    """
    path = job.output / RUN
    if not path.exists():
        if (job.output / 'config.json').is_file() and not _is_of_earlier_version(job.output):
            raise ValueError(
                f'{job.output} holds a policy that dagger did not train: give another --output, '
                f'and --init {job.output} to start from it'
            )
        return
    difference = describe_difference(_read_run(path), _describe_run(job))
    if difference and _is_begun(job.output):
        raise ValueError(
            f'{job.output} holds a run of other settings ({difference}): give the same ones to go '
            f'on, or another --output; from a policy that is done, --init {job.output} goes on'
        )


def note_settings(job: 'Dagger') -> None:
    """Write down what a run is started with."""
    job.output.mkdir(parents=True, exist_ok=True)
    with write_whole(job.output / RUN) as stream:
        stream.write((json.dumps(_describe_run(job), indent=2) + '\n').encode())


def _describe_run(job: 'Dagger') -> dict[str, Any]:
    """Return what must be the same in every call of a run, as JSON has it."""
    described = describe_settings(job) | {'renderer': job.renderer}
    described['way'] = 'side by side' if job.rounds is None else 'round by round'
    if job.rounds is not None:
        # More rounds may follow later, but each flies seeds of its own.
        described |= {'episodes': job.episodes, 'first_seed': job.first_seed}
    if job.init is not None:
        # Sizes are those of the checkpoint, which need not be there any more.
        del described['network']
    return dict(json.loads(json.dumps(described)))


def _read_run(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is broken: give another --output, or remove it') from error
    if not isinstance(found, dict):
        raise ValueError(f'{path} is broken: give another --output, or remove it')
    return found


def _is_of_earlier_version(folder: Path) -> bool:
    """Return whether a policy was made by dagger before it wrote down how it was started."""
    training = json.loads((folder / 'config.json').read_text(encoding='utf-8'))['training']
    return 'flights' in training.get('settings', {}) or (folder / 'rounds').is_dir()


def _is_begun(folder: Path) -> bool:
    """Return whether a run has come to anything."""
    from lnn_control.imitation.training_state import STATE_FILE

    kept = [folder / 'config.json', folder / STATE_FILE]
    return any(path.exists() for path in kept) or any((folder / EPISODES).rglob('*.mcap'))
