# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where checkpoints and exported policies lie: shipped ones by name, own ones by folder.

Loads no torch.
"""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / 'checkpoints'
"""Folder of the checkpoints that come with the package."""

MANIFEST = 'manifest.json'
"""The file by which an exported policy's folder is known."""

DEFAULT_POLICY = 'quadrotor_ncp'
"""The shipped policy that flies where neither a policy nor a task is named."""

POLICY_OF_TASK = {
    'fly_to_target': DEFAULT_POLICY,
    'hike': 'quadrotor_hike',
    'follow_target': 'quadrotor_follow',
    'drive_to_target': 'rover_ncp',
    'keep_lane': 'car_ncp',
}
"""Task -> the shipped policy that does it where none is named."""


def name_policy(policy: str, task: str) -> str:
    """Return who flies a task: the policy that is named, else the shipped one of the task.

    :param policy: name, or empty. :param task: name, or empty if nobody knows.
    """
    return policy or POLICY_OF_TASK.get(task, DEFAULT_POLICY)


class CheckpointError(ValueError):
    """A checkpoint is missing, broken or of another kind; the message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(' '.join(message.split()))


def shipped_checkpoints() -> list[str]:
    """Return the names of the checkpoints that come with the package."""
    if not SHIPPED.is_dir():
        return []
    return sorted(path.parent.name for path in SHIPPED.glob('*/config.json'))


def is_checkpoint(name_or_path: str | Path) -> bool:
    """Return whether there is a checkpoint, shipped or own, of this name or in this folder."""
    return any((folder / 'config.json').is_file() for folder in _list_places(name_or_path))


def is_deployment(path: str | Path) -> bool:
    """Return whether this is the folder of an exported policy."""
    return (Path(path) / MANIFEST).is_file()


def _list_places(name_or_path: str | Path) -> list[Path]:
    path = Path(name_or_path)
    return [path, SHIPPED / path] if len(path.parts) == 1 else [path]


def find_checkpoint(name_or_path: str | Path) -> Path:
    """Return the folder of a checkpoint, shipped or own.

    :raises CheckpointError: if there is none.
    """
    for folder in _list_places(name_or_path):
        if (folder / 'config.json').is_file():
            return folder
    raise CheckpointError(
        f'checkpoint must be a folder with config.json and model.safetensors, or one of '
        f'{shipped_checkpoints()}, got {str(name_or_path)!r}'
    )
