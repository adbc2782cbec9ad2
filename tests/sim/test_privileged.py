# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from sim.disturbances.gusting_wind import GustingWind
from sim.environment import TaskEnv
from sim.privileged import NUM_PRIVILEGED, measure_privileged, measure_sectors
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from tests.sim.test_gl_renderer import open_gl

SKY = np.full((72, 128), np.inf, np.float32)


@pytest.mark.parametrize(
    ('sight', 'yaw', 'bearing'),
    [((4.0, 0.0), 0.0, 0.0), ((0.0, 4.0), 0.0, 90.0), ((4.0, 0.0), np.pi / 2, -90.0)],
)
def test_target_is_told_by_bearing_from_the_heading_nearness_and_sight(sight, yaw, bearing):
    values = measure_privileged(SKY, np.array([*sight, -0.8]), yaw, is_in_sight=True)
    assert values.shape == (NUM_PRIVILEGED,)
    assert values.dtype == np.float32
    angle = np.radians(bearing)
    assert values[:4] == pytest.approx([np.cos(angle), np.sin(angle), 0.5, 1.0], abs=1e-6)
    assert measure_privileged(SKY, np.array([1.0, 0.0, 0.0]), 0.0, is_in_sight=False)[3] == 0.0


def test_open_sky_is_far_and_a_wall_at_its_distance():
    assert measure_sectors(SKY) == pytest.approx([1 / 26] * 16)
    assert measure_sectors(np.full((72, 128), 2.0, np.float32)) == pytest.approx([0.5] * 16)


def test_sectors_go_from_left_to_right_and_see_the_middle_band_alone():
    depth = SKY.copy()
    depth[:, 8:16] = 2.0  # the second sector
    depth[:18] = 0.1
    depth[54:] = 0.1
    expected = np.full(16, 1 / 26)
    expected[1] = 0.5
    assert measure_sectors(depth) == pytest.approx(expected)


def test_twig_of_a_few_pixels_does_not_count_and_a_trunk_does():
    # A sector has 36 x 8 pixels, of which the 15th nearest counts.
    depth = SKY.copy()
    depth[18:32, 0] = 1.0
    depth[18:33, 8] = 1.0
    assert measure_sectors(depth)[:3] == pytest.approx([1 / 26, 2 / 3, 1 / 26])


@pytest.mark.parametrize('size', [(8, 16), (54, 96), (75, 133)])
def test_any_size_of_image_has_sixteen_sectors(size):
    assert measure_sectors(np.full(size, 2.0, np.float32)) == pytest.approx([0.5] * 16)


@pytest.mark.parametrize('renderer', ['tiny', 'gl'])
def test_environment_measures_what_the_image_shows(renderer):
    if renderer == 'gl':
        open_gl(PinholeCamera()).close()
    # Without latency an image comes a tick after its exposure.
    settings = SimulationSettings(
        renderer=renderer, layers=True, privileged=True, camera_latency=0.0
    )
    env = TaskEnv(settings=settings)
    observation, _ = env.reset(seed=3)
    for _ in range(10):
        observation, *_, info = env.step(np.array([1.0, 0.2, 0.0, 0.8]))
        sight = env.simulation.target_position - info['position']
        expected = measure_privileged(
            observation['depth'], sight, info['yaw'], info['sees_target']
        )
        assert info['privileged'] == pytest.approx(expected, abs=0.002)
    env.close()


def test_truth_comes_with_its_image_however_late_that_is(small_settings):
    # A hovering vehicle that the wind moves flies the same whenever its images come.
    truths = []
    for latency in (0.0, 0.1):
        settings = replace(small_settings, privileged=True, camera_latency=latency)
        env = TaskEnv(settings=settings, disturbances=[GustingWind(6.0)])
        truths.append({})
        _, info = env.reset(seed=3)
        for _ in range(12):
            truths[-1][info['image_stamp']] = info['privileged']
            *_, info = env.step(np.zeros(4))
        env.close()
    prompt, late = truths
    assert prompt.keys() == late.keys()
    assert all(np.array_equal(prompt[stamp], late[stamp]) for stamp in prompt)
    assert len({truth[0] for truth in prompt.values()}) > 8


def test_truth_changes_nothing_else_and_is_given_where_asked_for_alone(small_settings):
    flights = []
    for is_privileged in (False, True):
        env = TaskEnv(settings=replace(small_settings, privileged=is_privileged))
        _, info = env.reset(seed=3)
        assert ('privileged' in info) == is_privileged
        flights.append([env.step(np.array([1.0, 0.0, 0.0, 0.4])) for _ in range(5)])
        assert 'depth' not in flights[-1][-1][0]
        env.close()
    for plain, told in zip(*flights, strict=True):
        assert all(np.array_equal(plain[0][name], told[0][name]) for name in plain[0])
        assert np.array_equal(plain[4]['position'], told[4]['position'])
