# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.sensors.pinhole import PinholeCamera

CAMERA = PinholeCamera(width_px=200, height_px=100, horizontal_fov_deg=90.0)


def test_focal_length_and_vertical_view_follow_from_the_horizontal_one():
    assert CAMERA.focal_length_px == pytest.approx(100.0)  # 100 px / tan 45 deg
    assert CAMERA.vertical_fov_deg == pytest.approx(2 * np.degrees(np.arctan(0.5)))


def test_points_project_where_hand_calculation_puts_them():
    # Optical frame: x right, y down, z along the view.
    points = np.array([[0, 0, 5], [1, 0, 1], [-1, 0.5, 1], [0.2, -0.1, 2.0]])
    assert CAMERA.project(points) == pytest.approx(
        np.array([[100, 50], [200, 50], [0, 100], [110, 45]], dtype=float)
    )


def test_points_behind_the_camera_give_nan():
    assert np.isnan(CAMERA.project(np.array([[0.1, 0.1, -1.0], [0.0, 0.0, 0.0]]))).all()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'width_px': 4}, 'width_px must be a finite number in'),
        ({'height_px': 5000}, 'height_px must be a finite number in'),
        ({'horizontal_fov_deg': 180.0}, 'horizontal_fov_deg must be'),
        ({'near': 0.0}, 'near must be'),
        ({'near': 2.0, 'far': 1.0}, 'near must be'),
    ],
)
def test_impossible_cameras_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        PinholeCamera(**change)
