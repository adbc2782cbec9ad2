# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A file of parameters as ROS has them: blocks by the names of nodes, read for one node at a time.

rclpy takes a block without a namespace for the node of that name outside of any, and ignores it
without a word for all others. Here it is for that node wherever it is started.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

Scalar: TypeAlias = bool | int | float | str
Setting: TypeAlias = Scalar | list[Scalar]

_PARAMETERS = 'ros__parameters'
_BOOL = 'tag:yaml.org,2002:bool'
_READERS: tuple[Callable[[str], Scalar], ...] = (lambda text: int(text, 0), float)


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
            yield name, dict(_read_settings(value))
        else:
            yield from _find_blocks(path, f'{name}/{key.value}', value)


def _read_settings(node: yaml.Node, prefix: str = '') -> Iterator[tuple[str, Setting]]:
    """Yield parameters and their values; those in groups have the names of these before theirs."""
    entries = node.value if isinstance(node, yaml.MappingNode) else []
    for key, value in entries:
        name = f'{prefix}{key.value}'
        if isinstance(value, yaml.MappingNode):
            yield from _read_settings(value, f'{name}.')
        elif isinstance(value, yaml.SequenceNode):
            yield name, [_read_scalar(entry) for entry in value.value]
        else:
            yield name, _read_scalar(value)


def _read_scalar(node: yaml.Node) -> Scalar:
    """Return a value as ROS reads it: 1e3 is a number, a date is text."""
    text = str(node.value)
    if node.style is not None:
        return text
    if node.tag == _BOOL:
        return text.lower() in ('true', 'yes', 'on')
    for read in _READERS:
        try:
            return read(text)
        except ValueError:
            continue
    return text
