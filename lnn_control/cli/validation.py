# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Judging a policy closed loop while it is trained."""

import re
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from lnn_control.cli.scenarios import Scenario, check_trials, choose_task, make_env
from lnn_control.evaluation.suite import run_cells
from lnn_control.policies.network_policy import NetworkPolicy
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import make_policy
from lnn_control.policies.runner import RunnerSettings

FIRST_SEED = 1_000_000
"""Validation uses seeds from here on, below those of tests."""


def find_scenario(episodes: list[dict[str, str]]) -> Scenario:
    """Return the scenario that most episodes were flown in, the options of their task included.

    :param episodes: metadata of each.
    :raises ValueError: if none says its task.
    """
    said = [episode for episode in episodes if 'task' in episode]
    if not said:
        raise ValueError('validation needs a task, but no episode names one: leave it out')
    names = ('world', 'season', 'task_option')
    places = [(e.get('task_from', e['task']), *(e.get(name, '') for name in names)) for e in said]
    task, world, season, asked = max(sorted(set(places)), key=places.count)
    # A value may have spaces of its own, such as the path of a target.
    chosen = choose_task(
        task, world or None, season or 'summer', re.findall(r'\w+=.*?(?= \w+=|$)', asked)
    )
    renderer = next((e['renderer'] for e in said if 'renderer' in e), 'tiny')
    return Scenario(chosen.name, chosen, renderer=renderer)


def make_judge(
    episodes: list[Mapping[str, str]] | list[dict[str, str]], num_trials: int, processes: int = 0
) -> Callable[[Policy], float]:
    """Return what flies a policy on validation seeds and returns its success rate.

    :param episodes: metadata of what is trained on.
    :raises ValueError: if there is no trial to fly.
    """
    check_trials(num_trials, FIRST_SEED, processes)
    scenario = find_scenario([dict(episode) for episode in episodes])

    def judge(policy: Policy) -> float:
        from lnn_control.policies.checkpoint import save_checkpoint

        if not isinstance(policy, NetworkPolicy):
            raise TypeError(f'judged must be a NetworkPolicy, got {type(policy).__name__}')
        with tempfile.TemporaryDirectory() as folder:
            # The processes that fly read it as any other checkpoint.
            save_checkpoint(Path(folder), policy.name, policy.network, {})
            results = run_cells(
                make_env,
                partial(make_policy, folder),
                [scenario],
                range(FIRST_SEED, FIRST_SEED + num_trials),
                processes or None,
                RunnerSettings(allow_untrained=True),
            )
            return sum(result.is_success for _, result in results) / num_trials

    return judge
