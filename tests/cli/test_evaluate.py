# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib.util
import io
import json
import math
import re

import pytest

from lnn_control.cli import evaluate as evaluate_module
from lnn_control.cli import evaluation_flights as flights_module
from lnn_control.cli import main as cli
from lnn_control.cli import roster
from lnn_control.cli import scenarios as scenarios_module
from lnn_control.cli.evaluate import (
    Evaluate,
    choose_roster,
    choose_scenarios,
    choose_settings,
    describe_beside,
)
from lnn_control.cli.evaluation_files import write_summaries
from lnn_control.cli.evaluation_flights import TrialBook, fly_roster
from lnn_control.cli.roster import Post
from lnn_control.cli.scenarios import (
    SUITES,
    Camera,
    Scenario,
    choose_task,
    list_scenarios,
    list_stress,
    make_env,
)
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.evaluation import suite as suite_module
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.trial import TrialResult, run_trial
from lnn_control.evaluation.trial_log import TrialLog
from lnn_control.policies.policy import Policy
from lnn_control.policies.references import ExpertPolicy
from lnn_control.policies.registry import make_policy
from sim.disturbances import DISTURBANCES, DroppedFrames, PixelNoise
from sim.tasks import TASKS
from sim.tasks.fly_to_target import FlyToTarget
from sim.worlds import SEASONS


def fail(capsys, *arguments: str) -> str:
    """Evaluate with arguments that must end with 1 and one line; return the line."""
    words = [] if '--episodes' in arguments else ['--episodes', '1']
    assert cli.main(['evaluate', *words, *arguments]) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def test_expert_is_judged_and_the_summary_has_the_agreed_form(tmp_path, capsys):
    summary, folder = tmp_path / 'new' / 'summary.json', tmp_path / 'results'
    arguments = ['--policy', 'expert', '--episodes', '1', '--processes', '1', '--no-references']
    files = ['--json', str(summary), '--output', str(folder)]
    assert cli.main(['evaluate', *arguments, *files]) == 0
    record = json.loads(summary.read_text())
    assert record == json.loads((folder / 'summary.json').read_text())
    versions = record.pop('versions')
    (trial,) = record.pop('trials')
    low, high = wilson_interval(1, 1)
    assert record == {
        'suite': 'fly_to_target',
        'task': 'fly_to_target',
        'world': 'forest',
        'season': 'summer',
        'policy': 'expert',
        'first_seed': 2_000_000,
        'episodes': 1,
        'successes': 1,
        'success_rate': 1.0,
        'wilson_low': pytest.approx(low),
        'wilson_high': pytest.approx(high),
    }
    assert versions['pybullet']
    rows = [json.loads(line) for line in (folder / 'trials.jsonl').read_text().splitlines()]
    assert [row['seed'] for row in rows] == [2_000_000]
    assert rows[0]['policy'] == 'expert'
    assert rows[0]['outcome'] == 'success'
    assert 0.95 < rows[0]['path_ratio'] < 1.5
    assert rows[0]['clearance'] > 0.35
    assert trial == {name: value for name, value in rows[0].items() if name in trial}
    assert trial['hit'] is None
    assert math.hypot(*trial['path'][-1]) == pytest.approx(trial['from_start'], abs=0.02)
    output = capsys.readouterr().out
    assert '1 of 1 = 100.0%' in output


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--suite', 'chess'], "suite must be all or one of ['cameras'"),
        (['--suite', 'all', '--season', 'all'], 'suite all needs one world and one season'),
        (['--suite', 'all', '--task', 'hike'], '--task has no effect: suite all has tasks'),
        (['--suite', 'all', '--level', '2'], 'suite all has disturbances of its own'),
        (['--task', 'chess'], "task must be one of ['drive_to_target'"),
        (['--task', 'hikee'], "did you mean 'hike'?"),
        (['--suite', 'range', '--task', 'hike'], '--task has no effect: suite range has tasks'),
        (['--season', 'winter', '--season', 'dusk'], '--season can be given once only'),
        (
            ['--task-option', 'hold=2', '--task-option', 'hold=3'],
            'hold of a task can be given once',
        ),
        (['--task-option', 'season=winter'], 'season is no option of a task here: say --season'),
        (
            ['--distance', '9', '--task-option', 'min_distance=9'],
            'distance and min_distance both say how far',
        ),
        (['--suite', 'range', '--distance', '9'], '--distance has no effect'),
        (['--suite', 'range', '--world', 'all'], 'suite range needs one world'),
        (['--task', 'keep_lane', '--distance', '9'], 'distance has no effect: keep_lane draws'),
        (['--task-option', 'colour=3'], "no option 'colour'"),
        (['--camera-rate', '7'], 'camera_rate must divide 1200'),
        (['--camera-fov-deg', '300'], 'horizontal_fov_deg must be'),
        (
            ['--world', 'sea'],
            "['forest', 'road', 'urban', 'varied_forest'] or module:Name, got 'sea'",
        ),
        (['--season', 'spring'], "got 'spring'"),
        (['--episodes', '0'], 'episodes must be'),
        (['--first-seed', '-5'], 'first_seed must be'),
        (['--processes', '-5'], 'processes must be'),
        (['--suite', 'stress', '--disturbance', 'rain'], "disturbance must be one of ['battery"),
        (['--suite', 'stress', '--level', '0'], 'level must be 1, 2 or 3, got 0'),
        (['--level', '2'], '--level has no effect: it needs --disturbance'),
        (['--policy', 'nothing_like_it'], "got 'nothing_like_it'"),
    ],
)
def test_bad_input_is_one_line_before_anything_flies(capsys, arguments, message):
    policy = [] if '--policy' in arguments else ['--policy', 'hover']
    line = fail(capsys, *policy, *arguments)
    assert line.startswith('lnn-control evaluate: ')
    assert message in line


