# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Policies by what users write: a name, a folder, or `module:Class` of another package."""

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lnn_control.core.registry import Registry
from lnn_control.policies.backends.load import load_deployment
from lnn_control.policies.folders import is_checkpoint, is_deployment, shipped_checkpoints
from lnn_control.policies.policy import Policy


class PolicyError(ValueError):
    """A policy cannot be made; the message is one line."""


def _check_callable(entry: object) -> None:
    if not callable(entry):
        raise ValueError(f'expected a subclass of Policy or a function, got {entry!r}')


POLICIES: Registry[Callable[..., Policy]] = Registry(
    'policy',
    'lnn_control.policies',
    {
        'expert': 'lnn_control.policies.references:ExpertPolicy',
        'hover': 'lnn_control.policies.references:HoverPolicy',
    },
    _check_callable,
)
"""Name -> what makes the policy: called without arguments, with the text after `=` where the user
writes one, and with the environment where it says `needs_environment`."""

_REFERENCE = re.compile(r'[A-Za-z_][\w.]*:[A-Za-z_][\w.]*')


def list_policies() -> list[str]:
    """Return every name that :func:`make_policy` takes."""
    return [*POLICIES, *shipped_checkpoints()]


def is_saved(text: str) -> bool:
    """Return whether what users write is a checkpoint, rather than a name with code behind it."""
    return is_checkpoint(text) and text not in POLICIES


def make_policy(text: str, environment: Any = None) -> Policy:
    """Return a policy.

    :param text: a folder of a checkpoint or of an exported policy, the name of a shipped
        checkpoint, a name of POLICIES or `module:Class`; after the last two `=ARGUMENT` may
        stand, such as `onnx_file=model.onnx`.
    :param environment: in which it will fly; only those that know the truth need it.
    :raises PolicyError: if there is none of that name, or it cannot be made so.
    :raises RegistryError: if another package offers it but it cannot be loaded.
    :raises CheckpointError: if it is a checkpoint or an exported policy, and broken.
    """
    if is_deployment(text):
        return load_deployment(text)
    if is_saved(text):
        # Only here, as it loads torch.
        from lnn_control.policies.checkpoint import load_policy

        return load_policy(text)
    entry, arguments = find_entry(text)
    if getattr(entry, 'needs_environment', False):
        if environment is None:
            raise PolicyError(
                f'policy {text!r} knows the truth of a simulation and cannot fly from sensors '
                'alone: evaluate, collect and sim view fly it'
            )
        arguments = [environment, *arguments]
    try:
        policy = entry(*arguments)
    except TypeError as error:
        raise PolicyError(
            f'policy {text!r} cannot be made with {len(arguments)} arguments: {error}'
        ) from error
    if not isinstance(policy, Policy):
        raise PolicyError(f'policy {text!r} must give a Policy, got {type(policy).__name__}')
    return policy


def find_entry(text: str) -> tuple[Callable[..., Policy], list[Any]]:
    """Return what makes a policy that is no checkpoint, and the argument the user wrote.

    :raises PolicyError: if there is none of that name; the message lists those that there are.
    """
    name, separator, argument = text.partition('=')
    if name not in POLICIES and not _REFERENCE.fullmatch(name):
        names = list_policies()
        closest = difflib.get_close_matches(Path(name).name, names, n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        raise PolicyError(
            f'policy must be a folder with config.json and model.safetensors, the folder of an '
            f'exported policy, one of {names}, or module:Class, got {text!r}{hint}'
        )
    return POLICIES.find(name), [argument] if separator else []


def is_blind(text: str) -> bool:
    """Return whether a policy looks at no image, without making it.

    :raises ValueError: if there is no such policy.
    """
    if is_deployment(text) or is_saved(text):
        return False
    return bool(getattr(find_entry(text)[0], 'is_blind', False))
