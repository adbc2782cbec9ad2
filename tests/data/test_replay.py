# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.domain import DomainError, TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.data.replay import measure_rms, replay_episode
from lnn_control.imitation.cache import prepare_imu
from lnn_control.imitation.episode import stream_episode
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import make_policy


class SeesRed(Policy):
    """Flies as fast as the left upper corner is red, and counts its images."""

    def __init__(self, domain: TrainingDomain | None = None) -> None:
        super().__init__('sees_red', Preprocessing(32, 18), domain)
        self.felt: list[np.ndarray] = []
        self.elapsed: list[float] = []

    def initial_state(self) -> int:
        return 0

    def __call__(self, observation, state, elapsed_time):
        self.felt.append(observation.imu)
        self.elapsed.append(elapsed_time)
        red = float(observation.image[:3, :3, 0].mean()) / 255.0
        return VelocityCommand(vx=red), state + 1

    def neuron_activity(self, state):
        return np.array([state], np.float32)


@pytest.fixture
def episode(make_flight):
    flight = make_flight(12)
    flight.images[:, :3, :3, 0] = np.arange(12)[:, None, None] * 20
    labels = np.zeros((12, 4), np.float32)
    labels[:, 0] = np.arange(12) * 20 / 255.0
    labels[6, 3] = 0.6
    return stream_episode(replace(flight, labels=labels, metadata={}))


def test_policy_sees_and_feels_what_was_recorded(episode) -> None:
    policy = SeesRed()
    found = replay_episode(episode, policy)
    assert found.answers[:, 0] == pytest.approx(episode.labels[:, 0])
    assert found.neurons[:, 0].tolist() == list(range(1, 13))
    assert np.diff(episode.image_stamps) == pytest.approx(0.05)
    # As in training: the same features of what was felt since the image before.
    expected = prepare_imu(episode.load(), policy.preprocessing)
    assert np.array_equal(policy.felt, expected)


def test_differences_are_those_of_the_commands(episode) -> None:
    found = replay_episode(episode, SeesRed())
    # One yaw rate of 0.6 in twelve.
    assert found.rms == pytest.approx([0.0, 0.0, 0.0, 0.6 / np.sqrt(12)], abs=1e-6)
    assert measure_rms([found, found]) == pytest.approx(found.rms)


def test_what_the_encoder_looks_at_is_told_where_a_policy_has_one(episode) -> None:
    assert replay_episode(episode, SeesRed()).saliency == ()
    policy = make_policy('forest_cfc')
    height, width = policy.preprocessing.height_px, policy.preprocessing.width_px
    images = np.random.default_rng(0).integers(0, 256, (12, height, width, 3), np.uint8)
    seen = replace(
        episode, image_shape=images.shape[1:], read_images=lambda: iter(images), metadata={}
    )
    found = replay_episode(seen, policy, allow_untrained=True)
    assert [place for place, _ in found.saliency] == [2, 5, 8, 11]
    place, pixels = found.saliency[1]
    assert np.array_equal(pixels, policy.map_saliency(images[place]))


def test_policy_of_another_vehicle_is_refused_unless_allowed(episode) -> None:
    flown = replace(episode, metadata={'vehicle': 'rover'})
    policy = SeesRed(TrainingDomain(vehicle='quadrotor'))
    with pytest.raises(DomainError, match='not on a rover'):
        replay_episode(flown, policy)
    assert len(replay_episode(flown, policy, allow_untrained=True).answers) == 12


def test_unknown_field_of_view_is_an_error_that_names_the_contract(episode) -> None:
    policy = SeesRed(TrainingDomain(camera_fov_deg=(90.0, 90.0)))
    with pytest.raises(ValueError, match=r'camera\.fov_deg in the contract'):
        replay_episode(episode, policy)
    known = replace(episode, metadata={'camera_fov_deg': '90'})
    assert len(replay_episode(known, policy).answers) == 12
