# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.camera_choice import FOV_DEG, LATENCY, PITCH_DEG, choose_camera, draw_camera
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import Simulation, SimulationSettings
from sim.vehicles.rover import Rover

SETTINGS = SimulationSettings(camera=PinholeCamera(64, 36, 90.0), camera_latency=0.1)


def test_without_a_choice_the_camera_stays():
    assert choose_camera(SETTINGS) == SETTINGS


def test_choices_change_what_they_name_and_nothing_else():
    chosen = choose_camera(SETTINGS, fov_deg=70, pitch_deg=10, rate=30)
    assert chosen.camera == PinholeCamera(64, 36, 70.0)
    assert (chosen.camera_pitch_deg, chosen.camera_rate) == (10.0, 30.0)
    assert choose_camera(chosen, 90.0, 0.0, 20.0) == SETTINGS


@pytest.mark.parametrize('pitch_deg', [0.0, 15.0, -20.0])
def test_pitch_is_added_to_the_mount_of_the_vehicle(blank_renderer, make_world, pitch_deg):
    settings = choose_camera(SimulationSettings(renderer=blank_renderer), pitch_deg=pitch_deg)
    simulation = Simulation(settings, vehicle='rover')
    simulation.reset(make_world(), seed=0, altitude=Rover.rest_height)
    eye, rotation = simulation.camera_pose
    # The rover's camera sits 0.2 m ahead of and 0.3 m above the ground below its middle.
    assert eye == pytest.approx([0.2, 0.0, 0.3], abs=1e-6)
    angle = np.radians(pitch_deg)
    assert rotation[:, 0] == pytest.approx([np.cos(angle), 0.0, -np.sin(angle)], abs=1e-6)
    simulation.close()


def test_pitch_is_added_to_a_mount_of_ones_own(blank_renderer):
    mount = CameraMount((0.1, 0.0, 0.0), pitch=0.2, yaw=0.5)
    settings = SimulationSettings(renderer=blank_renderer, mount=mount)
    simulation = Simulation(choose_camera(settings, pitch_deg=np.degrees(0.1)))
    assert simulation.mount.pitch == pytest.approx(0.3)
    assert simulation.mount == CameraMount((0.1, 0.0, 0.0), pitch=simulation.mount.pitch, yaw=0.5)
    simulation.close()


@pytest.mark.parametrize(
    ('choice', 'message'),
    [
        ({'rate': 33.0}, 'got 33.0: the nearest whole ones are 30 and 40 Hz'),
        ({'rate': 119.5}, 'got 119.5: the nearest whole ones are 100 and 120 Hz'),
        ({'rate': 240.0}, r'camera_rate must be a finite number in \[1, 120\] Hz'),
        ({'fov_deg': 5.0}, 'horizontal_fov_deg must be'),
        ({'pitch_deg': 91.0}, r'camera_pitch_deg must be .* \[-90, 90\] degrees, got 91.0'),
    ],
)
def test_impossible_cameras_are_errors(choice, message):
    with pytest.raises(ValueError, match=message):
        choose_camera(SETTINGS, **choice)


def test_drawn_cameras_fill_their_ranges_and_can_be_made():
    cameras = [draw_camera(np.random.default_rng(seed)) for seed in range(300)]
    for index, (low, high) in enumerate((FOV_DEG, PITCH_DEG, (15.0, 30.0), LATENCY)):
        values = np.array([camera[index] for camera in cameras])
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high
    for camera in cameras[:20]:
        settings = choose_camera(SimulationSettings(), *camera)
        assert settings.camera.horizontal_fov_deg == camera.fov_deg
        assert settings.camera_latency == camera.latency
    assert draw_camera(np.random.default_rng(3)) == cameras[3]
