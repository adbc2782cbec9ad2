# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A task's fields as options of commands: texts such as `density=2` in, typed values out."""

import inspect
import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

from sim.tasks import check_option
from sim.tasks.task import Task

_FLAGS = {'true': True, 'false': False}
_KINDS: dict[Any, str] = {
    bool: 'true or false',
    int: 'a whole number',
    float: 'a number',
    str: 'a text',
}
_PARAMETER = re.compile(r':param (\w+): (.*?)(?=\s*:(?:param|cvar|return|raises)\b|\Z)', re.DOTALL)


PLACE = ('world', 'season')
"""Fields of every task that commands have words of their own for."""


@dataclass(frozen=True)
class TaskOption:
    """One field of a task.

    :param kind: what a value is, in words. :param default: as it is written.
    :param text: what the task's docstring says of it, with the unit.
    """

    name: str
    kind: str
    default: str
    text: str


def parse_options(task: type[Task], texts: Sequence[str]) -> dict[str, object]:
    """Return values for a task's fields.

    :param texts: such as 'density=2' and 'hold=3'.
    :raises ValueError: if a text is written otherwise, names no field or one twice, or no value of
        its type.
    """
    values: dict[str, object] = {}
    for text in texts:
        name, separator, value = text.partition('=')
        if not separator:
            raise ValueError(f'an option of a task is written as name=value, got {text!r}')
        if name in PLACE:
            raise ValueError(f'{name} is no option of a task here: say --{name}, or {name}:=')
        if name in values:
            raise ValueError(f'option {name} of a task can be given once only')
        check_option(task, name)
        values[name] = _read_value(name, value, get_type_hints(task)[name])
    return values


def _read_value(name: str, text: str, kind: Any) -> object:
    try:
        return _read(text, kind)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{name} must be {_name_kind(kind)}, got {text!r}') from error


def _read(text: str, kind: Any) -> object:
    """Return a text as a value of a type: one of _KINDS, `tuple[...]` of such, or None as well."""
    parts = get_args(kind)
    if type(None) in parts:
        others = [part for part in parts if part is not type(None)]
        return None if text.lower() == 'none' else _read(text, others[0])
    if get_origin(kind) is tuple:
        texts = [part.strip() for part in text.strip('()').split(',') if part.strip()]
        kinds = parts[:1] * len(texts) if parts[-1] is Ellipsis else parts
        return tuple(_read(one, part) for one, part in zip(texts, kinds, strict=True))
    if kind not in _KINDS:
        raise TypeError(f'a value of type {kind} cannot be written as text')
    return _FLAGS[text.lower()] if kind is bool else kind(text)


def _name_kind(kind: Any) -> str:
    """Return what a value of a type is, in words."""
    parts = get_args(kind)
    if type(None) in parts:
        return ' or '.join(_name_kind(part) for part in parts)
    if get_origin(kind) is tuple:
        last = ['and so on'] if parts[-1] is Ellipsis else []
        words = [_name_kind(part) for part in parts if part is not Ellipsis]
        return f'{", ".join([*words, *last])}, with commas between'
    return _KINDS.get(kind, 'none' if kind is type(None) else f'{kind}')


def describe_options(task: type[Task]) -> list[TaskOption]:
    """Return every field of a task, in the order in which its class has them."""
    texts = _read_docstrings(task)
    hints = get_type_hints(task)
    return [
        TaskOption(
            name=entry.name,
            kind=_name_kind(hints[entry.name]),
            default='' if entry.default is MISSING else _write(entry.default),
            text=texts.get(entry.name, ''),
        )
        for entry in fields(task)
        if entry.name not in PLACE
    ]


def _write(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else f'{value}'


def _read_docstrings(task: type[Task]) -> dict[str, str]:
    """Return what a class and those it is made from say of each field."""
    texts: dict[str, str] = {}
    for kind in reversed(task.__mro__):
        before = ''
        for name, text in _PARAMETER.findall(inspect.cleandoc(kind.__doc__ or '')):
            words = ' '.join(text.split()).rstrip('.')
            before = words if not words.startswith('likewise') else before
            texts[name] = before
    return texts
