# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Who flies which row."""

from collections import Counter
from pathlib import Path

import pytest

from lnn_control.cli import roster as roster_module
from lnn_control.cli.roster import (
    MAX_REFERENCE_EPISODES,
    Part,
    Request,
    Roster,
    describe_left_out,
    make_roster,
)
from lnn_control.cli.scenarios import Scenario, choose_task, count_usual_episodes, list_scenarios
from lnn_control.core.domain import DomainError, TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.policies.folders import DEFAULT_POLICY, POLICY_OF_TASK, shipped_checkpoints
from lnn_control.policies.policy import Policy
from sim.tasks import TASKS

SEEDS = range(2_000_000, 2_000_100)


class RoadPolicy(Policy):
    """Was trained for the road, on a car."""

    def __init__(self) -> None:
        domain = TrainingDomain(tasks=('keep_lane',), vehicle='car')
        super().__init__('road', Preprocessing(128, 72), domain)

    def initial_state(self) -> None:
        return None

    def __call__(self, observation, state, elapsed_time):
        return VelocityCommand(), state


class FollowPolicy(RoadPolicy):
    """Was trained to follow, on a quadrotor."""

    def __init__(self) -> None:
        super().__init__()
        self.domain = TrainingDomain(tasks=('follow_target',), vehicle='quadrotor')


ROAD = 'tests.cli.test_roster:RoadPolicy'


def choose(suite: str, **asked: object) -> Roster:
    request = Request(**asked, is_selective=suite == 'all')  # type: ignore[arg-type]
    return make_roster([(one, SEEDS) for one in list_scenarios(suite)], request)


def count_suites(roster: Roster, policy: str, part: Part = Part.OWN) -> Counter[str]:
    posts = [post for post in roster.list_part(part) if post.policy == policy]
    return Counter(post.scenario.suite for post in posts)


def test_table_names_shipped_policies_of_tasks_that_there_are() -> None:
    assert set(POLICY_OF_TASK) <= set(TASKS)
    assert set(POLICY_OF_TASK.values()) <= set(shipped_checkpoints())
    for task, name in POLICY_OF_TASK.items():
        roster = make_roster([(Scenario(task, choose_task(task)), SEEDS)], Request())
        assert roster.list_part(Part.OWN)[0].policy == name


def test_one_policy_of_all_suites_flies_what_it_was_trained_for_and_says_what_it_does_not() -> (
    None
):
    roster = choose('all', policies=('forest_cfc',))
    flown = count_suites(roster, 'forest_cfc')
    assert set(flown) == {'fly_to_target', 'seasons', 'range', 'stress', 'cameras'}
    assert flown['stress'] == len(list_scenarios('stress'))
    # Cropped to what was trained, wider cameras are no others; narrow and tilted ones are.
    assert flown['cameras'] == 2
    left = Counter(one.scenario.suite for one in roster.left_out)
    assert left == {'cameras': 3, 'follow': 3, 'hike': 1, 'rover': 4, 'road': 4}
    text = '\n'.join(describe_left_out(roster.left_out))
    assert (
        'forest_cfc flies hike: forest summer (it was trained for fly_to_target, not for hike)'
        in (text)
    )
    assert 'not for drive_to_target; it was trained on a quadrotor, not on a rover' in text
    assert 'the camera sees 69 degrees across, trained was 100' in text


def test_each_row_is_flown_by_the_first_policy_that_was_trained_for_it() -> None:
    roster = choose('all', policies=('forest_cfc', ROAD))
    assert set(count_suites(roster, ROAD)) == {'road'}
    assert 'road' not in count_suites(roster, 'forest_cfc')
    assert {one.scenario.suite for one in roster.left_out} == {
        *('cameras', 'follow', 'hike', 'rover')
    }
    # Who flies anything takes what is left.
    rest = choose('all', policies=('forest_cfc', ROAD, 'expert'))
    assert rest.left_out == ()
    assert count_suites(rest, 'expert')['hike'] == 1


