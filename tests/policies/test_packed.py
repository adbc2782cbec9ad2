# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pickle
import shutil

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import NUM_IMU_FEATURES, Observation
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.policy import Policy
from lnn_control.policies.references import ExpertPolicy, HoverPolicy
from lnn_control.policies.registry import PolicyError, make_policy


def fly(policy: Policy) -> list[np.ndarray]:
    """Return the commands for a few random images."""
    rng, state, commands = np.random.default_rng(1), policy.initial_state(), []
    for _ in range(3):
        image = rng.integers(0, 255, (72, 128, 3), dtype=np.uint8)
        imu = rng.standard_normal(NUM_IMU_FEATURES).astype(np.float32)
        command, state = policy(Observation(image, imu), state, 0.05)
        commands.append(command.to_array())
    return commands


def test_packed_checkpoint_flies_the_same_where_its_folder_is_not(untrained_checkpoint, tmp_path):
    folder = shutil.copytree(untrained_checkpoint, tmp_path / 'mine')
    expected = make_policy(str(folder))
    data = pickle.dumps(pack_policy(str(folder)))
    shutil.rmtree(folder)
    policy = pickle.loads(data)()
    assert policy.name == expected.name == 'untrained'
    np.testing.assert_array_equal(fly(policy), fly(expected))


def test_policy_without_files_is_made_by_its_name():
    assert isinstance(pack_policy('hover')(), HoverPolicy)


def test_policy_that_knows_the_truth_gets_its_environment():
    class Environment:
        def expert_command(self):
            return np.array([1.0, 0.0, 0.0, 0.0], dtype=np.float32)

    policy = pack_policy('expert')(Environment())
    assert isinstance(policy, ExpertPolicy)
    assert policy(None, None, 0.05)[0] == VelocityCommand(1.0, 0.0, 0.0, 0.0)


def test_unknown_name_is_an_error_when_it_is_made():
    with pytest.raises(PolicyError, match="did you mean 'hover'"):
        pack_policy('hovr')()


def test_half_a_checkpoint_is_an_error(untrained_checkpoint, tmp_path):
    folder = shutil.copytree(untrained_checkpoint, tmp_path / 'mine')
    (folder / 'model.safetensors').unlink()
    with pytest.raises(FileNotFoundError, match=r'mine/model\.safetensors'):
        pack_policy(str(folder))
