# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The C that prepares images and inertial samples does what the training does."""

import ctypes
import math
import subprocess

import numpy as np
import pytest

from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import View
from lnn_control.deploy.c_program.build import build_c
from tests.deploy.flights import SMALL, make_network
from tests.deploy.tools import require

SIZE = SMALL.preprocessing


class Crop(ctypes.Structure):
    """As lnn_crop."""

    _fields_ = tuple((name, ctypes.c_int) for name in ('left', 'top', 'width', 'height'))


@pytest.fixture(scope='module')
def sensors(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Return the compiled functions."""
    require('gcc')
    folder = tmp_path_factory.mktemp('sensors')
    for file, content in build_c('small', make_network('one_frame'), 100.0).files.items():
        if '/' not in file:
            (folder / file).write_bytes(content)
    assert 'trained field of view (100 degrees)' in (folder / 'lnn_sensors.h').read_text()
    flags = ['-std=c99', '-O2', '-ffp-contract=off', '-shared', '-fPIC']
    library = folder / 'sensors.so'
    subprocess.run(['gcc', *flags, '-o', library, folder / 'lnn_sensors.c'], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.lnn_choose_crop.restype = Crop
    loaded.lnn_choose_crop.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_double]
    loaded.lnn_scale_image.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int, Crop, ctypes.c_void_p),
    ]
    loaded.lnn_summarise_imu.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 3]
    return loaded


def measure_view(fov_deg: float) -> float:
    """Return the share of a camera's width that was seen in training."""
    return math.tan(math.radians(50.0)) / math.tan(math.radians(fov_deg) / 2)


@pytest.mark.parametrize('size', [(40, 24), (80, 48), (160, 120), (41, 24), (63, 90), (320, 180)])
@pytest.mark.parametrize('fov_deg', [80.0, 100.0, 110.0, 120.0])
def test_crop_is_that_of_the_training(
    sensors: ctypes.CDLL, size: tuple[int, int], fov_deg: float
) -> None:
    found = sensors.lnn_choose_crop(*size, measure_view(fov_deg))
    wanted = SIZE.choose_crop(*size, View(fov_deg, 100.0))
    # Where training interpolates C refuses.
    if wanted.width < SIZE.width_px or wanted.height < SIZE.height_px:
        assert found.width == 0
    else:
        assert (found.left, found.top) == (wanted.left, wanted.top)
        assert (found.width, found.height) == (wanted.width, wanted.height)


def test_image_that_is_too_small_gets_no_crop(sensors: ctypes.CDLL) -> None:
    assert sensors.lnn_choose_crop(39, 24, 1.0).width == 0
    assert sensors.lnn_choose_crop(40, 23, 1.0).width == 0


@pytest.mark.parametrize('size', [(40, 24), (80, 48), (160, 120), (97, 61), (320, 180)])
def test_scaled_image_is_that_of_the_training_to_one_step_of_colour(
    sensors: ctypes.CDLL, size: tuple[int, int]
) -> None:
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    crop = sensors.lnn_choose_crop(width, height, 1.0)
    found = np.zeros((24, 40, 3), np.uint8)
    sensors.lnn_scale_image(pixels.ctypes.data, width, crop, found.ctypes.data)
    wanted = SIZE.prepare_image(pixels)
    difference = np.abs(found.astype(int) - wanted.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.1


@pytest.mark.parametrize('count', [0, 1, 2, 10, 57])
def test_inertial_samples_are_summarised_as_in_training(sensors: ctypes.CDLL, count: int) -> None:
    rng = np.random.default_rng(count)
    rates = rng.normal(0.0, 2.0, (count, 3)).astype(np.float32)
    forces = rng.normal([0.0, 0.0, 9.8], 3.0, (count, 3)).astype(np.float32)
    found = np.zeros(12, np.float32)
    sensors.lnn_summarise_imu(count, rates.ctypes.data, forces.ctypes.data, found.ctypes.data)
    wanted = SIZE.summarise_imu(ImuSamples(rates, forces))
    assert np.abs(found - wanted).max() < 2e-6