def test_without_a_policy_the_shipped_one_of_each_task_flies(monkeypatch) -> None:
    monkeypatch.setattr(
        roster_module, 'POLICY_OF_TASK', {'fly_to_target': DEFAULT_POLICY, 'keep_lane': ROAD}
    )
    roster = choose('all')
    assert set(count_suites(roster, ROAD)) == {'road'}
    assert set(count_suites(roster, DEFAULT_POLICY)) >= {'fly_to_target', 'stress'}
    assert 'nobody flies hike: forest summer (no shipped policy does hike)' in (
        describe_left_out(roster.left_out)
    )
    assert choose('road').list_part(Part.OWN)[0].policy == ROAD


def test_a_task_without_a_shipped_policy_says_what_to_do(monkeypatch) -> None:
    monkeypatch.setattr(roster_module, 'POLICY_OF_TASK', {'fly_to_target': DEFAULT_POLICY})
    with pytest.raises(ValueError, match=r'no shipped policy does hike.*--policy.*dagger --task'):
        choose('hike')
    # Told to fly all the same, the usual one does.
    roster = choose('hike', allow_untrained=True)
    assert roster.list_part(Part.OWN)[0].policy == DEFAULT_POLICY


@pytest.mark.parametrize(
    ('suite', 'asked', 'message'),
    [
        ('hike', {'policies': ('forest_cfc',)}, 'policy forest_cfc does not fit: it was trained'),
        ('hike', {'policies': ('forest_cfc', ROAD)}, 'no policy of --policy fits hike: forest'),
        ('road', {'policies': (ROAD, 'forest_cfc')}, 'policy forest_cfc flies no row .it was tr'),
        ('all', {'policies': ('expert', 'hover')}, 'hover flies no row .expert comes first'),
        (
            'range',
            {'against': (DEFAULT_POLICY,)},
            f'--policy and --against name {DEFAULT_POLICY} twi',
        ),
        ('road', {'policies': (ROAD,), 'against': ('forest_cfc',)}, 'forest_cfc does not fit'),
        ('all', {'policies': ('nothing_like_it',)}, "got 'nothing_like_it'"),
    ],
)
def test_who_cannot_fly_is_refused(suite: str, asked: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, DomainError), match=message):
        choose(suite, **asked)


def test_references_stand_beside_every_row_with_fewer_trials() -> None:
    roster = choose('range', policies=('forest_cfc',), against=('hover',))
    own = roster.list_part(Part.OWN)
    found = roster.list_part(Part.REFERENCE)
    # Hover flies all seeds already, as it was asked to.
    assert [(post.scenario, post.policy) for post in found] == [
        (post.scenario, 'expert') for post in own
    ]
    assert {len(post.seeds) for post in own} == {100}
    assert {post.seeds for post in found} == {SEEDS[:MAX_REFERENCE_EPISODES]}
    assert [post.policy for post in roster.list_part(Part.AGAINST)] == ['hover'] * len(own)
    bare = choose('range', policies=('forest_cfc',), has_references=False)
    assert bare.list_part(Part.REFERENCE) == []
    assert len(choose('range', policies=('forest_cfc',)).list_part(Part.REFERENCE)) == 2 * len(own)


def test_rows_against_are_those_that_the_other_was_trained_for() -> None:
    roster = choose('all', policies=('expert',), against=(ROAD,))
    assert set(count_suites(roster, ROAD, Part.AGAINST)) == {'road'}
    assert {one.policy for one in roster.left_out} == {ROAD}


def test_usual_number_of_trials() -> None:
    counts = {suite: count_usual_episodes(suite) for suite in ('seasons', 'stress', 'road')}
    assert counts == {'seasons': 100, 'stress': 40, 'road': 40}


def test_folders_of_policies_are_told_apart() -> None:
    pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')
    from lnn_control.cli.evaluation_page import name_folders

    names = name_folders(
        ['forest_cfc', 'runs/a/best', str(Path('runs/b/best')), 'pkg.mod:Class=3']
    )
    assert names == ['forest_cfc', 'best', 'best-2', 'pkg.mod_Class_3']
