# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a parameter may be set to by its type, and what to write instead of what it may not.

Knows no ROS, so that it can be asked before a node starts.
"""

import math
from collections.abc import Mapping

from lnn_control.nodes.params_file import Scalar, Setting

OF_ROS: Mapping[str, Scalar] = {'use_sim_time': False, 'start_type_description_service': True}
"""What every node of ROS takes besides its own parameters -> what it is if nothing is said."""

# Type -> what it is called, and what is to be written.
_WORDS: dict[type, tuple[str, str]] = {
    bool: ('true or false', 'write one of these, without quotes'),
    int: ('a whole number', 'write its digits alone, without point, quotes or unit'),
    float: ('a finite number', 'write its digits alone, with a point, without quotes or unit'),
    str: ('text', 'write it in quotes, all of it as one text'),
    list: ('a list', 'write it in square brackets'),
}
_FOUND: dict[type, str] = {str: 'the text ', list: 'the list '}


def fit_value(name: str, usual: Setting, value: Setting | None) -> Setting:
    """Return a value in the type of its parameter: a whole number is a number as well.

    :param name: of the parameter. :param usual: any value of the right type, such as its default.
    :raises ValueError: if it is of another type; it says what to write.
    """
    wanted, given = type(usual), type(value)
    if wanted is float and given in (int, float) and math.isfinite(value):  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    if wanted is given and wanted is not float:
        return value  # type: ignore[return-value]
    expected, cure = _WORDS[wanted]
    shown = str(value).lower() if given is bool else repr(value)
    raise ValueError(f'{name} must be {expected}, got {_FOUND.get(given, "")}{shown}: {cure}')
