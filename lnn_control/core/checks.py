# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that every data type runs once, when it is made."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_array(
    name: str, value: ArrayLike, shape: tuple[int | None, ...], dtype: Any = np.float64
) -> NDArray[Any]:
    """Return a read-only copy of a finite array of the given shape.

    :param name: what the array is called in the error message.
    :param shape: expected shape; None stands for any length.
    :raises ValueError: if the shape is another one or an element is not finite.
    """
    try:
        array = np.array(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{name} must be numbers of shape {shape}, got {value!r}') from error
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f'{name} must have shape {shape}, got {array.shape}')
    if array.dtype.kind == 'f' and not np.isfinite(array).all():
        shown = array.tolist() if array.size <= 16 else _describe_first_wrong_row(array)
        raise ValueError(f'{name} must be finite, got {shown}')
    array.flags.writeable = False
    return array


def _describe_first_wrong_row(array: NDArray[Any]) -> str:
    """Return where a large array is not finite."""
    is_wrong = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    row = int(np.argmax(is_wrong))
    values = array[row].tolist() if array[row].size <= 16 else 'a number that is not'
    return f'{values} in row {row}'


def check_number(
    name: str, value: float, low: float = -np.inf, high: float = np.inf, unit: str = ''
) -> float:
    """Return the value as a finite float within [low, high].

    :raises ValueError: if it is no number, not finite or out of range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{name} must be a number, got {value!r}') from error
    if not (np.isfinite(number) and low <= number <= high):
        suffix = f' {unit}' if unit else ''
        raise ValueError(
            f'{name} must be a finite number in [{low:g}, {high:g}]{suffix}, got {value!r}'
        )
    return number
