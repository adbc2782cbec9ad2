# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The demo as a user starts it: real nodes, real DDS, one short flight."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lnn_control.cli import demo
from lnn_control.cli import main as cli
from lnn_control.cli.scenarios import choose_task
from lnn_control.core.flight import load_flight
from lnn_control.evaluation.flight import read_results
from lnn_control.policies.folders import POLICY_OF_TASK
from tests.patience import PATIENCE

needs_ros = pytest.mark.skipif(
    importlib.util.find_spec('rclpy') is None,
    reason='needs ROS 2: pip install ".[ros]"',
)
# Straight ahead there stands a tree, so the flight is short.
SEED = 2_000_005


@dataclass(frozen=True)
class DemoOutput:
    """What a run of the demo left."""

    code: int
    output: str
    errors: str
    process_id: int
    folder: Path


def start_demo(folder: Path, *arguments: str) -> 'subprocess.Popen[str]':
    """Start the demo as its own process, in slow motion: a busy machine answers most images."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, '-m', 'lnn_control.cli.main', 'demo', '--output', str(folder)]
    return subprocess.Popen(
        [*command, '--real-time-factor', '0.5', *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def find_nodes(process_id: int) -> list[str]:
    """Return the command lines of the nodes that a demo started and that still run."""
    found = []
    for path in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            line = path.read_bytes().replace(b'\0', b' ').decode(errors='replace')
        except OSError:
            continue
        if f'__ns:=/demo_{process_id} ' in f'{line} ':
            found.append(line)
    return found


@pytest.fixture(scope='module')
def straight_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a policy that flies straight ahead at 2.5 m/s, whatever it sees."""
    import torch

    from lnn_control.policies.checkpoint import save_checkpoint
    from lnn_control.policies.network import Network, NetworkConfig

    torch.manual_seed(0)
    network = Network(NetworkConfig())
    network.command_mean[0] = 2.5
    network.command_scale.zero_()
    folder = tmp_path_factory.mktemp('checkpoints') / 'straight'
    save_checkpoint(folder, 'straight', network, {})
    return folder


@pytest.fixture(scope='module')
def flown(
    straight_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoOutput]:
    """Fly one trial in the winter forest."""
    folder = tmp_path_factory.mktemp('demo')
    process = start_demo(
        folder,
        '--policy',
        str(straight_checkpoint),
        '--scene',
        'forest/winter',
        '--first-seed',
        str(SEED),
    )
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    runs = list(folder.iterdir())
    assert len(runs) == 1, output + errors
    yield DemoOutput(process.returncode, output, errors, process.pid, runs[0])


@needs_ros
def test_any_task_is_flown_with_its_target_on_the_move(
    straight_checkpoint: Path, tmp_path: Path
) -> None:
    words = ['--policy', str(straight_checkpoint), '--task', 'follow_target']
    process = start_demo(tmp_path, *words, '--scene', f'forest/summer/{SEED}')
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + errors
    (folder,) = tmp_path.iterdir()
    (result,) = read_results(folder / 'results.jsonl')
    record = load_flight(folder / result.flight)
    moved = np.linalg.norm(np.diff(record.flight.targets_world[:, :2], axis=0), axis=1)
    # A person walks, and never jumps.
    assert 0.0 < moved.max() < 0.5
    ends = record.flight.positions_world[-1] - record.flight.targets_world[-1]
    assert result.trial.final_distance == pytest.approx(float(np.linalg.norm(ends)))
    page = (folder / 'report.html').read_text()
    assert 'Follow a person' in page and 'class="goal"' in page
    assert 'target missed' not in page and 'Target reached' not in page


@needs_ros
def test_demo_works_whatever_comes_of_the_flight(flown: DemoOutput) -> None:
    assert flown.code == 0, flown.output + flown.errors
    (result,) = read_results(flown.folder / 'results.jsonl')
    assert result.trial.outcome in ('collision', 'out_of_area')
    assert (result.world, result.season, result.trial.seed) == ('forest', 'winter', SEED)
    assert result.policy == 'straight'


@needs_ros
def test_demo_tells_the_result_and_where_the_report_is(flown: DemoOutput) -> None:
    assert re.search(r'forest +winter +(collision|left the area) +\d', flown.output)
    assert f'report:  {flown.folder / "report.html"}' in flown.output
    assert '<h2>Forest winter</h2>' in (flown.folder / 'report.html').read_text()


@needs_ros
def test_demo_leaves_no_process(flown: DemoOutput) -> None:
    assert find_nodes(flown.process_id) == []


