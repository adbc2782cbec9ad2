# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A policy for a backend: as it is, or exported when first asked for. Loads no torch."""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from lnn_control import __version__
from lnn_control.policies.backends.compiler import find_cache
from lnn_control.policies.backends.deployment import TARGETS, read_manifest
from lnn_control.policies.folders import (
    CheckpointError,
    find_checkpoint,
    is_checkpoint,
    is_deployment,
)

TORCH = 'torch'
BACKENDS = (TORCH, *TARGETS)
"""What can compute a policy."""


class BackendError(CheckpointError):
    """A policy cannot fly with this backend; the message says why and what to do."""


def provide_policy(policy: str, backend: str | None) -> str:
    """Return what to make so that a policy is computed by a backend.

    :param policy: as users write it. :param backend: one of BACKENDS; None is torch for a
        checkpoint, and what an exported folder was exported to.
    :return: the policy as it was written, or the folder of its export.
    :raises BackendError: if the policy has no such backend, or exporting it fails.
    """
    if backend is None:
        return policy
    if backend not in BACKENDS:
        raise BackendError(f'backend must be one of {list(BACKENDS)}, got {backend!r}')
    if is_deployment(policy):
        target = read_manifest(Path(policy)).target
        if target != backend:
            raise BackendError(
                f'{policy} was exported to {target}, not to {backend}: leave the backend out, or '
                'export the checkpoint again'
            )
        return policy
    if not is_checkpoint(policy):
        raise BackendError(
            f'backend {backend} has no effect: policy {policy!r} is neither a checkpoint nor '
            'exported'
        )
    return policy if backend == TORCH else str(_export(find_checkpoint(policy), backend))


def needs_torch(policy: str) -> bool:
    """Return whether making a policy loads torch."""
    return is_checkpoint(policy) and not is_deployment(policy)


def _export(checkpoint: Path, target: str) -> Path:
    """Return the folder of a checkpoint's export in the cache, written if it is not there."""
    exports = find_cache() / 'exports'
    folder = exports / f'{checkpoint.resolve().name}-{target}-{_make_key(checkpoint)}'
    if not is_deployment(folder):
        if importlib.util.find_spec(TORCH) is None:
            raise BackendError(
                f'{checkpoint} must be exported first, which needs torch: on a computer that has '
                f'it, lnn-control export --policy {checkpoint} --to {target} --output FOLDER, '
                'then name the folder as the policy'
            )
        exports.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=exports) as scratch:
            made = Path(scratch) / folder.name
            _export_in_own_process(checkpoint, made, target)
            if not is_deployment(folder):  # another process may have been faster
                made.replace(folder)
    return folder


def _export_in_own_process(checkpoint: Path, folder: Path, target: str) -> None:
    """Export without loading torch here."""
    command = [sys.executable, '-m', 'lnn_control.deploy', str(checkpoint), str(folder), target]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise BackendError(
            f'{checkpoint} cannot be exported to {target}: '
            f'{lines[-1] if lines else f"exit code {done.returncode}"}'
        )


def _make_key(checkpoint: Path) -> str:
    """Return a name for the export of these weights by this version of the exporter."""
    content = hashlib.sha256(__version__.encode())
    here = Path(__file__).parent
    exporter = [path for path in sorted(here.rglob('*')) if path.suffix in ('.py', '.c', '.h')]
    for path in [*exporter, checkpoint / 'config.json', checkpoint / 'model.safetensors']:
        if path.is_file():
            content.update(path.read_bytes())
    return content.hexdigest()[:16]
