# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The camera in a simulation: its mount, its shutter, its gain, depth and segmentation."""

from dataclasses import replace

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from lnn_control.core.frames import rotation_from_quaternion
from lnn_control.core.messages import VelocityCommand
from sim.disturbances import CameraRoll, DroppedFrames, RepeatedFrames
from sim.environment import TaskEnv
from sim.renderers import Label
from sim.sensors.exposure import Exposure
from sim.sensors.image_noise import ImageNoise
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import Simulation, SimulationSettings
from sim.vehicles import VEHICLES
from tests.sim.test_renderers import build, build_lone_cube

HOVER = VelocityCommand()
SILENT = ImageNoise(0, 0, 0)
SMALL = PinholeCamera(32, 18)


@pytest.fixture
def make_simulation():
    made = []

    def make(disturbances=(), vehicle='quadrotor', **settings):
        chosen = {'camera': SMALL, 'image_noise': SILENT, 'camera_latency': 0.0} | settings
        made.append(Simulation(SimulationSettings(**chosen), disturbances, vehicle))
        return made[-1]

    yield make
    for simulation in made:
        simulation.close()


def collect(simulation, command, count):
    frames = [simulation.advance(command, 0.05) for _ in range(count)]
    return [frame for frame in frames if frame.image is not None]


def measure_sharpness(pixels):
    return np.abs(np.diff(pixels.astype(float), axis=1)).mean()


@pytest.mark.parametrize('vehicle', sorted(VEHICLES))
def test_camera_rides_on_the_vehicle_where_its_class_says(
    make_simulation, make_world, blank_renderer, vehicle
):
    simulation = make_simulation(vehicle=vehicle, renderer=blank_renderer)
    simulation.reset(make_world(), seed=0, yaw=0.7, altitude=1.0)
    simulation.advance(VelocityCommand(1.0, 0.0, 0.0, 0.5), 0.5)
    state = simulation.state
    rotation = rotation_from_quaternion(state.orientation_world)
    position, turned = simulation.camera_pose
    expected = state.position_world + rotation @ VEHICLES[vehicle].camera_mount.position
    assert position == pytest.approx(expected)
    assert turned == pytest.approx(rotation)


def test_camera_mounted_backwards_sees_what_is_behind(make_simulation):
    world = build_lone_cube((-5.0, 0.0, 1.5), size=1.0)
    seen = {}
    for yaw in (0.0, np.pi):
        simulation = make_simulation(mount=CameraMount(yaw=yaw), layers=True)
        simulation.reset(world, seed=0)
        (frame,) = collect(simulation, HOVER, 1)
        seen[yaw] = (frame.layers.labels == Label.TARGET).any()
        assert simulation.sees_target == seen[yaw]
    assert seen == {0.0: False, np.pi: True}


def test_camera_mounted_ahead_is_nearer_to_what_it_sees(make_simulation):
    world = build_lone_cube((5.0, 0.0, 1.5), size=1.0)
    simulation = make_simulation(mount=CameraMount((1.0, 0.0, 0.0)), layers=True)
    simulation.reset(world, seed=0)
    (frame,) = collect(simulation, HOVER, 1)
    assert frame.layers.depth[9, 16] == pytest.approx(5.0 - 0.5 - 1.0, abs=0.01)


def test_disturbed_mount_turns_the_mounted_camera(make_simulation):
    world = build_lone_cube((5.0, 0.0, 1.5), size=1.0)
    settings = {'mount': CameraMount(yaw=0.3), 'layers': True}
    straight, askew = make_simulation(**settings), make_simulation([CameraRoll(90.0)], **settings)
    middles = []
    for simulation in (straight, askew):
        simulation.reset(world, seed=0)
        (frame,) = collect(simulation, HOVER, 1)
        rows, columns = np.nonzero(frame.layers.labels == Label.TARGET)
        middles.append((columns.mean() - 15.5, rows.mean() - 8.5))
    # Turned to the left the camera has the target on its right; rolled to the right, above.
    assert middles[0][0] > 3.0
    assert middles[1] == pytest.approx((middles[0][1], -middles[0][0]), abs=0.6)


