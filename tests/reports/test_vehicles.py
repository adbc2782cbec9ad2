# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

pytest.importorskip('matplotlib', reason='needs matplotlib: pip install ".[report]"')

from lnn_control.reports.vehicles import StepCurve, plot_steps

TIMES = np.linspace(0.0, 6.0, 50)


def make_curve(title: str, size: float) -> StepCurve:
    values = size * (1 - np.exp(-TIMES))
    return StepCurve(title, 'm/s', f'to {size:g}', size, TIMES, values)


def test_steps_share_a_panel_with_their_kind() -> None:
    curves = [make_curve('forward', 1.0), make_curve('forward', 3.0), make_curve('up', -1.0)]
    forward, up = plot_steps(curves).axes
    assert [axes.get_title() for axes in (forward, up)] == ['forward', 'up']
    assert forward.get_xlim()[1] == 6.0
    assert [text.get_text() for text in forward.get_legend().get_texts()] == ['to 1', 'to 3']
    wanted, flown = up.get_lines()
    np.testing.assert_array_equal(wanted.get_ydata(), [0, 0, -1, -1])
    np.testing.assert_array_equal(flown.get_ydata(), curves[2].values)
