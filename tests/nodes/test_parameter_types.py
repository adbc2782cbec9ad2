# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from lnn_control.nodes.parameter_types import fit_value


@pytest.mark.parametrize(
    ('usual', 'value', 'message'),
    [
        (3.0, '0.5', "a finite number, got the text '0.5': write its digits alone, with a point,"),
        (3.0, '0,5', "a finite number, got the text '0,5': write its digits alone"),
        (3.0, [0.5], 'a finite number, got the list [0.5]'),
        (3.0, True, 'a finite number, got true'),
        (3.0, math.nan, 'a finite number, got nan'),
        (3.0, -math.inf, 'a finite number, got -inf'),
        (1, 2.0, 'a whole number, got 2.0: write its digits alone, without point'),
        (1, True, 'a whole number, got true'),
        (True, 1, 'true or false, got 1: write one of these, without quotes'),
        (True, 'true', "true or false, got the text 'true'"),
        ('', ['scan', 'range'], "text, got the list ['scan', 'range']: write it in quotes, all"),
        ('', [], 'text, got the list []'),
        ('', 5, 'text, got 5: write it in quotes'),
        ('', None, 'text, got None'),
    ],
)
def test_value_of_another_type_is_refused_with_what_to_write(
    usual: object, value: object, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        fit_value('jerk', usual, value)  # type: ignore[arg-type]
    assert f'jerk must be {message}' in str(caught.value)


@pytest.mark.parametrize('value', [True, 2, 2.5, 'scan'])
def test_value_of_the_same_type_stays(value: object) -> None:
    assert fit_value('jerk', value, value) is value or value == 2.5  # type: ignore[arg-type]


def test_whole_number_is_a_number_as_well() -> None:
    fitting = fit_value('jerk', 3.0, 2)
    assert (fitting, type(fitting)) == (2.0, float)