@pytest.mark.parametrize('disturbance', [None, DroppedFrames(0.4), RepeatedFrames(0.4)])
def test_layers_belong_to_the_stamp_of_the_image(
    make_simulation, make_world, blank_renderer, disturbance
):
    simulation = make_simulation(
        [disturbance] if disturbance else [],
        renderer=blank_renderer,
        layers=True,
        camera_latency=0.12,
    )
    simulation.reset(make_world(), seed=0)
    frames = collect(simulation, HOVER, 30)
    assert len(frames) > 8
    # Whoever draws blanks draws the number of the drawing.
    drawn = [int(frame.layers.depth[0, 0]) for frame in frames]
    assert drawn == [round(frame.image.stamp / 0.05) + 1 for frame in frames]


def test_layers_cost_nothing_when_not_asked_for(make_simulation, make_world, blank_renderer):
    simulation = make_simulation(renderer=blank_renderer)
    simulation.reset(make_world(), seed=0)
    assert all(frame.layers is None for frame in collect(simulation, HOVER, 3))


def test_open_shutter_averages_its_drawings(make_simulation, make_world, blank_renderer):
    exposure = Exposure(time=0.02, num_drawings=5)
    simulation = make_simulation(renderer=blank_renderer, exposure=exposure)
    simulation.reset(make_world(), seed=0)
    means = [int(frame.image.pixels[0, 0, 0]) for frame in collect(simulation, HOVER, 3)]
    # The drawings 1 to 5, 6 to 10 and 11 to 15.
    assert means == [3, 8, 13]


def test_turning_blurs_the_image_and_hovering_hardly_does(make_simulation):
    world = build(seed=3)
    sharpness = {}
    for time in (0.0, 0.03):
        settings = {'camera': PinholeCamera(), 'exposure': Exposure(time=time)}
        simulation = make_simulation(**settings)
        for yaw_rate in (0.0, 1.5):
            simulation.reset(world, seed=0)
            frames = collect(simulation, VelocityCommand(0.0, 0.0, 0.0, yaw_rate), 10)
            sharpness[time, yaw_rate] = measure_sharpness(frames[-1].image.pixels)
    assert sharpness[0.03, 1.5] < 0.6 * sharpness[0.0, 1.5]
    assert sharpness[0.03, 0.0] > 0.8 * sharpness[0.0, 0.0]


def test_gain_brightens_until_white(make_simulation, make_world, blank_renderer):
    simulation = make_simulation(renderer=blank_renderer, exposure=Exposure(gain=60.0))
    simulation.reset(make_world(), seed=0)
    values = [int(frame.image.pixels[0, 0, 0]) for frame in collect(simulation, HOVER, 6)]
    assert values == [60, 120, 180, 240, 255, 255]


def test_automatic_gain_starts_anew_with_every_episode(make_simulation):
    simulation = make_simulation(exposure=Exposure(automatic=True, target=160.0, response=0.1))
    episodes = []
    for _ in range(2):
        simulation.reset(build(seed=3), seed=0)
        episodes.append([f.image.pixels.mean() for f in collect(simulation, HOVER, 14)])
    assert episodes[0] == episodes[1]
    assert episodes[0][0] < 150.0
    assert episodes[0][-1] == pytest.approx(160.0, rel=0.05)


def test_environment_with_layers_passes_gymnasiums_checks():
    settings = SimulationSettings(camera=SMALL, layers=True)
    env = TaskEnv(settings=settings)
    check_env(env, skip_render_check=True)
    observation, _ = env.reset(seed=1)
    assert observation['depth'].shape == observation['segmentation'].shape == (18, 32)
    assert np.array_equal(np.isinf(observation['depth']), observation['segmentation'] == Label.SKY)
    assert env.observation_space.contains(observation)
    env.close()
    plain = TaskEnv(settings=replace(settings, layers=False))
    assert set(plain.observation_space) == {'image', 'imu', 'elapsed_time'}
    same, _ = plain.reset(seed=1)
    assert np.array_equal(same['image'], observation['image'])
    plain.close()
