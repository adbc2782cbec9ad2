# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a search varies: options of `lnn-control train`, each a list of values or a range.

A point of the space has a label for each option: the text of a value in its list, or a number of
its range. It becomes settings by :meth:`Dimension.read`, and a command by :func:`write_words`.
"""

import difflib
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from lnn_control.cli.train import Train

T = TypeVar('T')

Label = str | int | float
Point = Mapping[str, Label]
"""Name of an option -> which of its values."""

# What says with what, where and how fast, not how to train.
_FIXED = (
    *('data', 'output', 'name', 'max_parameters'),
    *('validate_episodes', 'save_seconds', 'device', 'threads'),
)
_LOG = 'log'
_DIGITS = 4  # of a number drawn from a range: a command stays short enough to be typed


@dataclass(frozen=True)
class Option:
    """An option of `train`.

    :param name: with underscores. :param hint: type of its values. :param default: None where it
        has none.
    """

    name: str
    hint: Any
    default: Any = None

    @property
    def flag(self) -> str:
        """How it is written on a command line."""
        return f'--{self.name.replace("_", "-")}'

    @property
    def is_repeated(self) -> bool:
        """Whether it may be given several times, each with one value more."""
        return self.hint == tuple[str, ...]

    @property
    def number(self) -> type | None:
        """The type of its values where these are single numbers: int, float or None."""
        kinds = [kind for kind in get_args(self.hint) or (self.hint,) if kind is not type(None)]
        return kinds[0] if kinds in ([int], [float]) else None

    def read(self, text: str) -> Any:
        """Return the value that a text stands for.

        :raises ValueError: if it stands for none.
        """
        if self.is_repeated:
            return text
        if text == 'None' and type(None) in get_args(self.hint):
            return None
        value: Any = text.split() if getattr(self.hint, '__origin__', None) is tuple else text
        try:
            return TypeAdapter(self.hint).validate_python(value)
        except ValidationError as error:
            raise ValueError(
                f'{self.flag} takes {_describe_hint(self.hint)}, got {text!r}'
            ) from error

    def write(self, value: Any) -> list[str]:
        """Return the words of a command line that give it a value."""
        if self.hint is bool:
            # A flag that is on is an option to switch it off.
            off = f'--no-{self.flag[2:]}'
            return [] if value == self.default else [self.flag if value else off]
        values = value if isinstance(value, tuple) else (value,)
        return [self.flag, *map(str, values)]


@dataclass(frozen=True)
class Dimension(ABC):
    """An option with the values that a search may give it."""

    option: Option

    @property
    @abstractmethod
    def corners(self) -> tuple[Label, ...]:
        """Labels that `train` must accept for it to accept all."""

    @property
    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None where they cannot be counted."""

    @abstractmethod
    def read(self, label: Label) -> Any:
        """Return the value of a label."""

    @abstractmethod
    def describe(self) -> Any:
        """Return what the user asked for, as JSON has it."""


@dataclass(frozen=True)
class Choices(Dimension):
    """A list of values."""

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        values = [self.option.read(label) for label in self.labels]
        if len(values) < 2:
            raise ValueError(f'one value is no choice: give it as {self.option.flag} itself')
        if any(value in values[:place] for place, value in enumerate(values)):
            raise ValueError(f'values must differ, got {", ".join(self.labels)}')

    @property
    def corners(self) -> tuple[Label, ...]:
        """All of them."""
        return self.labels

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.labels)

    def read(self, label: Label) -> Any:
        """Return the value of a label."""
        return self.option.read(str(label))

    def describe(self) -> list[str]:
        """Return the labels."""
        return list(self.labels)


@dataclass(frozen=True)
class Range(Dimension):
    """The numbers from a lowest to a highest one, both included.

    :param is_log: whether as many are tried between 1 and 10 as between 10 and 100.
    """

    low: float
    high: float
    is_log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f'low must be below high, got {self.low:g}:{self.high:g}')
        if self.is_log and self.low <= 0:
            raise ValueError(f'a range in steps of a factor begins above 0, got {self.low:g}')

    @property
    def is_integer(self) -> bool:
        """Whether its numbers are whole."""
        return self.option.number is int

    @property
    def corners(self) -> tuple[Label, ...]:
        """Both ends."""
        return self.low, self.high

    @property
    def count(self) -> int | None:
        """How many whole numbers there are."""
        return int(self.high - self.low) + 1 if self.is_integer else None

    def read(self, label: Label) -> Any:
        """Return the value of a label."""
        return int(label) if self.is_integer else float(label)

    def round(self, number: float) -> float:
        """Return a number with few digits that is still within the range."""
        if self.is_integer:
            return int(number)
        return min(max(float(f'{number:.{_DIGITS}g}'), self.low), self.high)

    def describe(self) -> dict[str, Any]:
        """Return both ends and whether it is logarithmic."""
        return {'low': self.low, 'high': self.high, _LOG: self.is_log}


Space = tuple[Dimension, ...]


def list_options() -> dict[str, Option]:
    """Return the options of `train` that a search can vary, by name."""
    found = {option.name: option for option in _list_options(Train)}
    return {name: option for name, option in found.items() if name not in _FIXED}


