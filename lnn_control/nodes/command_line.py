# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the command line of a node gives its parameters, in every place where it does.

Several places may set one parameter: config/NAME.yaml, another file, `-p`. rcl keeps a value of
each type, and rclpy takes the first of bool, int, double, text: what came last and was of another
type is gone without a word. So it is read here as well. Knows no ROS.
"""

from collections.abc import Iterator, Sequence

from lnn_control.nodes.params_file import Block, Setting, read_blocks, read_setting

_ALL = '/**'


def list_given(arguments: Sequence[str], full_name: str) -> list[tuple[str, Setting]]:
    """Return parameters of a node and values, once for each place; the last one counts.

    :param arguments: of its process. :param full_name: with its namespace, such as
        /drone/safety_node.
    :raises ValueError: if there is something else than values in it, or if something is set for a
        node of this name in no namespace: rclpy would leave it out without a word.
    """
    # The order of rclpy: by when a block's name came first, then by when its values came.
    given: dict[str, list[tuple[str, Setting]]] = {}
    for block in _list_blocks(arguments):
        if block.is_anywhere and block.fits(full_name) and f'/{block.name}' != full_name:
            raise ValueError(
                f'what is set for {block.name} is for /{block.name} alone, this is {full_name}: '
                f'write {full_name} or /**/{block.name} in a file, and no name after -p'
            )
        name = f'/{block.name.strip("/")}'
        given.setdefault(name, []).extend(block.settings.items())
    return [
        entry
        for name, entries in given.items()
        if Block(name, {}).fits(full_name)
        for entry in entries
    ]


def _list_blocks(arguments: Sequence[str]) -> Iterator[Block]:
    """Yield what is given in each place, in the order of the command line."""
    is_of_ros = False
    words = iter(arguments)
    for word in words:
        if word in ('--ros-args', '--'):
            is_of_ros = word != '--'
        elif is_of_ros and word in ('-p', '--param'):
            yield _read_rule(next(words, ''))
        elif is_of_ros and word == '--params-file':
            yield from read_blocks(next(words, ''))


def _read_rule(rule: str) -> Block:
    """Return what `name:=value` or `node:name:=value` gives."""
    left, _, text = rule.partition(':=')
    node, _, name = left.rpartition(':')
    return Block(node or _ALL, {name: read_setting(name, text)})
