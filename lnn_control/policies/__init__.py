# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Policies: observation in, velocity command out."""

from typing import Any

_NAMES = {
    'Policy': 'policy',
    'load_policy': 'checkpoint',
    'make_policy': 'registry',
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: loading a policy brings torch, naming one does not."""
    import importlib

    if name not in _NAMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'{__name__}.{_NAMES[name]}'), name)
