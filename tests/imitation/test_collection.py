# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Collections that are killed: as a whole, one process of them, in the middle of a write."""

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lnn_control.core.cluster import Cluster
from lnn_control.imitation import collection
from lnn_control.imitation.collection import CollectionCrew, EpisodeFolder, collect_missing
from lnn_control.imitation.episode_file import read_episode
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from tests.dask_cluster import DaskCluster
from tests.patience import PATIENCE

SEEDS = range(6)


def make_env(cell: str) -> TaskEnv:
    settings = SimulationSettings(renderer='none', camera=PinholeCamera(16, 9), privileged=True)
    return TaskEnv(FlyToTarget(time_limit=1.5), settings=settings)


def choose_cell(seed: int) -> str:
    return 'the same'


CREW = CollectionCrew(make_env, choose_cell)


def collect(folder: Path, processes: int = 2) -> list[collection.Collected]:
    return list(collect_missing(EpisodeFolder(folder, 'f', SEEDS), CREW, processes))


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope='module')
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a collection that nobody killed."""
    folder = tmp_path_factory.mktemp('unharmed')
    done = collect(folder, processes=1)
    assert sorted(episode.seed for episode in done) == list(SEEDS)
    assert {episode.num_images for episode in done} == {30}
    return read_files(folder)


def test_files_do_not_depend_on_the_number_of_processes(unharmed, tmp_path):
    collect(tmp_path, processes=3)
    assert read_files(tmp_path) == unharmed
    assert collect(tmp_path) == []


def start_collection(folder: Path) -> 'subprocess.Popen[bytes]':
    script = (
        'import sys\n'
        'from pathlib import Path\n'
        'from tests.imitation.test_collection import collect\n'
        'if __name__ == "__main__":\n'
        '    collect(Path(sys.argv[1]))\n'
    )
    file = folder.parent / 'collect.py'
    file.write_text(script)
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get('PYTHONPATH')]))
    return subprocess.Popen(
        [sys.executable, str(file), str(folder)], env=os.environ | {'PYTHONPATH': path}
    )


@pytest.mark.parametrize('kill_at', ['a file', 'two files', 'a write'])
def test_collection_that_was_killed_ends_with_the_same_files(unharmed, tmp_path, kill_at):
    folder = tmp_path / 'episodes'
    pattern, count = {
        'a file': ('*.mcap', 1),
        'two files': ('*.mcap', 2),
        'a write': ('*.part', 1),
    }[kill_at]
    process = start_collection(folder)
    deadline = time.monotonic() + PATIENCE
    while len(list(folder.glob(pattern))) < count and process.poll() is None:
        assert time.monotonic() < deadline
    process.kill()
    process.wait(PATIENCE)
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob('*.mcap')}
    collect(folder)
    assert read_files(folder) == unharmed
    for name, written_at in kept.items():
        assert (folder / name).stat().st_mtime_ns == written_at


class KillingEnv(TaskEnv):
    """Kills its process in the first flight of one seed, as when memory runs out."""

    def step(self, action):
        mark = Path(os.environ['KILL_ONCE'])
        if self.trial.seed == 2 and self.simulation.time > 0.5 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


def make_killing_env(cell: str) -> TaskEnv:
    return KillingEnv(
        FlyToTarget(time_limit=1.5),
        settings=SimulationSettings(renderer='none', camera=PinholeCamera(16, 9), privileged=True),
    )


def test_seed_of_a_killed_process_is_flown_by_another(unharmed, tmp_path, monkeypatch):
    monkeypatch.setenv('KILL_ONCE', str(tmp_path / 'mark'))
    folder = EpisodeFolder(tmp_path / 'episodes', 'f', SEEDS)
    crew = CollectionCrew(make_killing_env, choose_cell)
    done = list(collect_missing(folder, crew, processes=2))
    assert (tmp_path / 'mark').exists()
    assert sorted(episode.seed for episode in done) == list(SEEDS)
    assert read_files(folder.path) == unharmed


def test_seed_of_a_killed_worker_of_a_cluster_is_flown_by_another(unharmed, tmp_path, monkeypatch):
    pytest.importorskip('distributed', reason='needs the extra cluster')
    (tmp_path / 'there').mkdir()
    (tmp_path / 'here').mkdir()
    # The workers stand elsewhere: what they wrote would not be here.
    monkeypatch.chdir(tmp_path / 'here')
    folder = EpisodeFolder(Path('episodes'), 'f', SEEDS)
    crew = CollectionCrew(make_killing_env, choose_cell)
    with DaskCluster(tmp_path / 'there', KILL_ONCE=str(tmp_path / 'mark')) as cluster:
        cluster.add_workers(2)
        done = list(collect_missing(folder, crew, Cluster(cluster.address, PATIENCE)))
        assert -signal.SIGKILL in [worker.poll() for worker in cluster.workers]
    assert sorted(episode.seed for episode in done) == list(SEEDS)
    assert {episode.num_images for episode in done} == {30}
    assert read_files(tmp_path / 'here' / 'episodes') == unharmed


def leave_no_space(cell: str) -> TaskEnv:
    """Let the process write no file of more than some bytes, which all but one episode need."""
    env = make_env(cell)
    reset = env.reset

    def limit(*, seed):
        size = 1_000_000 if seed == 0 else 3000
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
        return reset(seed=seed)

    env.reset = limit
    return env


def test_no_space_left_is_an_error_that_says_what_is_kept(unharmed, tmp_path):
    crew = CollectionCrew(leave_no_space, choose_cell)
    folder = EpisodeFolder(tmp_path, 'f', SEEDS)
    with pytest.raises(OSError, match=r'; 1 of 6 episodes are kept .* flies the others') as error:
        list(collect_missing(folder, crew, processes=1))
    assert error.value.errno == errno.EFBIG
    assert error.value.filename.endswith('f_0000001.mcap')
    assert read_files(tmp_path) == {'f_0000000.mcap': unharmed['f_0000000.mcap']}
    collect(tmp_path)
    assert read_files(tmp_path) == unharmed


def test_episode_holds_truth_and_setup_of_its_environment(tmp_path):
    folder = EpisodeFolder(tmp_path, 'f', [4], shared={'season': 'summer'})
    list(collect_missing(folder, CREW, processes=1))
    episode = read_episode(folder.find_path(4))
    assert episode.privileged is not None
    assert episode.metadata['season'] == 'summer'
    assert episode.metadata['vehicle'] == 'quadrotor'
    assert episode.metadata['pilot'] == 'expert'


def test_seeds_for_evaluation_are_refused():
    with pytest.raises(ValueError, match='seeds must be below 1000000'):
        EpisodeFolder(Path(), 'f', range(999_999, 1_000_001))


def test_processes_end_with_the_collection(tmp_path):
    others = set(multiprocessing.active_children())
    results = collect_missing(EpisodeFolder(tmp_path, 'f', SEEDS), CREW, 1)
    next(results)
    results.close()
    assert set(multiprocessing.active_children()) <= others
    assert not list(tmp_path.glob('*.part'))
