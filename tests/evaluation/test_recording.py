# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lnn_control.core.frames import rotation_world_from_level
from lnn_control.evaluation import recording
from lnn_control.evaluation.recording import RecordedTrial, record_trial
from lnn_control.evaluation.trial import TrialResult, measure_path, run_trial
from lnn_control.policies.policy import Policy
from lnn_control.policies.references import ExpertPolicy
from lnn_control.policies.registry import make_policy
from lnn_control.policies.runner import RunnerSettings
from sim.environment import TaskEnv
from sim.onlooker import Onlooker
from sim.simulation import SimulationSettings

SETTINGS = RunnerSettings(allow_untrained=True)
SEED = 2_000_003


@pytest.fixture(scope='module')
def env() -> Iterator[TaskEnv]:
    """Return a short follow: its target moves."""
    env = TaskEnv('follow_target', time_limit=2.0)
    yield env
    env.close()


@pytest.fixture(scope='module')
def flown(env: TaskEnv, untrained_checkpoint: Path) -> tuple[Policy, TrialResult, RecordedTrial]:
    """Fly one seed without and with recording, which draws larger views, too."""
    policy = make_policy(str(untrained_checkpoint))
    result = run_trial(env, policy, SEED, SETTINGS)
    with closing(Onlooker(env.simulation, 256)) as onlooker:
        return policy, result, record_trial(env, policy, SEED, SETTINGS, onlooker.look)


def test_recording_changes_nothing(flown: tuple[Policy, TrialResult, RecordedTrial]) -> None:
    _, result, recorded = flown
    assert recorded.result == result
    assert recorded.flight.outcome == result.outcome
    assert recorded.flight.duration == result.duration


def correlate(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_larger_views_show_what_the_camera_saw(
    flown: tuple[Policy, TrialResult, RecordedTrial], tmp_path: Path
) -> None:
    recorded = flown[2]
    flight = recorded.flight
    assert len(flight.view_ends) == len(flight.images)
    for number in (0, len(flight.images) // 2, len(flight.images) - 1):
        view = flight.read_view(number)
        assert view is not None and view.shape == (144, 256, 3)
        smaller = view.reshape(72, 2, 128, 2, 3).mean(axis=(1, 3))
        seen = flight.images[number].astype(float)
        # Apart from noise, exposure and latency they are one picture: left is left, red is red.
        alike = correlate(smaller.mean(axis=2), seen.mean(axis=2))
        assert alike > 0.5
        assert alike > correlate(smaller[:, ::-1].mean(axis=2), seen.mean(axis=2)) + 0.1
        assert correlate(smaller[..., 0] - smaller[..., 2], seen[..., 0] - seen[..., 2]) > 0.3
    bare = replace(flight, views=np.zeros(0, np.uint8), view_ends=np.zeros(0, np.int64))
    assert bare.read_view(0) is None


def test_onlooker_follows_world_and_target(env: TaskEnv) -> None:
    simulation = env.simulation
    with closing(Onlooker(simulation, 128)) as onlooker:
        pictures = []
        for seed in (SEED, SEED, SEED + 1):
            env.reset(seed=seed)
            pictures.append(onlooker.look())
        np.testing.assert_array_equal(pictures[0], pictures[1])
        assert (pictures[0] != pictures[2]).mean() > 0.2
        eye, rotation = simulation.camera_pose
        ahead = eye + 3.0 * rotation[:, 0]
        simulation.move_target(float(ahead[0]), float(ahead[1]), 0.0)
        assert (onlooker.look() != pictures[2]).mean() > 0.01
        env.reset(seed=SEED + 1)
        np.testing.assert_array_equal(onlooker.look(), pictures[2])


def test_flight_holds_every_image_pose_command_and_neuron(
    flown: tuple[Policy, TrialResult, RecordedTrial],
) -> None:
    policy, result, recorded = flown
    flight = recorded.flight
    count = len(flight.commands)
    assert flight.images.shape == (count, 72, 128, 3)
    assert flight.neurons.shape == (count, policy.circuit.num_neurons)
    assert flight.saliency.shape == (count, 72, 128)
    wanted = 255 * policy.map_saliency(flight.images[-1])
    np.testing.assert_allclose(flight.saliency[-1], wanted, atol=0.51)
    assert flight.asked.shape == (count, 4)
    assert len(flight.pose_times) == count + 1
    np.testing.assert_allclose(np.diff(flight.image_times), 0.05, atol=1e-6)
    assert flight.image_times[0] == 0.0 < flight.command_times[0] < 0.05
    assert flight.pose_times[-1] == result.duration
    assert len(flight.latencies) == 0
    # What was measured can be measured again.
    assert measure_path(flight.positions_world, 1.0)[0] == result.path_length
    assert recorded.clearances.min() == result.clearance
    assert flight.distances[-1] == result.final_distance


def test_what_the_policy_asked_is_recorded_beside_what_was_flown(env: TaskEnv) -> None:
    flight = record_trial(env, ExpertPolicy(env), SEED, replace(SETTINGS, is_limited=True)).flight
    # From rest the limits let nothing jump; the expert would.
    assert np.abs(flight.asked[0]).max() > np.abs(flight.commands[0]).max()
    free = record_trial(env, ExpertPolicy(env), SEED, SETTINGS).flight
    np.testing.assert_array_equal(free.asked, free.commands)


def test_moving_target_is_recorded_where_it_was(
    flown: tuple[Policy, TrialResult, RecordedTrial],
) -> None:
    flight = flown[2].flight
    assert np.hypot(*(flight.targets_world[-1] - flight.targets_world[0])[:2]) > 0.5
    away = np.linalg.norm(flight.positions_world - flight.targets_world, axis=1)
    np.testing.assert_allclose(away, flight.distances, atol=1e-5)


def test_velocities_are_those_of_the_positions_seen_from_the_vehicle(
    flown: tuple[Policy, TrialResult, RecordedTrial],
) -> None:
    flight = flown[2].flight
    moved = np.diff(flight.positions_world, axis=0) / np.diff(flight.pose_times)[:, None]
    world = [
        rotation_world_from_level(yaw) @ velocity
        for yaw, velocity in zip(flight.yaws, flight.velocities, strict=True)
    ]
    between = (np.array(world)[1:] + np.array(world)[:-1]) / 2
    np.testing.assert_allclose(between, moved, atol=0.15)


def test_long_flight_keeps_fewer_images(env: TaskEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, 'MAX_IMAGES', 15)
    flight = record_trial(env, ExpertPolicy(env), SEED).flight
    assert len(flight.commands) == 40
    assert len(flight.images) == 14
    np.testing.assert_allclose(np.diff(flight.image_times), 0.15, atol=1e-6)
    assert flight.neurons.size == flight.saliency.size == 0


def test_drawing_the_images_changes_nothing_for_who_does_not_look() -> None:
    results = []
    for renderer in ('none', 'tiny'):
        env = TaskEnv('fly_to_target', settings=SimulationSettings(renderer=renderer))
        recorded = record_trial(env, ExpertPolicy(env), SEED)
        env.close()
        results.append(recorded.result)
        assert bool(recorded.flight.images[-1].mean() > 30) == (renderer == 'tiny')
    assert results[0] == results[1]
