# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A policy that travels: by the name that users write, a checkpoint with its files."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnn_control.policies.folders import find_checkpoint
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import is_saved, make_policy

FILES = ('config.json', 'model.safetensors')
"""What makes a checkpoint fly."""


@dataclass(frozen=True)
class PackedPolicy:
    """Makes a policy where its checkpoint need not be; picklable.

    :param text: what :func:`make_policy` takes.
    :param files: of its checkpoint by name, none of a policy that is no checkpoint.
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
                (Path(name) / file).write_bytes(data)
            return make_policy(name)


def pack_policy(text: str) -> PackedPolicy:
    """Return a policy with all that makes it fly elsewhere, as its files are now.

    :param text: what :func:`make_policy` takes.
    :raises OSError: if a file of its checkpoint cannot be read.
    """
    if not is_saved(text):
        return PackedPolicy(text)
    folder = find_checkpoint(text)
    return PackedPolicy(text, {name: (folder / name).read_bytes() for name in FILES})
