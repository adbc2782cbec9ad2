# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A memory of another package is trained, saved, loaded and flown like one of ours."""

import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import write_episode
from lnn_control.policies.registry import make_policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings
from sim.environment import TaskEnv
from tests.policies.averaging_memory import Averaging, AveragingOptions

OWN = 'tests.policies.averaging_memory:Averaging'


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """Return a folder that `lnn-control train` wrote from one flight of noise."""
    rng = np.random.default_rng(0)
    episode = Episode(
        images=rng.integers(0, 256, (24, 8, 16, 3), dtype=np.uint8),
        image_stamps=1.0 + 0.05 * np.arange(24),
        imu=rng.normal(size=(240, 6)).astype(np.float32),
        imu_stamps=0.955 + 0.005 * np.arange(240),
        flown=rng.normal(size=(24, 4)).astype(np.float32),
        labels=rng.normal(size=(24, 4)).astype(np.float32),
    )
    write_episode(tmp_path / 'data' / '0.mcap', episode)
    sizes = ['--width-px', '16', '--height-px', '8', '--channels', '4', '4', '4', '6']
    words = ['train', '--data', str(tmp_path / 'data'), '--output', str(tmp_path / 'own')]
    memory = ['--memory', OWN, '--memory-option', 'seconds=0.2', '--num-places', '4']
    assert cli.main([*words, *sizes, *memory, '--epochs', '1']) == 0
    return tmp_path / 'own'


def test_memory_of_another_package_is_trained_saved_loaded_and_flown(checkpoint):
    policy = make_policy(str(checkpoint))
    assert isinstance(policy.network.memory, Averaging)
    assert policy.network.config.memory_options == AveragingOptions(seconds=0.2)
    assert policy.circuit.num_neurons == 0
    runner = PolicyRunner(policy, RunnerSettings(allow_untrained=True))
    env = TaskEnv('fly_to_target')
    try:
        sensed, info = env.reset(seed=0)
        runner.start(info)
        commands = []
        for _ in range(3):
            commands.append(runner.step_sensed(sensed).to_array())
            sensed, _, terminated, _, _ = env.step(commands[-1])
            assert not terminated
    finally:
        env.close()
    assert not np.array_equal(commands[0], commands[2])
