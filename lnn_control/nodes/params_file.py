# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A file of parameters as ROS has them: blocks by the names of nodes, read for one node at a time.

rclpy takes a block without a namespace for the node of that name outside of any, and ignores it
without a word for all others. Here it is for that node wherever it is started. Knows no ROS.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

Scalar: TypeAlias = bool | int | float | str
Setting: TypeAlias = Scalar | list[Scalar]

_PARAMETERS = 'ros__parameters'
_NULL = 'tag:yaml.org,2002:null'
# What rcl takes for a flag and for a number, which is not quite what YAML does.
_FLAGS = {
    word: is_true
    for is_true, words in ((True, 'y yes true on'), (False, 'n no false off'))
    for text in words.split()
    for word in (text, text.capitalize(), text.upper())
}
_WHOLE = re.compile(r'([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))')
_NUMBER = re.compile(
    r'[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?\.?(?:nan|inf|infinity)', re.I
)
_GREATEST_WHOLE = 2**63


@dataclass(frozen=True)
class Block:
    """What a file gives the parameters of some nodes.

    :param name: of a node anywhere, such as safety_node; in a namespace, such as
        /drone/safety_node; or with * for any name and ** for any number of them.
    """

    name: str
    settings: dict[str, Setting]

    @property
    def is_anywhere(self) -> bool:
        """Whether it names a node in no namespace of its own."""
        return '/' not in self.name and '*' not in self.name

    @property
    def last_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition('/')[2]

    def fits(self, full_name: str) -> bool:
        """Return whether it is for a node, by its name with its namespace."""
        if self.is_anywhere:
            return full_name.rpartition('/')[2] == self.name
        names = {'**': r'(/[^/]+)*', '*': r'/[^/]+'}
        parts = self.name.strip('/').split('/')
        pattern = ''.join(names.get(part, '/' + re.escape(part)) for part in parts)
        return re.fullmatch(pattern, full_name) is not None


def read_blocks(path: str) -> list[Block]:
    """Return the blocks of a file.

    :raises ValueError: if there is no such file, or something else than such blocks in it.
    """
    try:
        content = yaml.compose(Path(path).read_text(), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'params_file must be a YAML file: {error}') from error
    if not isinstance(content, yaml.MappingNode):
        raise ValueError(f'params_file {path} must hold a block a node')
    return [
        Block(name, settings)
        for key, value in content.value
        for name, settings in _find_blocks(path, str(key.value).rstrip('/'), value)
    ]


def choose_settings(blocks: Sequence[Block], full_name: str) -> dict[str, Setting]:
    """Return what blocks give one node; of several the one that names it more closely counts.

    :param full_name: with its namespace, such as /drone/safety_node.
    """
    fitting = [block for block in blocks if block.fits(full_name)]
    fitting.sort(key=lambda block: 0 if '*' in block.name else 1 if block.is_anywhere else 2)
    return {name: value for block in fitting for name, value in block.settings.items()}


def _find_blocks(
    path: str, name: str, node: yaml.Node
) -> Iterator[tuple[str, dict[str, Setting]]]:
    """Yield name and settings of a block, or of those of a namespace."""
    entries = node.value if isinstance(node, yaml.MappingNode) else []
    if not entries:
        raise ValueError(f'params_file {path}: block {name!r} must hold {_PARAMETERS}')
    for key, value in entries:
        if key.value == _PARAMETERS:
            try:
                yield name, dict(_read_parameters(value))
            except ValueError as error:
                raise ValueError(f'params_file {path}: {name}: {error}') from error
        else:
            yield from _find_blocks(path, f'{name}/{key.value}', value)


def _read_parameters(node: yaml.Node) -> Iterator[tuple[str, Setting]]:
    """Yield the parameters of a block and their values; none where all of it is commented out."""
    if isinstance(node, yaml.MappingNode):
        yield from _read_settings(node)
    elif node.tag != _NULL:
        raise ValueError(f'{_PARAMETERS} must hold lines as name: value')


def _read_settings(node: yaml.MappingNode, prefix: str = '') -> Iterator[tuple[str, Setting]]:
    """Yield parameters and their values; those in groups have the names of these before theirs."""
    for key, value in node.value:
        name = f'{prefix}{key.value}'
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _read_settings(value, f'{name}.')
        else:
            yield name, _read_value(name, value)


def read_setting(name: str, text: str) -> Setting:
    """Return the value that a command line gives a parameter.

    :raises ValueError: if it is none.
    """
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f'{name} must be a value of YAML, got {text!r}: {error}') from error
    return _read_value(name, node)


def _read_value(name: str, node: yaml.Node | None) -> Setting:
    """Return a value or a list of them."""
    if isinstance(node, yaml.SequenceNode):
        return [_read_scalar(name, entry) for entry in node.value]
    return _read_scalar(name, node)


def _read_scalar(name: str, node: yaml.Node | None) -> Scalar:
    """Return a value as ROS reads it: 1e3 is a number, 010 is eight, a date is text."""
    if node is not None and not isinstance(node, yaml.ScalarNode):
        raise ValueError(f'{name} must be one value or a list of values, got more inside of it')
    if node is None or (node.style is None and node.tag == _NULL):
        raise ValueError(f"{name} has no value: give it one ('' is an empty text) or leave it out")
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _FLAGS:
        return _FLAGS[text]
    return _read_number(text)


def _read_number(text: str) -> int | float | str:
    """Return the number that a text is, else the text."""
    found = _WHOLE.fullmatch(text)
    if found is not None:
        sign, hexadecimal, octal, decimal = found.groups()
        digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (decimal, 10)
        whole = int(sign + digits, base)
        return whole if -_GREATEST_WHOLE <= whole < _GREATEST_WHOLE else float(whole)
    if _NUMBER.fullmatch(text) is None:
        return text
    return float(text.lower().replace('.inf', 'inf').replace('.nan', 'nan'))