@pytest.mark.parametrize('option', ['--json', '--output'])
def test_files_that_cannot_be_written_are_found_before_anything_flies(tmp_path, capsys, option):
    (tmp_path / 'file').write_text('in the way')
    if option == '--json':
        assert 'Is a directory' in fail(capsys, '--policy', 'hover', option, str(tmp_path))
    below = str(tmp_path / 'file' / 'out')
    line = fail(capsys, '--policy', 'hover', option, below)
    assert 'Not a directory' in line or 'File exists' in line


def test_every_policy_can_be_made_by_name():
    env = make_env(Scenario('', FlyToTarget()))
    for name in ('expert', 'hover'):
        policy = make_policy(name, env)
        assert isinstance(policy, Policy)
        assert policy.name == name
    env.close()


def test_stress_flies_clean_and_disturbed_and_writes_a_record_for_each(tmp_path, capsys):
    summary = tmp_path / 'summary.json'
    choice = ['--suite', 'stress', '--disturbance', 'dropped_frames', '--level', '2']
    arguments = ['--policy', 'expert', '--episodes', '1', '--processes', '1', '--no-references']
    files = ['--json', str(summary)]
    assert cli.main(['evaluate', *choice, *arguments, *files]) == 0
    records = json.loads(summary.read_text())
    assert [(r['disturbance'], r['level']) for r in records] == [(None, 0), ('dropped_frames', 2)]
    for record in records:
        assert record['suite'] == 'stress'
        assert (record['policy'], record['episodes'], record['successes']) == ('expert', 1, 1)
        assert record['wilson_low'] == pytest.approx(wilson_interval(1, 1)[0])
        assert record['versions']['pybullet']
    output = capsys.readouterr().out
    assert 'clean' in output
    assert 'dropped_frames' in output
    assert '1 of 1' in output


def test_stress_asks_for_all_disturbances_at_three_levels_unless_told():
    assert len(list_stress()) == 1 + 3 * len(DISTURBANCES)
    assert list_stress(level=2)[:2] == [CLEAN, StressCell('image_noise', 2)]
    assert list_stress('wind') == [CLEAN, *(StressCell('wind', n) for n in (1, 2, 3))]
    job = Evaluate(policy=('hover',), suite='stress', disturbance='wind', level=3)
    assert [row.stress for row in choose_scenarios(job)] == [CLEAN, StressCell('wind', 3)]


