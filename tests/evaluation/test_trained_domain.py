# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped policy in real environments: it flies what it was trained for, nothing else."""

import pytest

from lnn_control.core.domain import DomainError
from lnn_control.evaluation.trial import run_trial
from lnn_control.policies.checkpoint import load_policy
from lnn_control.policies.runner import RunnerSettings
from sim.camera_choice import choose_camera
from sim.environment import TaskEnv
from sim.simulation import SimulationSettings

SEED = 1_500_003


def make_env(task: str = 'fly_to_target', **camera: float) -> TaskEnv:
    return TaskEnv(task, settings=choose_camera(SimulationSettings(), **camera))


@pytest.mark.parametrize(
    ('task', 'camera', 'message'),
    [
        ('fly_to_target', {'fov_deg': 69.0}, 'the camera sees 69 degrees across, trained was 100'),
        ('fly_to_target', {'fov_deg': 80.0}, 'the camera sees 80 degrees across, trained was 100'),
        ('fly_to_target', {'pitch_deg': 20.0}, 'looks down by 20 degrees, trained was 0'),
        ('fly_to_target', {'rate': 40.0}, 'gives 40 images a second, trained was 6.667 to 20'),
        ('hike', {}, 'it was trained for fly_to_target, not for hike'),
        ('keep_lane', {}, 'it was trained on a quadrotor, not on a car'),
    ],
)
def test_what_it_was_not_trained_for_is_refused_and_named(
    task: str, camera: dict[str, float], message: str
) -> None:
    env = make_env(task, **camera)
    try:
        with pytest.raises(DomainError, match=f'policy forest_cfc does not fit: .*{message}'):
            run_trial(env, load_policy('forest_cfc'), SEED)
    finally:
        env.close()


def test_it_flies_on_when_told_so() -> None:
    env = make_env('hike', fov_deg=69.0)
    env.task = env.task.__class__(num_targets=1, time_limit=1.0)
    settings = RunnerSettings(allow_untrained=True)
    result = run_trial(env, load_policy('forest_cfc'), SEED, settings)
    env.close()
    assert result.duration == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize('fov_deg', [100.0, 120.0])
def test_wider_camera_flies_to_the_target_as_the_trained_one_does(fov_deg: float) -> None:
    env = make_env(fov_deg=fov_deg)
    result = run_trial(env, load_policy('forest_cfc'), SEED)
    env.close()
    assert result.is_success
