# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A flight in the simulator, its file and the training set see the same numbers."""

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.cache import load_sequences
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.episode_file import write_episode
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner
from sim.disturbances.frames import DroppedFrames
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget

SIZE = Preprocessing(32, 18)


class Witness(Policy):
    """Hovers and keeps what it is given."""

    def __init__(self) -> None:
        super().__init__('witness', SIZE)
        self.seen = []

    def initial_state(self):
        return None

    def __call__(self, observation, state, elapsed_time):
        self.seen.append((observation, elapsed_time))
        return VelocityCommand(), state


@pytest.mark.parametrize('rate', [20.0, 24.0])
@pytest.mark.parametrize('dropped', [0.0, 0.4])
def test_training_sees_what_the_policy_saw_in_the_simulator(tmp_path, rate, dropped):
    settings = SimulationSettings(camera=PinholeCamera(32, 18), camera_rate=rate)
    disturbances = [DroppedFrames(dropped)] if dropped else []
    env = TaskEnv(FlyToTarget(time_limit=3.0), settings=settings, disturbances=disturbances)
    witness = Witness()
    episode = collect_episode(env, 5, CollectSettings(), PolicyRunner(witness))
    env.close()
    write_episode(tmp_path / 'e.mcap', episode)
    sequence = load_sequences(tmp_path, SIZE)[0]
    assert len(sequence) == len(witness.seen) > 20
    elapsed_times = [elapsed_time for _, elapsed_time in witness.seen]
    assert (max(elapsed_times) > 1.5 / rate) == (dropped > 0)
    for i, (seen, elapsed_time) in enumerate(witness.seen):
        assert np.array_equal(sequence.images[i], seen.image)
        assert np.array_equal(sequence.imu[i], seen.imu)
        if i > 0:  # before the first image there is none to measure from
            assert sequence.elapsed_time[i] == pytest.approx(elapsed_time, abs=1e-6)