def test_environment_has_disturbance_and_camera_of_its_scenario():
    task = FlyToTarget(season='winter')
    noisy = StressCell('image_noise', strength=80.0)
    for cell, expected in (
        (CLEAN, ()),
        (StressCell('dropped_frames', 3), (DroppedFrames(0.3),)),
        (noisy, (PixelNoise(80.0),)),
    ):
        env = make_env(Scenario('', task, Camera(80.0, 10.0, 30.0), cell))
        assert env.simulation.disturbances == expected
        assert env.task.season == 'winter'
        _, info = env.reset(seed=1)
        setup = info['setup']
        assert setup['camera_fov_deg'] == 80.0
        assert setup['camera_pitch_deg'] == pytest.approx(10.0)
        assert setup['camera_rate'] == 30.0
        env.close()


def test_disturbance_applies_to_any_task():
    job = Evaluate(policy=('hover',), task='hike', disturbance='wind', level=1)
    (row,) = choose_scenarios(job)
    assert (row.task.name, row.stress) == ('hike', StressCell('wind', 1))
    assert row.describe()['disturbance'] == 'wind'


@pytest.mark.parametrize('suite', sorted(SUITES))
def test_every_suite_has_rows_that_differ(suite):
    rows = choose_scenarios(Evaluate(policy=('hover',), suite=suite))
    assert rows
    assert {row.suite for row in rows} == {suite}
    described = [json.dumps(row.describe()) for row in rows]
    assert len(set(described)) == len(rows)


def test_help_names_every_suite(capsys):
    with pytest.raises(SystemExit):
        cli.main(['evaluate', '--help'])
    text = capsys.readouterr().out.partition('--suite')[2].partition('--episodes')[0]
    assert all(suite in text for suite in SUITES)


def test_suite_flies_in_another_world_and_season_where_asked():
    job = Evaluate(policy=('hover',), suite='range', world='urban', season='dusk')
    rows = choose_scenarios(job)
    assert {(row.task.world, row.task.season) for row in rows} == {('urban', 'dusk')}
    assert [row.task.min_distance for row in rows] == [10.0, 20.0, 30.0, 40.0]
    assert [row.describe()['distance'] for row in rows] == [10.0, 20.0, 30.0, 40.0]


def test_season_that_is_the_default_is_kept_apart_from_one_that_is_asked_for():
    job = Evaluate(policy=('hover',), suite='seasons', season='summer')
    assert len(choose_scenarios(job, set())) == 4
    places = {(row.task.world, row.task.season) for row in choose_scenarios(job, {'season'})}
    assert places == {('forest', 'summer'), ('urban', 'summer')}


def test_task_is_flown_in_each_of_its_worlds_and_every_season(untrained_checkpoint):
    for name in TASKS:
        job = Evaluate(policy=(str(untrained_checkpoint),), task=name, world='all', season='all')
        found = {(row.task.world, row.task.season) for row in choose_scenarios(job)}
        assert found == {(world, season) for world in TASKS[name].worlds for season in SEASONS}


def test_all_is_every_task_in_each_of_its_worlds():
    rows = choose_scenarios(Evaluate(policy=('hover',), task='all', world='all', season='all'))
    found = [(row.suite, row.task.world) for row in rows]
    assert found == [(name, world) for name in TASKS for world in TASKS[name].worlds]


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--camera-fov-deg', '69'], 'sees 69 degrees across, trained was 100'),
        (['--task', 'hike'], 'trained for fly_to_target, not for hike'),
        (['--suite', 'cameras'], 'sees 69 degrees across'),
        (['--task', 'all'], 'not for follow_target'),
    ],
)
def test_policy_that_was_not_trained_for_it_is_refused_unless_told(capsys, words, message):
    line = fail(capsys, '--policy', 'forest_cfc', '--processes', '1', *words).split('\n')[0]
    assert message in line
    assert '--allow-untrained' in line


