# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is exported, read back by the libraries that others read it with."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.core.observation import Preprocessing
from lnn_control.data.contract import OUR_CONTRACT, with_size
from lnn_control.data.dataset import load_dataset
from lnn_control.data.importer import import_bags
from lnn_control.imitation.cache import prepare_imu
from lnn_control.imitation.episode_file import read_episode
from tests.data.made_bags import answer, record, see_and_feel, twist

CAMERA = 'observation.images.front'


@pytest.fixture(scope='module')
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set of nine episodes, the last one for validation."""
    folder = tmp_path_factory.mktemp('data')
    for number in range(9):
        count = 20 + number

        def command(time: float, i: int, number: int = number):
            return twist(1.5 - 0.1 * number, -0.01 * i, 0.0, 0.5)

        def better(time: float, i: int, number: int = number):
            return twist(1.4 - 0.1 * number, -0.01 * i, 0.0, 0.25)

        flown = answer(count, make_command=command)
        labels = answer(count, topic='/expert/cmd_vel', make_command=better)
        messages = [*see_and_feel(count), *flown, *labels]
        record(folder / 'bags' / f'{number}', messages)
    contract = with_size(replace(OUR_CONTRACT, vehicle='quadrotor', task='hike'), (32, 18))
    list(import_bags([folder / 'bags'], contract, folder / 'set', say=print))
    return folder / 'set'


def load_episodes(data_set: Path) -> list:
    return [read_episode(path) for path in load_dataset(data_set).list_paths()]


def test_lerobot_reads_back_value_for_value(data_set: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip('pyarrow.parquet', reason='needs: pip install ".[data]"')
    av = pytest.importorskip('av', reason='needs: pip install ".[report]"')
    output = tmp_path / 'lerobot'
    assert cli.main(['data', 'export', str(data_set), '--output', str(output)]) == 0
    episodes = load_episodes(data_set)

    info = json.loads((output / 'meta' / 'info.json').read_text())
    total = sum(map(len, episodes))
    assert (info['codebase_version'], info['fps'], info['robot_type']) == ('v3.0', 20, 'quadrotor')
    assert (info['total_episodes'], info['total_frames']) == (9, total)
    assert info['features'][CAMERA]['shape'] == [18, 32, 3]

    place = info['data_path'].format(chunk_index=0, file_index=0)
    columns = pq.read_table(output / place).to_pydict()
    assert columns['index'] == list(range(total))
    # What should have been commanded is learned; what was, an image before, is felt.
    assert np.array_equal(columns['action'], np.concatenate([e.labels for e in episodes]))
    assert columns['action'][0] == pytest.approx([1.4, 0.0, 0.0, 0.25])
    state = np.array(columns['observation.state'])
    for episode, first in zip(episodes, np.cumsum([0, *map(len, episodes)]), strict=False):
        before = np.concatenate([episode.flown[:1], episode.flown[:-1]])
        assert np.array_equal(state[first : first + len(episode)], before)
    assert state[:3] == pytest.approx(np.array([[1.5, y, 0.0, 0.5] for y in (0.0, 0.0, -0.01)]))
    features = np.concatenate([prepare_imu(e, Preprocessing(32, 18)) for e in episodes])
    assert np.array_equal(columns['observation.imu'], features)
    assert columns['timestamp'][:3] == pytest.approx([0.0, 0.05, 0.1])
    assert columns['observation.elapsed'][1] == pytest.approx(0.05, abs=1e-6)

    (path,) = (output / 'meta' / 'episodes').rglob('*.parquet')
    rows = pq.read_table(path).to_pylist()
    assert [row['length'] for row in rows] == list(map(len, episodes))
    assert rows[1]['dataset_from_index'] == 20 and rows[1]['tasks'] == ['hike']
    assert rows[2]['stats/action/max'] == pytest.approx(episodes[2].labels.max(axis=0).tolist())
    tasks = pq.read_table(output / 'meta' / 'tasks.parquet')
    assert tasks.to_pydict() == {'task_index': [0], 'task': ['hike']}
    assert json.loads(tasks.schema.metadata[b'pandas'])['index_columns'] == ['task']

    statistics = json.loads((output / 'meta' / 'stats.json').read_text())
    every = np.concatenate([e.labels for e in episodes]).astype(float)
    assert statistics['action']['std'] == pytest.approx(every.std(axis=0), abs=1e-5)
    pixels = np.concatenate([e.images for e in episodes]) / 255.0
    assert np.ravel(statistics[CAMERA]['mean']) == pytest.approx(pixels.mean((0, 1, 2)), abs=1e-4)

    chosen = {key: rows[3][f'videos/{CAMERA}/{key}'] for key in ('chunk_index', 'file_index')}
    video = output / info['video_path'].format(video_key=CAMERA, **chosen)
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(23) / 20, abs=1e-6)
    shown = np.stack([frame.to_ndarray(format='rgb24') for frame in frames]).astype(float)
    assert np.abs(shown - episodes[3].images).mean() < 6.0


def test_robomimic_reads_back_value_for_value(data_set: Path, tmp_path: Path) -> None:
    h5py = pytest.importorskip('h5py', reason='needs: pip install ".[data]"')
    words = ['data', 'export', str(data_set), '--format', 'robomimic', '--output', str(tmp_path)]
    assert cli.main(words) == 0
    episodes = load_episodes(data_set)
    with h5py.File(tmp_path / 'demos.hdf5') as file:
        data = file['data']
        assert data.attrs['total'] == sum(map(len, episodes))
        assert json.loads(data.attrs['env_args'])['env_name'] == 'hike'
        assert len(data) == 9
        scale = data.attrs['action_scale']
        # The greatest of each axis; height never changes.
        assert scale == pytest.approx([1.4, 0.27, 1.0, 0.25])
        for number, episode in enumerate(episodes):
            demo = data[f'demo_{number}']
            assert demo.attrs['num_samples'] == len(episode)
            assert demo['actions'][()] * scale == pytest.approx(episode.labels, abs=1e-6)
            assert np.array_equal(demo['obs/front_image'][()], episode.images)
            assert demo['dones'][()].tolist() == [0] * (len(episode) - 1) + [1]
            assert demo['obs/elapsed_time'].shape == (len(episode), 1)
        assert [name.decode() for name in file['mask/valid']] == ['demo_8']
        assert len(file['mask/train']) == 8


def test_robomimic_without_room_is_one_line_and_leaves_nothing(
    data_set: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('h5py', reason='needs: pip install ".[data]"')
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, 'disk_usage', lambda place: usage._replace(free=4_000_000))
    words = ['data', 'export', str(data_set), '--format', 'robomimic', '--output', str(tmp_path)]
    assert cli.main(words) == 1
    told = capsys.readouterr().err
    assert '4 MB are needed and 4 MB free' in told and 'demos.hdf5' in told
    assert list(tmp_path.iterdir()) == []


def test_lerobot_that_fails_on_the_way_leaves_nothing(
    data_set: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('pyarrow', reason='needs: pip install ".[data]"')
    written = []

    def fill_disk(path: Path, images, rate: int) -> None:
        written.append(path.write_bytes(b'1'))
        if len(written) == 2:
            raise OSError(28, 'No space left on device', str(path))

    monkeypatch.setattr('lnn_control.cli.data.write_steady_video', fill_disk)
    output = tmp_path / 'lerobot'
    output.mkdir()
    words = ['data', 'export', str(data_set), '--format', 'lerobot', '--output', str(output)]
    assert cli.main(words) == 1
    assert 'No space left on device' in capsys.readouterr().err
    assert len(written) == 2
    assert list(tmp_path.rglob('*')) == [output]


def read_columns(path: Path) -> dict[str, dict[str, list]]:
    """Return the columns of every entity of a recording of rerun, by rerun's own reader."""
    from rerun.chunk import RrdReader

    found: dict[str, dict[str, list]] = {}
    for chunk in RrdReader(path).stream():
        batch = chunk.to_record_batch()
        entity = found.setdefault(str(chunk.entity_path), {})
        for name in batch.schema.names:
            column = batch.column(name)
            # Of times the nanoseconds.
            column = column.cast('int64') if str(column.type).startswith('duration') else column
            entity.setdefault(name, []).extend(column.to_pylist())
    return found


