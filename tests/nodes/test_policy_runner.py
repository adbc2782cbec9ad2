# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import CameraImage, VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing
from lnn_control.nodes.policy_runner import PolicyRunner, RunnerSettings
from lnn_control.policies.policy import Policy, State


class ClimbPolicy(Policy):
    """Climbs as fast as its inertial unit reads, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__('climb', Preprocessing(16, 8))
        self.elapsed_times: list[float] = []

    def initial_state(self) -> State:
        return 0

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        self.elapsed_times.append(round(elapsed_time, 6))
        if observation.image[0, 0, 0] == 255:
            raise FloatingPointError('command is not finite')
        return VelocityCommand(vx=state, vz=float(observation.imu[5])), state + 1


def make_image(stamp: float, brightness: int = 0, size: tuple[int, int] = (8, 16)) -> CameraImage:
    return CameraImage(np.full((*size, 3), brightness, np.uint8), stamp)


@pytest.fixture
def runner() -> PolicyRunner:
    return PolicyRunner(ClimbPolicy(), RunnerSettings(first_elapsed_time=0.05, max_gap=1.0))


def fly(runner: PolicyRunner, *stamps: float) -> list[float]:
    """Return the memory that the policy had at each image, counted from its start."""
    commands = [runner.step(make_image(stamp)) for stamp in stamps]
    return [command.vx for command in commands if command is not None]


def test_elapsed_time_is_the_difference_of_the_stamps(runner: PolicyRunner) -> None:
    assert fly(runner, 7.0, 7.05, 7.3) == [0, 1, 2]
    assert runner.policy.elapsed_times == [0.05, 0.05, 0.25]  # type: ignore[attr-defined]


@pytest.mark.parametrize('next_stamp', [6.0, 8.01])
def test_stamp_that_goes_back_or_jumps_starts_afresh(
    next_stamp: float, runner: PolicyRunner
) -> None:
    assert fly(runner, 6.95, 7.0, next_stamp) == [0, 1, 0]
    assert runner.policy.elapsed_times[-1] == 0.05  # type: ignore[attr-defined]
    assert runner.num_starts == 2


def test_repeated_image_is_skipped(runner: PolicyRunner) -> None:
    assert fly(runner, 7.0, 7.0, 7.05) == [0, 1]


def test_inertial_samples_belong_to_the_image_after_them(runner: PolicyRunner) -> None:
    for stamp, force in ((6.96, 1.0), (6.99, 3.0), (7.01, 50.0)):
        runner.add_imu(stamp, np.zeros(3), np.array([0.0, 0.0, force * GRAVITY]))
    command = runner.step(make_image(7.0))
    assert command is not None
    assert command.vz == pytest.approx(2.0)
    assert runner.num_imu_samples == 2


def test_image_that_is_too_small_leaves_the_memory_alone(runner: PolicyRunner) -> None:
    fly(runner, 7.0)
    with pytest.raises(ValueError, match='at least 16x8 pixels, got 8x4'):
        runner.step(make_image(7.05, size=(4, 8)))
    assert fly(runner, 7.1) == [1]


def test_policy_starts_afresh_after_a_command_that_was_not_finite(runner: PolicyRunner) -> None:
    fly(runner, 7.0)
    with pytest.raises(FloatingPointError):
        runner.step(make_image(7.05, brightness=255))
    assert fly(runner, 7.1) == [0]


def test_reset_forgets_everything(runner: PolicyRunner) -> None:
    fly(runner, 7.0, 7.05)
    runner.reset()
    assert fly(runner, 7.1) == [0]