def test_options_of_the_task_stand_in_the_summary(tmp_path):
    summary = tmp_path / 'summary.json'
    words = ['--policy', 'hover', '--episodes', '1', '--processes', '1', '--json', str(summary)]
    words += ['--no-references']
    options = ['--task-option', 'time_limit=1', '--task-option', 'target=backpack']
    assert cli.main(['evaluate', *words, *options]) == 0
    record = json.loads(summary.read_text())
    assert record['task_option'] == {'time_limit': 1.0, 'target': 'backpack'}


def test_second_evaluation_in_a_folder_leaves_nothing_of_the_first(tmp_path):
    (tmp_path / 'flights').mkdir()
    (tmp_path / 'flights' / '9_1.npz').write_bytes(b'old')
    for inner in ('policies/mine', 'another'):
        (tmp_path / inner).mkdir(parents=True)
        (tmp_path / inner / 'run.json').write_text('{}')
    words = ['--policy', 'hover', '--episodes', '1', '--task-option', 'time_limit=1']
    words += ['--no-references', '--processes', '1', '--output', str(tmp_path)]
    assert cli.main(['evaluate', *words]) == 0
    assert not (tmp_path / 'flights' / '9_1.npz').exists()
    assert not (tmp_path / 'policies' / 'mine' / 'run.json').exists()
    assert (tmp_path / 'another' / 'run.json').exists(), 'what is not ours stays'
    assert (tmp_path / 'report.html').is_file()


def test_world_left_out_is_the_first_of_the_task():
    assert choose_task('keep_lane').world == 'road'
    assert choose_task('hike', options=['num_targets=3']).num_targets == 3


def test_one_row_a_season_is_printed_and_written(tmp_path, capsys, untrained_checkpoint):
    summary = tmp_path / 'summary.json'
    arguments = ['--policy', str(untrained_checkpoint), '--episodes', '1', '--processes', '1']
    arguments += ['--no-references']
    assert cli.main(['evaluate', *arguments, '--season', 'all', '--json', str(summary)]) == 0
    records = json.loads(summary.read_text())
    assert [record['season'] for record in records] == list(SEASONS)
    assert all(record['episodes'] == 1 for record in records)
    output = capsys.readouterr().out
    assert all(season in output for season in SEASONS)


def test_who_does_not_look_does_one_season_for_all(tmp_path):
    summary = tmp_path / 'summary.json'
    arguments = ['--policy', 'expert', '--episodes', '1', '--processes', '1', '--no-references']
    assert cli.main(['evaluate', *arguments, '--season', 'all', '--json', str(summary)]) == 0
    assert json.loads(summary.read_text())['season'] == 'all'
    results = []
    for season in ('summer', 'winter'):
        env = make_env(Scenario('', FlyToTarget(season=season)), is_blind=True)
        results.append(run_trial(env, ExpertPolicy(env), 2_000_001))
        env.close()
    assert results[0] == results[1]


class JerkyPolicy(Policy):
    """Tells the vehicle to fly ahead and back by turns, as fast as it can."""

    def __init__(self) -> None:
        super().__init__('jerky', Preprocessing(128, 72))

    def initial_state(self):
        return 1

    def __call__(self, observation, state, elapsed_time):
        return VelocityCommand(vx=3.0 * state), -state


@pytest.mark.parametrize(('limits', 'greatest_change'), [(True, 8.0), (False, 120.0)])
def test_trials_fly_through_the_limits_of_the_safety_node(limits, greatest_change, tmp_path):
    job = Evaluate(
        policy=('tests.cli.test_evaluate:JerkyPolicy',),
        references=False,
        task_option=('time_limit=1',),
        episodes=1,
        renderer='none',
        limits=limits,
        processes=1,
    )
    rows = fly_roster(choose_roster(job, choose_scenarios(job, set())), choose_settings(job))
    [[result]] = [row.results for row in rows]
    assert result.command_change == pytest.approx(greatest_change)
    write_summaries(tmp_path / 's.json', rows, describe_beside(job))
    assert json.loads((tmp_path / 's.json').read_text()).get('limits', True) == limits