def test_rerun_reads_back_value_for_value(data_set: Path, tmp_path: Path) -> None:
    pytest.importorskip('rerun.chunk', reason='needs: pip install rerun-sdk')
    words = ['data', 'export', str(data_set), '--format', 'rerun', '--output', str(tmp_path)]
    assert cli.main(words) == 0
    entries = load_dataset(data_set).episodes
    paths = [tmp_path / f'{entry.name}.rrd' for entry in entries]
    assert sorted(tmp_path.iterdir()) == paths and len(paths) == 9
    episode = read_episode(data_set / entries[3].file)
    found = read_columns(paths[3])
    for place, rows in (
        ('/command/flown', episode.flown),
        ('/command/label', episode.labels),
        ('/imu/rates', episode.imu[:, :3]),
        ('/imu/force', episode.imu[:, 3:]),
    ):
        assert np.array_equal(np.array(found[place]['Scalars:scalars'], np.float32), rows)
    since = (episode.image_stamps - episode.image_stamps[0]) * 1e9
    assert found['/camera']['time'] == pytest.approx(since, abs=1.0)
    for (blob,), pixels in zip(found['/camera']['EncodedImage:blob'], episode.images, strict=True):
        shown = cv2.imdecode(np.frombuffer(bytes(blob), np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(shown[..., ::-1], pixels)
    assert 'vehicle: quadrotor' in found['/about']['TextDocument:text'][0][0]


def test_package_of_a_format_that_is_missing_is_named(
    data_set: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, 'rerun', None)
    monkeypatch.delitem(sys.modules, 'lnn_control.data.export_rerun', raising=False)
    words = ['data', 'export', str(data_set), '--format', 'rerun', '--output', str(tmp_path)]
    assert cli.main(words) == 1
    assert 'install it with pip install rerun-sdk' in capsys.readouterr().err


def test_export_of_what_is_no_data_set_or_into_a_full_folder_is_one_line(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('pyarrow', reason='needs: pip install ".[data]"')
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'thesis.tex').touch()
    for words, message in (
        ([str(tmp_path), '--output', str(tmp_path / 'x')], 'is no data set'),
        ([str(data_set), '--output', str(tmp_path / 'full')], 'must be empty'),
    ):
        assert cli.main(['data', 'export', *words]) == 1
        assert message in capsys.readouterr().err
