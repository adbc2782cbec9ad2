# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Text of C: templates filled in, numbers as constant arrays."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TEMPLATES = Path(__file__).resolve().parents[1] / 'templates'
_WIDTH = 96


def fill(template: str, **values: Any) -> str:
    """Return a template with its $names replaced; all of them, and no other ones.

    :param template: name of a file in the folder of templates.
    """
    text = (TEMPLATES / template).read_text(encoding='utf-8')
    wanted = {found['named'] or found['braced'] for found in Template.pattern.finditer(text)}
    if wanted != set(values):
        raise ValueError(f'{template} takes {sorted(wanted)}, got {sorted(values)}')
    return Template(text).substitute({name: str(value) for name, value in values.items()})


def write_float(value: float) -> str:
    """Return a float32 as a hexadecimal constant: every compiler reads the very same number."""
    number = np.float32(value)
    if not np.isfinite(number):
        raise ValueError(f'constants of C must be finite floats, got {value!r}')
    mantissa, _, exponent = float(number).hex().partition('p')
    if '.' in mantissa:
        mantissa = mantissa.rstrip('0').rstrip('.')
    return f'{mantissa}p{exponent}f'


def write_comment(text: str, indent: str = '') -> str:
    """Return a comment of one or several lines."""
    lines = textwrap.wrap(' '.join(text.split()), _WIDTH - len(indent) - 6)
    if len(lines) == 1:
        return f'{indent}/* {lines[0]} */'
    first, *rest = lines
    return '\n'.join(
        [f'{indent}/* {first}', *(f'{indent} * {line}' for line in rest), f'{indent} */']
    )


@dataclass
class Constants:
    """The file of a program's numbers."""

    _parts: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        values: ArrayLike,
        comment: str,
        row_names: Sequence[str] = (),
        kind: str = 'float',
    ) -> None:
        """Append an array of as many dimensions as the values have.

        :param comment: what it is, with its units. :param row_names: one for each entry of the
            first dimension, written above it. :param kind: type in C.
        """
        array = np.asarray(values)
        if kind == 'float':
            array = array.astype(np.float32)
        sizes = ''.join(f'[{size}]' for size in array.shape)
        body = _write_rows(array, '    ', row_names)
        self._parts.append(
            f'{write_comment(comment)}\nstatic const {kind} {name}{sizes} = {{\n{body}\n}};\n'
        )

    def add_indices(
        self,
        name: str,
        rows: Sequence[Sequence[int]],
        comment: str,
        row_names: Sequence[str],
        kind: str,
    ) -> None:
        """Append rows of indices, of uneven length, one after the other.

        With them goes an array `NAME_first` of where each row starts, and where the last ends.
        """
        flat = [value for row in rows for value in row]
        starts = np.cumsum([0, *map(len, rows)])
        lines = [
            f'    /* {row_name} */\n{_wrap([f"{value}" for value in row], "    ")}'
            for row_name, row in zip(row_names, rows, strict=True)
        ]
        body = '\n'.join(lines)
        self._parts.append(
            f'{write_comment(comment)}\nstatic const {kind} {name}[{len(flat)}] = {{\n'
            f'{body}\n}};\n'
        )
        self.add(f'{name}_first', starts, f'Where the rows of {name} begin.', kind='uint16_t')

    def write(self) -> str:
        """Return all arrays."""
        return '\n'.join(self._parts)


def _write_rows(array: NDArray[Any], indent: str, names: Sequence[str] = ()) -> str:
    """Return what stands between the braces of an initialiser."""
    if array.ndim == 1:
        numbers = [
            write_float(value) if array.dtype == np.float32 else f'{value}' for value in array
        ]
        return _wrap(numbers, indent)
    lines = []
    for index, row in enumerate(array):
        head = f'{indent}/* {names[index]} */\n' if names else ''
        body = _write_rows(row, indent + '    ')
        if '\n' not in body:
            lines.append(f'{head}{indent}{{{body.strip().rstrip(",")}}},')
        else:
            lines.append(f'{head}{indent}{{\n{body}\n{indent}}},')
    return '\n'.join(lines)


def _wrap(numbers: Sequence[str], indent: str) -> str:
    """Return numbers in lines."""
    text = ', '.join(numbers) + ',' if numbers else ''
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
