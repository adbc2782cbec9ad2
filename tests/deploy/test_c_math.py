# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""exp, tanh, sigmoid and log of the C programs are as exact as their comments say."""

import ctypes
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lnn_control.deploy.c_program.build import ERRORS
from lnn_control.deploy.c_program.source import fill
from tests.deploy.tools import require

Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]
PROGRAM = """
#include "lnn_log1p.h"
#define MAP(name) void name(const float *x, float *y, int count) \\
    { for (int i = 0; i < count; i++) y[i] = lnn_##name(x[i]); }
MAP(exp)
MAP(tanh)
MAP(sigmoid)
MAP(log1p)
"""


@pytest.fixture(scope='module')
def find(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Function]:
    """Return a function that finds a function of the C library by its name."""
    require('gcc')
    folder = tmp_path_factory.mktemp('math')
    errors = {name: value for name, value in ERRORS.items() if name != 'log1p_error'}
    (folder / 'lnn_math.h').write_text(fill('lnn_math.h', **errors))
    (folder / 'lnn_log1p.h').write_text(fill('lnn_log1p.h', log1p_error=ERRORS['log1p_error']))
    (folder / 'all.c').write_text(PROGRAM)
    library = folder / 'all.so'
    flags = ['-std=c99', '-O2', '-ffp-contract=off', '-shared', '-fPIC']
    subprocess.run(['gcc', *flags, '-o', library, folder / 'all.c'], check=True)
    loaded = ctypes.CDLL(str(library))

    def find_function(name: str) -> Function:
        def run(values: NDArray[np.float32]) -> NDArray[np.float32]:
            given = np.ascontiguousarray(values, dtype=np.float32)
            result = np.empty_like(given)
            call = loaded[name]
            call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
            call(given.ctypes.data, result.ctypes.data, len(given))
            return result

        return run

    return find_function


def spread(low: float, high: float) -> NDArray[np.float32]:
    """Return many floats of a range, close ones and small ones among them."""
    small = np.geomspace(1e-38, max(-low, high), 300_001)
    values = np.concatenate([np.linspace(low, high, 1_000_001), small, -small])
    return values[(values >= low) & (values <= high)].astype(np.float32)


def test_exp_is_as_exact_as_it_says(find: Callable[[str], Function]) -> None:
    x = spread(-87.0, 88.0)
    exact = np.exp(x.astype(np.float64))
    assert np.abs(find('exp')(x) / exact - 1.0).max() < float(ERRORS['exp_error'])


@pytest.mark.parametrize('name', ['tanh', 'sigmoid'])
def test_bounded_functions_are_as_exact_as_they_say(
    find: Callable[[str], Function], name: str
) -> None:
    x = spread(-60.0, 60.0)
    wide = x.astype(np.float64)
    exact = np.tanh(wide) if name == 'tanh' else 1.0 / (1.0 + np.exp(-wide))
    assert np.abs(find(name)(x) - exact).max() < float(ERRORS[f'{name}_error'])


def test_log_is_as_exact_as_it_says(find: Callable[[str], Function]) -> None:
    x = spread(1e-30, 1e5)
    error = np.abs(find('log1p')(x) / np.log1p(x.astype(np.float64)) - 1.0)
    assert error.max() < float(ERRORS['log1p_error'])


def test_far_values_saturate_and_nan_stays_nan(find: Callable[[str], Function]) -> None:
    far = np.array([-1e30, -np.inf, 1e30, np.inf], dtype=np.float32)
    assert find('tanh')(far).tolist() == [-1.0, -1.0, 1.0, 1.0]
    assert find('sigmoid')(far)[2:].tolist() == [1.0, 1.0]
    assert find('sigmoid')(far)[:2].max() < 1e-37
    assert find('exp')(far)[2] == find('exp')(np.array([88.0], dtype=np.float32))[0]
    for name in ('exp', 'tanh', 'sigmoid'):
        assert np.isnan(find(name)(np.array([np.nan], dtype=np.float32))).all()
