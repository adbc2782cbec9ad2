# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Strict configuration: a YAML file in, a frozen dataclass out, every mistake named.

Values are checked by type (no text for a number, no number for a flag) and by the dataclass's own
`__post_init__`. A key that is not a field is an error, so a misspelt setting never goes unseen.
"""

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar('T')


class ConfigError(ValueError):
    """A configuration that cannot be used. Its message names file, key and cure."""


def load_config(cls: type[T], path: Path | str) -> T:
    """Return the dataclass described by a YAML file; keys left out keep their defaults.

    :raises ConfigError: if the file is no YAML mapping, a key is unknown or a value is wrong.
    :raises FileNotFoundError: if there is no such file.
    """
    try:
        loader = _StrictLoader(Path(path).read_text(encoding='utf-8'))
        values = loader.get_single_data()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: not valid YAML: {" ".join(str(error).split())}') from error
    return parse_config(cls, {} if values is None else values, source=str(path))


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML itself would take the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping.

        :raises yaml.constructor.ConstructorError: if a key stands twice.
        """
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                text = f'the key {key.value!r} stands twice'
                raise yaml.constructor.ConstructorError(None, None, text, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_config(cls: type[T], values: Any, source: str = 'config') -> T:
    """Return the dataclass described by plain values, as YAML or JSON gives them.

    :param source: where the values come from, for error messages.
    :raises ConfigError: if a key is unknown or a value is wrong.
    """
    if not isinstance(values, dict):
        raise ConfigError(f'{source}: expected keys and values, got {values!r}')
    unknown = '; '.join(_find_unknown_keys(cls, values))
    if unknown:
        raise ConfigError(f'{source}: {unknown}')
    try:
        # From JSON, strict mode takes a mapping for a dataclass and a list for a tuple.
        return TypeAdapter(cls).validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        raise ConfigError(f'{source}: {_describe(error)}') from error


def _find_unknown_keys(cls: Any, values: dict[Any, Any], prefix: str = '') -> Iterator[str]:
    """Yield one sentence for each key that is no field, here and in nested dataclasses."""
    hints = typing.get_type_hints(cls)
    valid = [entry.name for entry in dataclasses.fields(cls) if entry.init]
    for key, value in values.items():
        if key not in valid:
            closest = difflib.get_close_matches(str(key), valid, n=1)
            hint = f', did you mean {prefix + closest[0]!r}?' if closest else ''
            yield f'unknown key {f"{prefix}{key}"!r}{hint or f" (valid: {sorted(valid)})"}'
            continue
        nested = _find_dataclass(hints[key])
        # One of them, or several in a list.
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if nested is not None and isinstance(part, dict):
                yield from _find_unknown_keys(nested, part, f'{prefix}{key}.')


def _find_dataclass(hint: Any) -> Any | None:
    """Return the dataclass that a hint asks for, also in `Optional` and `tuple`, or None."""
    if dataclasses.is_dataclass(hint):
        return hint
    if typing.get_origin(hint) is tuple:
        return _find_dataclass(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        found = [arm for arm in typing.get_args(hint) if dataclasses.is_dataclass(arm)]
        return found[0] if len(found) == 1 else None
    return None


def _describe(error: ValidationError) -> str:
    """Return what is wrong with each value as one line."""
    parts = []
    for entry in error.errors(include_url=False):
        key = '.'.join(str(step) for step in entry['loc'])
        message = entry['msg'].removeprefix('Value error, ')
        got = '' if entry['type'] in ('missing', 'value_error') else f', got {entry["input"]!r}'
        parts.append(f'{key}: {message}{got}' if key else message)
    return '; '.join(parts)
