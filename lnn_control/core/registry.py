# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Things chosen by name: ours, those of other packages, and `module:Name` written out.

Another package offers something by an entry point of the registry's group, such as

    [project.entry-points."lnn_control.tasks"]
    find_exit = "my_package.find_exit:FindExit"

Nothing is imported before it is asked for.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

T = TypeVar('T')


class UnknownNameError(ValueError):
    """No entry has this name; the message lists those that there are."""


class RegistryError(ValueError):
    """An entry that another package offers cannot be used; the message says why."""


class Registry(Mapping[str, T], Generic[T]):
    """Names -> entries of one kind.

    As a mapping it has the names that can be listed, ours first; :meth:`find` also takes
    `module:Name`, and its errors are meant for users.

    :param kind: what an entry is called in messages, such as 'task'.
    :param group: of the entry points by which other packages add to it.
    :param entries: ours; a text `module:Name` is imported when it is first asked for.
    :param check: raises a ValueError that says what is wrong with an entry of another package.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        entries: Mapping[str, T | str],
        check: Callable[[T], None] | None = None,
    ) -> None:
        self.kind = kind
        self.group = group
        self._own = dict(entries)
        self._check = check
        self._loaded: dict[str, T] = {}

    @cached_property
    def _offered(self) -> dict[str, EntryPoint]:
        """Entry points of other packages, by name."""
        offered: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            before = offered.get(point.name)
            if point.name in self._own or (before is not None and before.value != point.value):
                raise RegistryError(
                    f'{self.kind} {point.name!r} is offered twice, by {_name_package(point)} and '
                    f'{"lnn_control" if before is None else _name_package(before)}: uninstall one '
                    'or rename it'
                )
            offered[point.name] = point
        return offered

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from sorted(self._offered)

    def __len__(self) -> int:
        return len(self._own) + len(self._offered)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._offered

    def __getitem__(self, name: str) -> T:
        """Return the entry of a listed name.

        :raises KeyError: if there is none. :raises RegistryError: if it cannot be used.
        """
        if name not in self:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def is_own(self, name: str) -> bool:
        """Return whether an entry comes with this package."""
        return name in self._own

    def find(self, name: str) -> T:
        """Return an entry by its name or as `module:Name`.

        :raises UnknownNameError: if there is none.
        :raises RegistryError: if it is there but cannot be used.
        """
        if name in self:
            return self[name]
        module, separator, _ = name.partition(':')
        if separator and module:
            # As with `python -m`: what lies where the user stands can be named.
            if os.getcwd() not in sys.path:
                sys.path.append(os.getcwd())
            return self._inspect(self._import(name, f'{self.kind} {name!r}'), f'{name!r}')
        raise UnknownNameError(self.describe_unknown(name))

    def describe_unknown(self, name: str) -> str:
        """Return one line that lists the valid names and the closest one."""
        closest = difflib.get_close_matches(name, list(self), n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        return f'{self.kind} must be one of {sorted(self)} or module:Name, got {name!r}{hint}'

    def _load(self, name: str) -> T:
        own = self._own.get(name)
        if own is not None:
            return cast(T, self._import(own, name)) if isinstance(own, str) else own
        point = self._offered[name]
        source = f'{name!r} of package {_name_package(point)}'
        return self._inspect(self._import(point.value, f'{self.kind} {source}'), source)

    def _inspect(self, entry: object, source: str) -> T:
        try:
            if self._check is not None:
                self._check(cast(T, entry))
        except ValueError as error:
            raise RegistryError(f'{self.kind} {source} cannot be used: {error}') from error
        return cast(T, entry)

    def _import(self, reference: str, source: str) -> object:
        """Return what `module:Name` names.

        :raises RegistryError: if there is no such module or name.
        :raises ModuleNotFoundError: if the module needs another one that is missing.
        """
        module_name, _, path = reference.partition(':')
        try:
            entry: object = importlib.import_module(module_name)
            for step in filter(None, path.split('.')):
                entry = getattr(entry, step)
        except ModuleNotFoundError as error:
            if error.name is None or not f'{module_name}.'.startswith(f'{error.name}.'):
                raise
            raise RegistryError(
                f'{source} cannot be loaded, there is no module {error.name!r}: install the '
                'package or start where Python finds it'
            ) from error
        except AttributeError as error:
            raise RegistryError(f'{source} cannot be loaded: {error}') from error
        return entry


def _name_package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def check_subclass(kind: type) -> Callable[[object], None]:
    """Return a check that an entry is a subclass of a class of ours."""

    def check(entry: object) -> None:
        if not (isinstance(entry, type) and issubclass(entry, kind)):
            raise ValueError(
                f'expected a subclass of {kind.__module__}.{kind.__qualname__}, got {entry!r}'
            )

    return check