def _list_options(kind: type) -> Iterator[Option]:
    hints = get_type_hints(kind)
    for entry in fields(kind):
        if is_dataclass(hints[entry.name]):
            yield from _list_options(hints[entry.name])  # type: ignore[arg-type]
        else:
            default = None if entry.default is MISSING else entry.default
            yield Option(entry.name, hints[entry.name], default)


def read_space(texts: Sequence[str], given: set[str]) -> Space:
    """Return the space that texts such as 'batch_size=4,8' and 'learning_rate=1e-3:1e-2' span.

    :param given: options, with underscores, that the command line gives a value.
    :raises ValueError: if there is no such option or value, or nothing is varied.
    """
    if not texts:
        raise ValueError('nothing to search: say what to --vary, such as batch_size=4,8,16')
    space = tuple(read_dimension(text) for text in texts)
    names = [dimension.option.name for dimension in space]
    for dimension in space:
        name = dimension.option.name
        if names.count(name) > 1:
            raise ValueError(f'--vary {name} can be given once only')
        written = {name, f'no_{name}'} if dimension.option.hint is bool else {name}
        if written & given and not dimension.option.is_repeated:
            raise ValueError(f'{dimension.option.flag} is given and varied: leave one of them out')
    return space


def read_dimension(text: str) -> Dimension:
    """Return the option and the values of a text.

    :raises ValueError: if there is no such option or value.
    """
    name, separator, values = text.partition('=')
    name = name.removeprefix('--').replace('-', '_')
    if not separator:
        raise ValueError(f'--vary takes NAME=VALUES, such as batch_size=4,8,16, got {text!r}')
    option = _find_option(name)
    try:
        if option.number is not None and ':' in values:
            return _read_range(option, values)
        return Choices(option, tuple(value.strip() for value in values.split(',')))
    except ValueError as error:
        raise ValueError(f'--vary {name}: {error}') from error


def _find_option(name: str) -> Option:
    """Return the option of a name.

    :raises ValueError: if `train` has none, or none that can be varied.
    """
    options = list_options()
    if name in options:
        return options[name]
    if name in _FIXED:
        raise ValueError(f'{name} is not how to train and cannot be varied')
    closest = difflib.get_close_matches(name, options, n=1)
    hint = f'did you mean {closest[0]!r}?' if closest else 'see `lnn-control train --help`'
    raise ValueError(f'train has no option {name!r} to vary: {hint}')


def _read_range(option: Option, text: str) -> Range:
    """Return the range that 'low:high' or 'low:high:log' says."""
    low, high, *scale = text.split(':')
    if scale not in ([], [_LOG]):
        raise ValueError(f'a range is written low:high or low:high:{_LOG}, got {text!r}')
    first, last = option.read(low), option.read(high)
    if first is None or last is None:
        raise ValueError(f'the ends of a range are numbers, got {text!r}')
    return Range(option, first, last, is_log=bool(scale))


def _describe_hint(hint: Any) -> str:
    """Return what kind of value a type asks for."""
    kinds = [kind for kind in get_args(hint) if kind is not Ellipsis] or [hint]
    words = {int: 'a whole number', float: 'a number', bool: 'true or false', str: 'a name'}
    if getattr(hint, '__origin__', None) is tuple:
        return f'{len(kinds)} numbers with spaces between'
    return ' or '.join('None' if kind is type(None) else words[kind] for kind in kinds)


def list_corner_points(space: Space) -> list[Point]:
    """Return the points that `train` must accept for it to accept all.

    Whatever does not fit together are two values: each pair of corners is in one point.
    """
    first = {dimension.option.name: dimension.corners[0] for dimension in space}
    points = [first] if len(space) > 1 else []
    for one, other in itertools.combinations_with_replacement(space, 2):
        if one is other and len(space) > 1:
            continue
        for pair in itertools.product(one.corners, other.corners):
            names = one.option.name, other.option.name
            points.append(first | dict(zip(names, pair, strict=True)))
    return list({tuple(point.items()): point for point in points}.values())


def count_points(space: Space) -> int | None:
    """Return how many points there are; None where they cannot be counted."""
    counts = [dimension.count for dimension in space]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def change_options(settings: T, space: Space, point: Point) -> T:
    """Return the settings of a point, all changed at once, those of nested settings too.

    :raises ValueError: if the settings do not take a value.
    """
    values = {d.option.name: (d.option, d.read(point[d.option.name])) for d in space}
    return _change(settings, values)


def _change(settings: Any, values: Mapping[str, tuple[Option, Any]]) -> Any:
    changes: dict[str, Any] = {}
    hints = get_type_hints(type(settings))
    for entry in fields(settings):
        before = getattr(settings, entry.name)
        if is_dataclass(hints[entry.name]):
            changes[entry.name] = _change(before, values)
        elif entry.name in values:
            option, value = values[entry.name]
            changes[entry.name] = (*before, value) if option.is_repeated else value
    return replace(settings, **changes)


def write_words(space: Space, point: Point) -> list[str]:
    """Return the words of a `train` command that give the options of a point their values."""
    words: list[str] = []
    for dimension in space:
        words += dimension.option.write(dimension.read(point[dimension.option.name]))
    return words
