# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.policies.references import ExpertPolicy, HoverPolicy
from lnn_control.policies.runner import PolicyRunner

NOTHING = Observation(np.zeros((72, 128, 3), np.uint8), np.zeros(12, np.float32))


def test_hover_commands_zero():
    policy = HoverPolicy()
    command, _ = policy(NOTHING, policy.initial_state(), 0.05)
    assert command == VelocityCommand()
    assert policy.name == 'hover'


def test_expert_asks_its_environment_each_time():
    class Env:
        count = 0

        def expert_command(self):
            self.count += 1
            return np.array([self.count, 0, 0, 0.5], np.float32)

    policy = ExpertPolicy(Env())
    state = policy.initial_state()
    commands = [policy(NOTHING, state, 0.05)[0] for _ in range(2)]
    assert commands == [VelocityCommand(1, 0, 0, 0.5), VelocityCommand(2, 0, 0, 0.5)]


@pytest.mark.parametrize('size', [(8, 8), (48, 64), (72, 128), (480, 640), (16, 400)])
def test_references_fly_with_any_camera(size):
    class Env:
        def expert_command(self):
            return np.array([1, 0, 0, 0], np.float32)

    sensed = {
        'image': np.zeros((*size, 3), np.uint8),
        'imu': np.zeros((10, 6), np.float32),
        'elapsed_time': np.array([0.05], np.float32),
    }
    for policy, vx in ((HoverPolicy(), 0.0), (ExpertPolicy(Env()), 1.0)):
        assert policy.is_blind
        assert PolicyRunner(policy).step_sensed(sensed) == VelocityCommand(vx=vx)
