# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from lnn_control.reports.tuning import Axis, TuningRow, _find_places, write_picture

AXES = [
    Axis('learning_rate', ends=(1e-3, 1e-2), is_log=True),
    Axis('augmentation', ('weak', 'strong')),
]


def make_rows(best_rate: float) -> list[TuningRow]:
    return [
        TuningRow((1e-3, 'weak'), 0.5, (0.3, 0.7)),
        TuningRow((1e-2, 'strong'), best_rate, (0.0, 1.0)),
        TuningRow((3e-3, 'weak'), 0.2, (0.1, 0.4)),
    ]


def find_orange(path) -> np.ndarray:
    """Return row and column of what is drawn for the best."""
    pixels = cv2.imread(str(path)).astype(int)[..., ::-1]
    return np.argwhere(np.abs(pixels - (0xFB, 0x8B, 0x24)).max(axis=-1) < 8)


def test_picture_shows_the_best_in_a_panel_for_each_option(tmp_path):
    for name, rate in (('high', 0.9), ('low', 0.1)):
        write_picture(tmp_path / name, AXES, make_rows(rate), 1, '20 validation trials each')
    high, low = (find_orange(tmp_path / name) for name in ('high', 'low'))
    width = cv2.imread(str(tmp_path / 'high')).shape[1]
    assert (high[:, 1] < width / 2).any() and (high[:, 1] > width / 2).any()
    # The dot has more pixels than the bar: the higher rate is further up.
    assert np.median(high[:, 0]) < np.median(low[:, 0])


def test_trainings_of_one_label_stand_side_by_side():
    assert _find_places(AXES[1], ['weak', 'strong', 'weak']) == pytest.approx([-0.125, 1.0, 0.125])
    assert _find_places(AXES[0], [1e-3, 1e-2]) == [1e-3, 1e-2]
