# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a training on disk, replaced in one stroke: a kill leaves the last one whole."""

import errno
import io
from pathlib import Path
from typing import Any

import torch

from lnn_control.core.whole_file import remove_unfinished, write_whole

STATE_FILE = 'training_state.pt'
FORMAT = 'lnn_control/training_state/1'


class TrainingStateError(ValueError):
    """A saved state cannot be gone on with; the message says why and what to do."""


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values.

    :raises OSError: if there is no space; the state that was there stays.
    """
    path = folder / STATE_FILE
    buffer = io.BytesIO()
    torch.save({'format': FORMAT, **state}, buffer)
    try:
        with write_whole(path) as stream:
            stream.write(buffer.getbuffer())
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        message = (
            f'No space left for {path}: free some and run again, it goes on from the last one'
        )
        raise OSError(errno.ENOSPC, message) from error


def load_state(folder: Path) -> dict[str, Any] | None:
    """Return the state of an unfinished training, None if there is none.

    :raises TrainingStateError: if the file is broken or of another version.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # a damaged file breaks its reader in any way
        raise TrainingStateError(f'{path} is broken: remove it to start anew') from error
    if not isinstance(state, dict) or state.get('format') != FORMAT:
        raise TrainingStateError(f'{path} is not of format {FORMAT}: remove it to start anew')
    return state


def remove_state(folder: Path) -> None:
    """Remove the state of a training that is finished."""
    (folder / STATE_FILE).unlink(missing_ok=True)
    remove_unfinished(folder, STATE_FILE)
