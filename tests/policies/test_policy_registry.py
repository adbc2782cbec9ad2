# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.registry import RegistryError
from lnn_control.policies.checkpoint import save_checkpoint
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import PolicyError, is_blind, list_policies, make_policy


class Spin(Policy):
    """A rule of another package: turns on the spot."""

    def __init__(self, rate: str = '0.5') -> None:
        super().__init__(f'spin {rate}')
        self._rate = float(rate)

    def initial_state(self):
        return None

    def __call__(self, observation, state, elapsed_time):
        return VelocityCommand(yaw_rate=self._rate), state


class Break(Policy):
    """One with a fault of its own, that shows in flight."""

    def initial_state(self):
        return 0

    def __call__(self, observation, state, elapsed_time):
        if state == 2:
            raise RuntimeError('the third image is too much')
        return VelocityCommand(vx=0.5), state + 1


class Drive(Policy):
    """Another one: goes straight ahead."""

    def __init__(self, speed: str) -> None:
        super().__init__('drive')
        self._speed = float(speed)

    def initial_state(self):
        return None

    def __call__(self, observation, state, elapsed_time):
        return VelocityCommand(vx=self._speed), state


def make_nothing() -> None:
    return None


SPIN = f'{__name__}:Spin'


def test_references_are_found_by_name() -> None:
    assert make_policy('hover').name == 'hover'
    assert make_policy('expert', environment=object()).name == 'expert'
    assert is_blind('hover') and is_blind('expert')


def test_expert_without_its_environment_says_where_it_flies() -> None:
    with pytest.raises(PolicyError, match='cannot fly from sensors alone: evaluate, collect'):
        make_policy('expert')


def test_class_of_another_package_flies_with_and_without_an_argument() -> None:
    assert make_policy(SPIN).name == 'spin 0.5'
    policy = make_policy(f'{SPIN}=0.7')
    assert policy(None, None, 0.05)[0].yaw_rate == 0.7  # type: ignore[arg-type]
    assert not is_blind(SPIN)
    assert policy.circuit.num_parameters == 0
    assert policy.domain.tasks is None


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('hoover', PolicyError, r"one of \['expert', 'hover'.*got 'hoover'; did you mean 'hover'"),
        ('no/such/folder', PolicyError, "got 'no/such/folder'"),
        ('hover=3', PolicyError, 'cannot be made with 1 arguments'),
        (f'{__name__}:make_nothing', PolicyError, 'must give a Policy, got NoneType'),
        (f'{__name__}:Nobody', RegistryError, "no attribute 'Nobody'"),
        ('nowhere:Policy', RegistryError, "no module 'nowhere'"),
        (f'{__name__}:SPIN', RegistryError, 'expected a subclass of Policy or a function'),
    ],
)
def test_what_is_no_policy_is_one_line(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        make_policy(text)
    assert '\n' not in str(caught.value)


def test_checkpoints_are_found_by_folder_and_by_name(make_network, tmp_path: Path) -> None:
    folder = tmp_path / 'a=b'
    save_checkpoint(folder, 'small', make_network(), {})
    assert make_policy(str(folder)).name == 'small'
    assert not is_blind(str(folder))
    assert 'forest_cfc' in list_policies()
