# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's package, made sure to be ours: `sim` is a name that others use as well."""

import importlib
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

NAME = 'sim'


class ForeignSimulatorError(ImportError):
    """Python finds another package of this name first; the message says where and what to do."""


def import_simulator() -> ModuleType:
    """Return our package `sim`. What lies in its way is not run.

    :raises ForeignSimulatorError: if another package called `sim` is found instead.
    :raises ModuleNotFoundError: if there is none at all, or it needs a module that is missing.
    """
    check_simulator()
    return importlib.import_module(NAME)


def check_simulator() -> None:
    """Check that the package `sim` that Python finds is ours, if it finds one; run nothing of it.

    :raises ForeignSimulatorError: if it is another one.
    """
    spec = find_spec(NAME)
    if spec is not None and not _is_ours(spec):
        raise ForeignSimulatorError(
            f'another package called {NAME} lies in the way: {_locate(spec)}; start from another '
            'directory, rename it or take it off PYTHONPATH',
            name=NAME,
        )


def _is_ours(spec: ModuleSpec) -> bool:
    """Return whether a package lies beside this one, where both are installed together."""
    ours = Path(__file__).resolve().parents[2] / NAME
    return spec.origin is not None and Path(spec.origin).resolve().parent == ours


def _locate(spec: ModuleSpec) -> str:
    """Return the file or, of a package without one, the folder."""
    return spec.origin or ', '.join(spec.submodule_search_locations or ())
