# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Names of a package that are imported when they are first asked for.

Listing tasks, vehicles, disturbances or renderers thus loads neither PyBullet nor OpenGL.
"""

import importlib
from collections.abc import Callable, Mapping


def import_on_demand(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """Return a `__getattr__` (PEP 562) for a package.

    :param package: its `__name__`.
    :param modules: names that the package offers -> the module of the package that defines each.
    """

    def find(name: str) -> object:
        if name not in modules:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        return getattr(importlib.import_module(f'{package}.{modules[name]}'), name)

    return find
