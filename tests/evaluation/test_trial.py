# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.evaluation.trial import (
    MAX_PLACES,
    measure_command_change,
    measure_path,
    run_trial,
    trace_path,
)
from lnn_control.policies.policy import Policy

# A second of hovering, as an inertial unit with noise feels it.
IMU = np.random.default_rng(0).normal([0, 0, 0, 0, 0, 9.8], 0.1, (20, 6)).astype(np.float32)


class LineEnv:
    """A point that flies what it is told, seen at 10 Hz; ends after 2 s or beyond x = 1 m."""

    def _sense(self):
        return {
            'image': np.full((8, 16, 3), self.steps, np.uint8),
            'imu': IMU,
            'elapsed_time': np.array([0.1], np.float32),
        }

    def _describe(self, outcome):
        return {
            'position': self.position.copy(),
            'clearance': 3.0 - self.position[0],
            'distance_to_target': 2.0 - self.position[0],
            'time': 0.1 * self.steps,
            'outcome': outcome,
            'sees_target': self.position[0] < 0.45,
            'metrics': {'held': 0.1 * self.steps},
        }

    def reset(self, *, seed):
        self.steps, self.position = 0, np.array([0.0, 0.0, seed])
        return self._sense(), self._describe(None) | {'shortest_path': 0.5}

    def step(self, action):
        self.steps += 1
        self.position = self.position + 0.1 * np.asarray(action[:3], float)
        success, timeout = bool(self.position[0] > 1 - 1e-9), self.steps == 20
        outcome = 'success' if success else 'time_limit' if timeout else None
        return self._sense(), 0.0, success, timeout and not success, self._describe(outcome)


class ScriptedPolicy(Policy):
    """Flies at given speeds, checking that its state and observations come in turn."""

    def __init__(self, speeds) -> None:
        super().__init__('scripted', Preprocessing(16, 8))
        self.speeds = speeds

    def initial_state(self):
        return 0

    def __call__(self, observation, state, elapsed_time):
        assert observation.image[0, 0, 0] == state
        assert elapsed_time == pytest.approx(0.1)
        return VelocityCommand(vx=self.speeds[state]), state + 1


def test_successful_trial_is_measured():
    result = run_trial(LineEnv(), ScriptedPolicy([1.0] * 5 + [2.0, 1.0] + [1.0] * 5), seed=3)
    assert result.is_success
    assert (result.seed, result.outcome) == (3, 'success')
    assert result.duration == pytest.approx(0.9)
    assert result.path_length == pytest.approx(1.0)
    assert result.path_ratio == pytest.approx(2.0)
    assert result.clearance == pytest.approx(2.0)
    assert result.final_distance == pytest.approx(1.0)
    assert result.in_view == pytest.approx(4 / 9)
    assert result.metrics == {'held': pytest.approx(0.9)}
    # Two changes of 1 m/s within 0.1 s among eight pairs of commands.
    assert result.command_change == pytest.approx(20 / 8)


def test_trial_keeps_its_path_and_since_when_the_target_was_out_of_view():
    result = run_trial(LineEnv(), ScriptedPolicy([1.0] * 10), seed=3)
    # Seen up to x = 0.4 m, at 0.4 s.
    assert result.unseen_since == pytest.approx(0.5)
    assert result.from_start == pytest.approx(1.0)
    assert result.path == tuple((pytest.approx(0.1 * i), 0.0) for i in range(11))
    assert result.hit is None
    back = run_trial(LineEnv(), ScriptedPolicy([1.0] * 6 + [-1.0] * 4 + [0.0] * 10), seed=3)
    assert back.unseen_since is None
    assert back.in_view == pytest.approx(17 / 20)
    assert len(run_trial(LineEnv(), ScriptedPolicy([0.0] * 20), seed=0).path) == 21


def test_long_path_is_thinned_and_keeps_its_ends():
    positions = np.column_stack([np.arange(1000), np.zeros(1000), np.ones(1000)])
    distance, path = trace_path(positions)
    assert distance == 999.0
    assert len(path) == MAX_PLACES
    assert (path[0], path[-1]) == ((0.0, 0.0), (999.0, 0.0))


def test_trial_that_runs_out_of_time_is_no_success():
    result = run_trial(LineEnv(), ScriptedPolicy([0.0] * 20), seed=0)
    assert not result.is_success
    assert result.outcome == 'time_limit'
    assert result.duration == pytest.approx(2.0)
    assert result.path_length == 0.0
    assert result.command_change == 0.0


def test_smallest_clearance_counts_wherever_it_was():
    result = run_trial(LineEnv(), ScriptedPolicy([9.0, -9.0] + [0.0] * 18), seed=0)
    assert result.outcome == 'time_limit' or result.is_success
    assert result.clearance == pytest.approx(3.0 - 0.9)


def test_path_is_measured_in_space():
    corner = np.array([[0, 0, 0], [3, 0, 4], [3, 2, 4.0]])
    assert measure_path(corner, 3.5) == pytest.approx((7.0, 2.0))


def test_command_change_counts_velocity_per_second_and_no_yaw():
    commands = np.array([[0, 0, 0, 0], [0.3, 0.4, 0, 9.0], [0.3, 0.4, 0, -9.0]], np.float32)
    elapsed = np.array([0.05, 0.1, 0.05])
    assert measure_command_change(commands, elapsed) == pytest.approx(0.5 / 0.1 / 2)
    assert measure_command_change(commands[:1], elapsed[:1]) == 0.0
