# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import shutil

import pytest

from lnn_control.cli.collect import Collect, describe_settings
from lnn_control.cli.validation import find_scenario, make_judge
from lnn_control.core.observation import Preprocessing
from lnn_control.policies.network import Network, NetworkConfig
from lnn_control.policies.network_policy import NetworkPolicy
from sim.tasks.fly_to_target import FlyToTarget

FOREST = {'task': 'fly_to_target', 'world': 'forest', 'season': 'summer', 'renderer': 'tiny'}


def test_scenario_is_that_of_most_episodes():
    autumn = FOREST | {'season': 'autumn'}
    scenario = find_scenario([FOREST, autumn, autumn, {}])
    assert (scenario.task.name, scenario.task.world) == ('fly_to_target', 'forest')
    assert scenario.task.season == 'autumn'
    assert scenario.renderer == 'tiny'


def test_task_is_asked_what_it_was_in_most_episodes(tmp_path):
    # Options are written in one line, and a path may have spaces.
    target = tmp_path / 'a thing.obj'
    shutil.copy('examples/own_task/beehive.obj', target)
    sparse = FOREST | {'task_option': f'density=0.1 target={target} time_limit=2.5'}
    task = find_scenario([sparse, FOREST, sparse]).task
    assert (task.density, task.time_limit) == (0.1, 2.5)
    assert task.target == str(target)
    assert find_scenario([FOREST, sparse, FOREST]).task.density != 0.1


class Linger(FlyToTarget):
    """Of another package, which offers it to nobody by name."""

    name = 'linger'


def test_task_of_another_package_is_found_by_what_its_episodes_say(tmp_path):
    job = Collect(tmp_path, task='tests.cli.test_validation:Linger', world='urban')
    scenario = find_scenario([describe_settings(job)])
    assert scenario.task.name == 'linger'
    assert isinstance(scenario.task, FlyToTarget)
    assert scenario.task.world == 'urban'


def test_empty_validation_and_a_task_nobody_knows_are_errors():
    with pytest.raises(ValueError, match='episodes must be'):
        make_judge([FOREST], 0)
    with pytest.raises(ValueError, match='no episode names one: leave it out'):
        make_judge([{}], 3)


def test_judge_flies_the_network_closed_loop():
    config = NetworkConfig(Preprocessing(16, 8), (4, 4, 4, 6), num_places=4, num_neurons=16)
    policy = NetworkPolicy('candidate', Network(config))
    # It does not move towards anything.
    for parameter in policy.network.parameters():
        parameter.data.zero_()
    judge = make_judge([FOREST | {'task': 'hike'}], 1, processes=1)
    assert judge(policy) == 0.0
