# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.reports.sensors import AllanCurve, plot_allan


def test_allan_plot_shows_every_axis_and_every_noise_in_view():
    times = np.array([1.0, 10.0, 100.0])
    ideal = np.array([30.0, 10.0, 6.0])
    measured = np.outer(ideal, [0.9, 1.0, 1.1])
    parts = {'white': ideal, 'flicker': np.full(3, 5.0), 'walk': np.full(3, 1e-9)}
    curve = AllanCurve('gyroscope', 'deg/h', times, measured, ideal, parts)
    figure = plot_allan([curve, curve])
    assert len(figure.axes) == 2
    axes = figure.axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    assert lines['measured, z'] == pytest.approx(1.1 * ideal)
    assert lines['from the parameters'] == pytest.approx(ideal)
    assert {'white alone', 'flicker alone', 'walk alone'} <= set(lines)
    assert axes.get_ylim() == pytest.approx((1.0, 60.0))
    assert 'deg/h' in axes.get_ylabel()