SHORT = ['--task-option', 'time_limit=1', '--episodes', '3', '--renderer', 'none']
SHORT += ['--processes', '1', '--no-references']


def test_evaluation_that_was_ended_goes_on_with_what_is_there(tmp_path, capsys):
    trials = tmp_path / 'trials.jsonl'
    words = ['evaluate', '--policy', 'hover', *SHORT, '--output', str(tmp_path)]
    assert cli.main(words) == 0
    wanted = json.loads((tmp_path / 'summary.json').read_text())
    first, second, third = trials.read_text().splitlines()
    # The second line was being written; the first one tells that its trial is not flown again.
    marked = first.replace('"outcome": "time_limit"', '"outcome": "success"')
    trials.write_text(f'{marked}\n{second[:40]}')
    assert cli.main(words) == 0
    assert trials.read_text().splitlines() == [marked, second, third]
    again = json.loads((tmp_path / 'summary.json').read_text())
    assert (wanted['successes'], again['successes']) == (0, 1)
    # Other limits, other trials.
    capsys.readouterr()
    assert cli.main([*words, '--no-limits']) == 0
    assert '3 trials of other policies, settings or versions' in capsys.readouterr().out
    assert json.loads((tmp_path / 'summary.json').read_text())['successes'] == 0
    assert len(trials.read_text().splitlines()) == 3


def test_policies_are_compared_seed_by_seed(tmp_path, capsys):
    jerky = 'tests.cli.test_evaluate:JerkyPolicy'
    words = ['evaluate', '--policy', 'hover', '--against', 'expert', '--against', jerky]
    words += ['--task-option', 'max_distance=9', '--episodes', '2', '--processes', '1']
    assert cli.main([*words, '--json', str(tmp_path / 's.json')]) == 0
    hover, expert, other = json.loads((tmp_path / 's.json').read_text())
    assert [one['policy'] for one in (hover, expert, other)] == ['hover', 'expert', jerky]
    assert [one['successes'] for one in (hover, expert, other)] == [0, 2, 0]
    found = expert['against']
    assert (found['policy'], found['num_pairs']) == ('hover', 2)
    assert (found['num_lost'], found['num_won'], found['difference']) == (0, 2, 1.0)
    assert found['p_value'] == 0.5
    assert other['against']['num_won'] == other['against']['num_lost'] == 0
    assert 'against' not in hover
    output = capsys.readouterr().out
    assert 'beside hover, seed by seed' in output
    assert '+100.0' in output
    assert 'Fewer than 400 seeds' in output


def test_a_policy_is_not_compared_with_itself(capsys):
    assert 'name hover twice' in fail(capsys, '--policy', 'hover', '--against', 'hover')


def test_references_stand_beside_a_row_in_table_and_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(roster, 'MAX_REFERENCE_EPISODES', 1)
    jerky = 'tests.cli.test_evaluate:JerkyPolicy'
    words = ['evaluate', '--policy', jerky, '--task-option', 'max_distance=8.5', '--episodes', '2']
    words += ['--processes', '1', '--renderer', 'none', '--json', str(tmp_path / 's.json')]
    assert cli.main(words) == 0
    record = json.loads((tmp_path / 's.json').read_text())
    assert (record['policy'], record['successes'], record['episodes']) == (jerky, 0, 2)
    found = {one['policy']: one for one in record['references']}
    assert {name: (one['successes'], one['episodes']) for name, one in found.items()} == {
        'hover': (0, 1),
        'expert': (1, 1),
    }
    assert found['expert']['wilson_low'] == pytest.approx(wilson_interval(1, 1)[0])
    assert [trial['seed'] for trial in found['hover']['trials']] == [2_000_000]
    assert found['hover']['task_option'] == record['task_option'] == {'max_distance': 8.5}
    output = capsys.readouterr().out
    line = next(line for line in output.splitlines() if '│ success' in line)
    assert [part.strip() for part in line.split('│')[2:-1]] == [
        *('0 of 2 = 0.0%', '0 of 1 = 0.0%', '1 of 1 = 100.0%')
    ]
    assert 'seed by seed' not in output, 'nobody asked to compare them'
    assert re.search(r'4 trials in 3 rows, \d+ (s|min)', output)


