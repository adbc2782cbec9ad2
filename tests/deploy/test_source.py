# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is written of numbers into C is read back as the same numbers."""

import numpy as np
import pytest

from lnn_control.deploy.c_program.source import Constants, fill, write_comment, write_float


@pytest.mark.parametrize('value', [0.0, 1.0, -0.1, 1e-42, 3.4e38, np.float32(np.pi), -(2.0**-126)])
def test_float_is_read_back_bit_by_bit(value: float) -> None:
    text = write_float(value)
    assert text.endswith('f')
    assert np.float32(float.fromhex(text[:-1])) == np.float32(value)


def test_float_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match='must be finite floats, got nan'):
        write_float(float('nan'))


def test_array_has_its_sizes_rows_and_names() -> None:
    constants = Constants()
    constants.add('weight', [[1.0, 0.5], [2.0, -1.0]], 'Weights.', ['first', 'second'])
    assert constants.write() == (
        '/* Weights. */\n'
        'static const float weight[2][2] = {\n'
        '    /* first */\n'
        '    {0x1p+0f, 0x1p-1f},\n'
        '    /* second */\n'
        '    {0x1p+1f, -0x1p+0f},\n'
        '};\n'
    )


def test_indices_of_uneven_rows_have_their_starts() -> None:
    constants = Constants()
    constants.add_indices('source', [[3, 1], [], [2]], 'Wiring.', ['a', 'b', 'c'], 'uint8_t')
    text = constants.write()
    assert 'static const uint8_t source[3] = {' in text
    assert 'static const uint16_t source_first[4] = {\n    0, 2, 2, 3,\n};' in text


def test_template_takes_its_own_names_and_no_other() -> None:
    assert 'hidden, steering' in fill('readout.c', num_hidden=5)
    with pytest.raises(ValueError, match=r"readout.c takes \['num_hidden'\], got \['hidden'\]"):
        fill('readout.c', hidden=5)


def test_long_comment_is_wrapped() -> None:
    lines = write_comment('word ' * 40).splitlines()
    assert len(lines) > 2 and max(map(len, lines)) <= 99
    assert lines[0].startswith('/* word') and lines[-1] == ' */'
