# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A policy that travels: by the name that users write, one in a folder with its files."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnn_control.policies.backends.deployment import read_manifest
from lnn_control.policies.folders import MANIFEST, find_checkpoint, is_deployment
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import is_saved, make_policy

FILES = ('config.json', 'model.safetensors')
"""What makes a checkpoint fly."""


@dataclass(frozen=True)
class PackedPolicy:
    """Makes a policy where its folder need not be; picklable.

    :param text: what :func:`make_policy` takes.
    :param files: of its folder by name, none of a policy that has none.
    """

    text: str
    files: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __call__(self, environment: Any = None) -> Policy:
        """Return the policy.

        :param environment: in which it will fly.
        :raises ValueError: if it cannot be made.
        """
        if not self.files:
            return make_policy(self.text, environment)
        with tempfile.TemporaryDirectory() as name:
            for file, data in self.files.items():
                (Path(name) / file).parent.mkdir(exist_ok=True)
                (Path(name) / file).write_bytes(data)
            return make_policy(name)


def pack_policy(text: str) -> PackedPolicy:
    """Return a policy with all that makes it fly elsewhere, as its files are now.

    :param text: what :func:`make_policy` takes.
    :raises OSError: if a file of its folder cannot be read.
    """
    if is_deployment(text):
        folder = Path(text)
        names: tuple[str, ...] = (MANIFEST, *read_manifest(folder).files)
    elif is_saved(text):
        folder, names = find_checkpoint(text), FILES
    else:
        return PackedPolicy(text)
    return PackedPolicy(text, {name: (folder / name).read_bytes() for name in names})
