# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.contract import (
    Level,
    check_colour,
    check_light,
    check_novelty,
    check_stamp,
    report_lens,
)
from lnn_control.core.contract.images import thin_out

SCENE = np.random.default_rng(0).integers(0, 256, (72, 128, 3), np.uint8)


def test_scenes_by_day_and_dusk_pass() -> None:
    assert check_light(SCENE) == []
    assert check_light(SCENE // 16) == []


@pytest.mark.parametrize(
    ('value', 'name'), [(0, 'image.black'), (3, 'image.black'), (255, 'image.saturated')]
)
def test_black_and_saturated_images_are_named(value: int, name: str) -> None:
    assert [finding.name for finding in check_light(np.full_like(SCENE, value))] == [name]


@pytest.mark.parametrize(
    ('novelty', 'wanted'),
    [
        (None, []),
        (1.4, []),
        (1.6, [('image.unusual', Level.NOTE)]),
        (9.9, [('image.unusual', Level.NOTE)]),
        (10.1, [('image.strange', Level.WARN)]),
    ],
)
def test_images_unlike_the_training_are_told_and_stranger_ones_warn(
    novelty: float | None, wanted: list[tuple[str, Level]]
) -> None:
    assert [(finding.name, finding.level) for finding in check_novelty(novelty)] == wanted


def test_one_grey_wall_is_no_fault_of_the_camera() -> None:
    assert check_light(np.full_like(SCENE, 120)) == []


def test_calibration_that_tells_nothing_stops_and_says_what_to_do() -> None:
    finding = report_lens('camera_info must hold finite numbers: calibrate the camera')
    assert (finding.name, finding.level) == ('image.lens', Level.ERROR)
    assert 'finite numbers' in finding.describe() and 'camera_fov_deg' in finding.describe()


def test_camera_without_colours_is_named() -> None:
    assert check_colour('rgb8') == check_colour('bayer_rggb8') == []
    for encoding in ('mono8', 'mono16', '8UC1'):
        assert [finding.name for finding in check_colour(encoding)] == ['image.colour']


def test_grey_pictures_without_an_encoding_are_named_by_their_pixels() -> None:
    grey = np.repeat(SCENE[:, :, :1], 3, axis=2)
    assert [finding.name for finding in check_colour('', grey)] == ['image.colour']
    # What somebody says is colour may show a grey scene; black is no matter of colours.
    assert check_colour('rgb8', grey) == check_colour('', SCENE) == []
    assert check_colour('', np.zeros_like(SCENE)) == []


@pytest.mark.parametrize(
    ('stamp', 'previous', 'age', 'words'),
    [
        (0.0, None, None, 'the stamp is zero'),
        (5.0, 5.0, 0.1, 'the stamp does not move'),
        (4.5, 5.0, 0.1, 'the stamp has gone back by 0.5 s'),
        (5.0, 4.9, 5.0, 'images are 5 s old, expected at most 0.5 s'),
        (5.0, 4.9, -2.0, 'stamped 2 s ahead of the clock'),
    ],
)
def test_wrong_stamps_are_named(
    stamp: float, previous: float | None, age: float | None, words: str
) -> None:
    findings = check_stamp(stamp, previous, age, 0.5)
    assert len(findings) == 1
    assert words in findings[0].describe()


def test_right_stamps_pass_and_ages_that_nobody_knows_are_not_judged() -> None:
    assert check_stamp(5.0, 4.95, 0.1, 0.5) == []
    assert check_stamp(5.0, None, None, 0.5) == []
    assert check_stamp(5.0, 4.95, 77.0, None) == []


def test_large_images_are_judged_by_some_of_their_pixels() -> None:
    large = np.zeros((2160, 3840, 3), np.uint8)
    assert 3000 < thin_out(large).size / 3 < 6000
    assert thin_out(SCENE).shape == SCENE.shape
