# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flights recorded to test exports with."""

from typing import Any

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing
from lnn_control.deploy.flight import GAP, RecordedFlight, answer_flight, record_flight
from lnn_control.policies.policy import Policy
from tests.deploy.flights import make_flight


class CountingPolicy(Policy):
    """Commands how many images it has seen since the start."""

    def __init__(self) -> None:
        super().__init__('counting', Preprocessing(16, 8))

    def initial_state(self) -> int:
        return 0

    def __call__(
        self, observation: Observation, state: int, elapsed_time: float
    ) -> tuple[VelocityCommand, int]:
        return VelocityCommand(vx=state + 1), state + 1


class ShortEnvironment:
    """Senses at 20 Hz for a number of images an episode; each image tells its number."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.seeds: list[int] = []
        self.actions: list[float] = []

    def reset(self, *, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        self.seeds.append(seed)
        self.count = 0
        return self._sense(), {}

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        self.count += 1
        self.actions.append(float(action[0]))
        return self._sense(), 0.0, self.count >= self.length, False, {}

    def _sense(self) -> dict[str, Any]:
        return {
            'image': np.full((8, 16, 3), self.count, np.uint8),
            'imu': np.tile(np.array([0, 0, self.count, 0, 0, 9.8], np.float32), (10, 1)),
            'elapsed_time': np.array([0.05]),
        }


def record(length: int = 200, num_images: int = 24) -> tuple[RecordedFlight, ShortEnvironment]:
    env = ShortEnvironment(length)
    rng = np.random.default_rng(0)
    return record_flight(env, CountingPolicy(), num_images, 7, rng), env


def test_flight_starts_again_halfway_and_has_a_gap_in_which_the_vehicle_hovers() -> None:
    flight, env = record()
    assert np.flatnonzero(flight.starts).tolist() == [0, 12]
    assert env.seeds == [7, 8]
    assert np.argmax(flight.elapsed_time) == 16
    assert flight.elapsed_time[16] == pytest.approx(GAP, abs=0.05)
    assert env.actions.count(0.0) == 40


def test_times_are_uneven_and_are_those_between_the_images() -> None:
    flight, _ = record()
    numbers = flight.images[:, 0, 0, 0].astype(int)
    lost = np.diff(numbers)[:11]
    assert lost.min() == 1 and lost.max() > 1
    assert np.abs(flight.elapsed_time[1:12] - 0.05 * lost).max() < 0.015
    assert len(np.unique(flight.elapsed_time)) == 24
    # The inertial samples of lost images count: the mean rate lies between the images'.
    means = flight.imu[1:12, 2]
    assert np.allclose(means, (numbers[:11] + 1 + numbers[1:12]) / 2)


def test_next_seed_is_flown_where_an_episode_ends() -> None:
    flight, env = record(length=5)
    assert flight.starts.sum() > 4
    assert env.seeds == list(range(7, 7 + len(env.seeds)))


def test_commands_are_those_of_a_memory_cleared_at_each_start() -> None:
    flight, _ = record()
    commands = answer_flight(CountingPolicy(), flight)
    assert commands[:, 0].tolist() == [*range(1, 13), *range(1, 13)]


def test_same_generator_gives_the_same_flight() -> None:
    one, other = record()[0], record()[0]
    assert np.array_equal(one.elapsed_time, other.elapsed_time)


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('imu', np.zeros((3, 12), np.float32), r'imu of a flight with 16 images must have shape'),
        ('elapsed_time', np.zeros(16, np.float32), 'must be positive seconds'),
        ('starts', np.zeros(16, bool), 'the first one starts it'),
    ],
)
def test_flight_checks_itself(name: str, value: Any, message: str) -> None:
    fields = vars(make_flight()) | {name: value}
    with pytest.raises(ValueError, match=message):
        RecordedFlight(**fields)