@needs_ros
def test_recorded_flight_is_what_the_policy_commanded(flown: DemoOutput) -> None:
    (result,) = read_results(flown.folder / 'results.jsonl')
    flight = load_flight(flown.folder / result.flight).flight
    assert flight.images.shape[1:] == (72, 128, 3)
    # A machine too busy to answer every image answers some, and never one twice.
    assert 0 < len(flight.latencies) <= len(flight.images)
    assert result.command_rate == pytest.approx(len(flight.latencies) / flight.duration, rel=0.01)
    assert flight.commands[:, 0].max() == pytest.approx(2.5, abs=1e-3)
    np.testing.assert_allclose(flight.commands[:, 1:], 0.0, atol=1e-6)
    assert flight.positions_world[-1, 0] > 3.0, 'it flew ahead'
    assert flight.saliency.shape == flight.images.shape[:3]
    assert flight.saliency.max() > 0
    assert flight.neurons.shape[1] == 36
    assert len(flight.neurons) > 0
    assert 0.0 < result.latency_p50_ms <= result.latency_p99_ms


@needs_ros
def test_run_names_its_origin(flown: DemoOutput) -> None:
    description = json.loads((flown.folder / 'run.json').read_text())
    assert description['settings']['first_seed'] == SEED
    assert description['settings']['scene'] == 'forest/winter'
    assert {'python', 'torch', 'commit'} <= set(description['versions'])


@needs_ros
def test_report_is_drawn_again_from_the_files(flown: DemoOutput) -> None:
    page = flown.folder / 'report.html'
    before = page.read_text()
    page.unlink()
    assert cli.main(['report', str(flown.folder)]) == 0
    assert page.read_text() == before


@needs_ros
def test_interrupted_demo_leaves_no_process(straight_checkpoint: Path, tmp_path: Path) -> None:
    process = start_demo(tmp_path, '--policy', str(straight_checkpoint))
    deadline = time.monotonic() + PATIENCE
    while len(find_nodes(process.pid)) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert 'Traceback' not in errors
    assert find_nodes(process.pid) == []


@needs_ros
@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--policy', '/nowhere'], "got '/nowhere'"),
        (['--task', 'chess'], "task must be one of ['drive_to_target'"),
        (['--task', 'keep_lane', '--scene', 'forest/summer'], "must be one of ['road']"),
        (['--scene', 'forest/monsoon'], "season must be one of ['autumn'"),
        (
            ['--scene', 'forest'],
            'scene must be world/season or world/season/seed, such as',
        ),
        (['--first-seed', '7'], '--first-seed has no effect: every scene names its seed'),
        (['--scene', 'forest/summer/x'], "got 'forest/summer/x'"),
        (['--domain-id', '500'], 'domain_id must be 0 to 101'),
    ],
)
def test_bad_input_ends_before_anything_starts(
    arguments: list[str],
    message: str,
    straight_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / 'runs'
    policy = [] if '--policy' in arguments else ['--policy', str(straight_checkpoint)]
    assert cli.main(['demo', '--output', str(output), *policy, *arguments]) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count('\n') == 1
    assert not output.exists()


@needs_ros
def test_broken_checkpoint_ends_with_one_line(
    straight_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / 'broken'
    broken.mkdir()
    (broken / 'config.json').write_bytes((straight_checkpoint / 'config.json').read_bytes())
    weights = (straight_checkpoint / 'model.safetensors').read_bytes()
    (broken / 'model.safetensors').write_bytes(weights[:1000])
    assert cli.main(['demo', '--output', str(tmp_path / 'runs'), '--policy', str(broken)]) == 1
    errors = capsys.readouterr().err
    assert 'model.safetensors cannot be read' in errors
    assert errors.count('\n') == 1


@pytest.mark.parametrize('module', ['matplotlib', 'jinja2', 'av', 'rclpy'])
def test_missing_module_is_named_before_anything_flies(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda name: None if name == module else find(name)
    )
    assert cli.main(['demo']) == 1
    errors = capsys.readouterr().err
    assert f'Python module {module!r} is missing: install it with pip' in errors
    assert errors.count('\n') == 1


def test_scenes_are_those_of_the_task_and_the_policy_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for task, name in POLICY_OF_TASK.items():
        job = demo.Demo(task=task)
        assert job.flown == name and job.scenes == demo.SCENES[task]
        for world, season, seed in (demo.read_scene(scene, 0) for scene in job.scenes):
            planned = demo.plan_flight(choose_task(task, world, season), seed)
            assert planned.trial.seed == seed and planned.site.time_limit > 0.0
    # One that has none of its own flies where it usually is.
    monkeypatch.setattr(demo, 'SCENES', {})
    assert demo.Demo(task='keep_lane').scenes == ('road/summer',)


def test_folders_of_one_second_differ(tmp_path: Path) -> None:
    folders = {demo.make_folder(tmp_path / 'runs') for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() for folder in folders)