def make_book(posts: list[Post], lines: io.StringIO | None = None) -> TrialBook:
    return TrialBook(posts, TrialLog(lines), {post.policy: 'run' for post in posts})


def test_who_does_not_look_is_flown_once_for_all_that_only_looks_different():
    scenarios = [*list_scenarios('seasons'), *list_scenarios('fly_to_target')]
    cells = ('image_noise', 'occluding_patch', 'wind')
    scenarios += [Scenario('stress', FlyToTarget(), stress=StressCell(name, 3)) for name in cells]
    lines = io.StringIO()
    book = make_book([Post(one, 'expert', range(5, 7)) for one in scenarios], lines)
    # The forest in all seasons and under whatever is done to pixels, the city, and the wind.
    flights = book.list_waiting('expert')
    assert len(flights) == 3 * 2
    assert book.num_waiting == len(scenarios) * 2
    result = TrialResult(5, 'success', 9.0, 9.0, 1.1, 0.5, 0.2, 1.0)
    told = book.note('expert', flights[0], result)
    assert [post.scenario.task.season for post in told] == [
        *('autumn', 'winter', 'dusk', 'summer', 'summer', 'summer')
    ]
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line['season'] for line in written[:4]] == ['autumn', 'winter', 'dusk', 'summer']
    # Who looks is flown in each; only the same row of two suites is one.
    looking = make_book([Post(one, 'forest_cfc', range(5, 7)) for one in scenarios])
    assert len(looking.list_waiting('forest_cfc')) == len(scenarios) * 2
    clean = [*list_scenarios('fly_to_target'), list_scenarios('stress')[0]]
    assert len(make_book([Post(one, 'forest_cfc', range(5)) for one in clean]).found) == 2
    assert make_book([Post(one, 'forest_cfc', range(5)) for one in clean]).num_waiting == 10
    assert (
        len(make_book([Post(c, 'forest_cfc', range(5)) for c in clean]).list_waiting('forest_cfc'))
        == 5
    )


@pytest.mark.parametrize('name', ['image_noise', 'occluding_patch', 'motion_blur'])
def test_expert_flies_the_same_whatever_is_done_to_pixels(name):
    task = FlyToTarget(time_limit=3.0)
    results = []
    for cell in (CLEAN, StressCell(name, 3)):
        env = make_env(Scenario('', task, stress=cell), is_blind=True)
        assert env.simulation.settings.renderer == 'none', 'nobody looks'
        results.append(run_trial(env, ExpertPolicy(env), 2_000_001))
        env.close()
    assert results[0] == results[1]


def make_short_suites() -> dict[str, object]:
    """Return three suites whose trials last a second."""
    short = ['time_limit=1']
    drone = [
        Scenario('', choose_task('fly_to_target', season=season, options=short))
        for season in ('summer', 'winter')
    ]
    clean = [Scenario('', drone[0].task, stress=CLEAN)]
    follow = [Scenario('', choose_task('follow_target', options=short))]
    return {'seasons': lambda: drone, 'clean': lambda: clean, 'follow': lambda: follow}


@pytest.mark.skipif(importlib.util.find_spec('av') is None, reason='needs the report extra')
def test_all_suites_are_flown_in_one_command_that_writes_the_page(tmp_path, capsys, monkeypatch):
    suites = make_short_suites()
    monkeypatch.setattr(scenarios_module, 'SUITES', suites)
    other = 'tests.cli.test_roster:FollowPolicy'
    words = ['evaluate', '--suite', 'all', '--policy', 'forest_cfc', '--policy', other]
    words += ['--episodes', '2', '--processes', '1', '--output', str(tmp_path / 'all')]
    assert cli.main(words) == 0
    output = capsys.readouterr().out
    assert f'page: {tmp_path}/all/results.html' in output.replace('\n', '')
    assert re.search(r'24 trials in 12 rows, \d+ (s|min)', output)
    assert 'forest_cfc, seasons: forest winter: 0 of 2, ' in output, 'how far it is'
    trials = (tmp_path / 'all' / 'trials.jsonl').read_text()
    lines = [json.loads(line) for line in trials.splitlines()]
    assert len(lines) == 24
    same = [
        {
            name: value
            for name, value in line.items()
            if name not in ('suite', 'disturbance', 'level')
        }
        for line in lines
        if line['policy'] == 'forest_cfc' and line['season'] == 'summer'
    ]
    assert len(same) == 4
    assert sum(one == same[0] for one in same) == 2, 'one flight for the same row of two suites'
    records = json.loads((tmp_path / 'all' / 'summary.json').read_text())
    assert [(one['suite'], one['policy'], len(one['references'])) for one in records] == [
        *(('seasons', 'forest_cfc', 2), ('seasons', 'forest_cfc', 2)),
        *(('clean', 'forest_cfc', 2), ('follow', other, 2)),
    ]
    page = (tmp_path / 'all' / 'results.html').read_text()
    assert page.count('<video ') == 6, 'best and worst of a row of each suite'
    assert (tmp_path / 'all' / 'results.md').is_file()
    recorded = sorted(path.parent.name for path in (tmp_path / 'all').glob('policies/*/run.json'))
    assert recorded == ['forest_cfc', 'tests.cli.test_roster_FollowPolicy']


def test_all_suites_go_on_where_they_were_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(scenarios_module, 'SUITES', make_short_suites())
    monkeypatch.setattr(evaluate_module, 'write_pages', lambda *_: tmp_path)
    flown = []

    def count(crew, jobs, place):
        flown.extend(jobs)
        return suite_module.run_jobs(crew, jobs, place)

    monkeypatch.setattr(flights_module, 'run_jobs', count)
    words = ['evaluate', '--suite', 'all', '--policy', 'hover', '--episodes', '2']
    words += ['--processes', '1', '--no-references', '--output', str(tmp_path)]
    assert cli.main(words) == 0
    # The forest in two seasons and once more as another suite is one to who does not look.
    assert len(flown) == 4
    trials = (tmp_path / 'trials.jsonl').read_text().splitlines()
    assert len(trials) == 8
    # Ended while the second seed was noted for its second row: what is known is not flown again.
    (tmp_path / 'trials.jsonl').write_text('\n'.join([*trials[:4], trials[4][:50]]))
    flown.clear()
    assert cli.main(words) == 0
    assert len(flown) == 2, 'those of the last suite'
    again = (tmp_path / 'trials.jsonl').read_text().splitlines()
    assert again[:4] == trials[:4]
    assert sorted(again) == sorted(trials)
    flown.clear()
    assert cli.main(words) == 0
    assert flown == []


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--processes', '2'], '--processes has no effect: the workers of the cluster fly'),
        (['--renderer', 'auto'], "with --cluster, renderer must be one of ['gl', 'none', 'tiny']"),
    ],
)
@pytest.mark.parametrize('verb', ['collect', 'evaluate'])
def test_options_that_make_no_sense_on_a_cluster_are_refused(verb, words, told, tmp_path, capsys):
    words = [verb, '--cluster', 'tcp://127.0.0.1:8786', '--output', str(tmp_path), *words]
    assert cli.main(words) == 1
    assert told in capsys.readouterr().err


def test_what_is_no_address_of_a_cluster_is_refused(capsys):
    told = "cluster must be the address of a Dask scheduler, such as tcp://10.0.0.5:8786, got 'x'"
    assert told in fail(capsys, '--cluster', 'x')
