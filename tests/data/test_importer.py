# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Data sets: what is in them, that a killed import ends the same, and bags of all kinds."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.data import dataset
from lnn_control.data.contract import (
    OUR_CONTRACT,
    CameraTopic,
    CommandTopic,
    Contract,
    ImuTopic,
    JoyAxis,
    Joystick,
    with_size,
)
from lnn_control.data.dataset import DatasetError, Statistic, load_dataset, pool
from lnn_control.data.importer import import_bags
from lnn_control.data.problems import RecordingError
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import read_episode, read_metadata, write_episode
from tests.data.made_bags import (
    START,
    Sent,
    ackermann,
    answer,
    compressed,
    draw,
    image,
    imu,
    joy,
    odometry,
    record,
    record_ros1,
    see_and_feel,
    twist,
    twist_stamped,
)

ROOT = Path(__file__).parents[2]
FLIGHT = [*see_and_feel(30), *answer(30)]


def run(place: Path, output: Path, contract: Contract = OUR_CONTRACT) -> dataset.Dataset:
    list(import_bags([place], contract, output, say=lambda line: None))
    return load_dataset(output)


def read_all(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def test_data_set_says_what_it_is_of(tmp_path: Path) -> None:
    for number in range(11):
        record(tmp_path / 'bags' / f'flight_{number:02d}', FLIGHT)
    data = run(tmp_path / 'bags', tmp_path / 'set')
    assert data.is_complete and data.contract == OUR_CONTRACT
    assert [entry.name for entry in data.episodes[:2]] == ['flight_00_000', 'flight_01_000']
    assert [len(data.list_paths(name)) for name in dataset.SPLITS] == [9, 1, 1]
    values = json.loads((tmp_path / 'set' / 'dataset.json').read_text())
    assert values['splits']['validation'] == ['flight_08_000']
    entry = data.episodes[3]
    assert (entry.num_images, entry.duration) == (30, pytest.approx(1.45))
    assert entry.commands.max == pytest.approx([0.29, 0.0, 0.0, 0.0])
    assert entry.images.mean[2] == 40.0
    statistics = json.loads((tmp_path / 'set' / 'statistics.json').read_text())
    assert (statistics['num_episodes'], statistics['num_images']) == (9, 270)
    # Of equal episodes the whole is like each.
    assert statistics['labels']['std'] == pytest.approx(entry.labels.std, rel=1e-4)
    metadata = read_metadata(data.list_paths()[0])
    assert metadata == {'pilot': 'recorded', 'source': 'flight_00', 'camera_rate': '20'}


def test_pooled_statistic_is_that_of_all_rows() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(i, 1 + i, (5 + i, 3)) for i in range(3)]
    together = pool([dataset.measure(part) for part in parts], [len(part) for part in parts])
    expected = dataset.measure(np.concatenate(parts))
    for name in ('mean', 'std', 'min', 'max'):
        assert getattr(together, name) == pytest.approx(getattr(expected, name), rel=1e-4)
    assert pool([], []) == Statistic([], [], [], [])


def test_same_import_again_changes_nothing_and_more_bags_are_added(tmp_path: Path) -> None:
    record(tmp_path / 'bags' / 'b', FLIGHT)
    run(tmp_path / 'bags', tmp_path / 'set')
    before = read_all(tmp_path / 'set')
    run(tmp_path / 'bags', tmp_path / 'set')
    assert read_all(tmp_path / 'set') == before
    record(tmp_path / 'bags' / 'a', FLIGHT)
    data = run(tmp_path / 'bags', tmp_path / 'set')
    # Appended: no episode that was there moves to another split.
    assert [entry.source for entry in data.episodes] == ['b', 'a']


def test_episode_that_was_lost_is_made_again_and_nothing_else_changes(tmp_path: Path) -> None:
    for name in 'ab':
        record(tmp_path / 'bags' / name, FLIGHT)
    data = run(tmp_path / 'bags', tmp_path / 'set')
    before = read_all(tmp_path / 'set')
    data.list_paths()[0].unlink()
    run(tmp_path / 'bags', tmp_path / 'set')
    assert read_all(tmp_path / 'set') == before


def test_damaged_line_is_named_with_its_file(tmp_path: Path) -> None:
    record(tmp_path / 'bags' / 'a', FLIGHT)
    run(tmp_path / 'bags', tmp_path / 'set')
    (tmp_path / 'set' / 'episodes.jsonl').write_text('nonsense\n')
    with pytest.raises(DatasetError, match=r'episodes\.jsonl cannot be read, a line of it is no'):
        load_dataset(tmp_path / 'set')


def test_data_set_among_the_bags_is_no_bag(tmp_path: Path) -> None:
    record(tmp_path / 'a', FLIGHT)
    run(tmp_path, tmp_path / 'set')
    before = read_all(tmp_path / 'set')
    run(tmp_path, tmp_path / 'set')
    assert read_all(tmp_path / 'set') == before


def test_another_contract_or_another_file_of_the_name_is_refused(tmp_path: Path) -> None:
    record(tmp_path / 'bags' / 'a', FLIGHT)
    run(tmp_path / 'bags', tmp_path / 'set')
    with pytest.raises(DatasetError, match='another contract'):
        run(tmp_path / 'bags', tmp_path / 'set', replace(OUR_CONTRACT, rate=5.0))
    with open(tmp_path / 'bags' / 'a' / 'a.mcap', 'ab') as stream:
        stream.write(b' ')
    with pytest.raises(DatasetError, match='has changed since'):
        run(tmp_path / 'bags', tmp_path / 'set')
    (tmp_path / 'home').mkdir()
    (tmp_path / 'home' / 'thesis.tex').touch()
    with pytest.raises(DatasetError, match=r'holds thesis\.tex: choose another'):
        run(tmp_path / 'bags', tmp_path / 'home')


PROGRAM = """
import sys
from pathlib import Path
from lnn_control.data.contract import OUR_CONTRACT
from lnn_control.data.importer import import_bags
print('ready', flush=True)
for imported in import_bags([Path(sys.argv[1])], OUR_CONTRACT, Path(sys.argv[2])):
    pass
"""


def test_killed_at_any_moment_the_import_ends_the_same_byte_for_byte(tmp_path: Path) -> None:
    bags = tmp_path / 'bags'
    for number in range(3):
        # Two episodes a bag, with a pause between them.
        later = [sent._replace(time=sent.time + 40.0) for sent in FLIGHT]
        record(bags / f'{number}', [*FLIGHT, *later])
    start = time.monotonic()
    run(bags, tmp_path / 'whole')
    duration = time.monotonic() - start
    expected = read_all(tmp_path / 'whole')
    assert len([name for name in expected if name.endswith('.mcap')]) == 6

    rng = random.Random(0)
    killed = tmp_path / 'killed'
    num_kills = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, '-c', PROGRAM, str(bags), str(killed)],
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, duration))
        process.send_signal(signal.SIGKILL)
        num_kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert num_kills > 0
    run(bags, killed)
    assert read_all(killed) == expected


@pytest.mark.parametrize('place', range(12))
def test_import_that_fails_between_any_two_writes_goes_on(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / 'bags' / 'a', [*FLIGHT, *(s._replace(time=s.time + 40.0) for s in FLIGHT)])
    expected = read_all(run(tmp_path / 'bags', tmp_path / 'whole').folder)
    calls = []
    sync = os.fsync

    def fail(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > place:
            raise KeyboardInterrupt
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', fail)
        try:
            run(tmp_path / 'bags', tmp_path / 'set')
        except KeyboardInterrupt:
            pass
        else:
            assert place >= 7
    run(tmp_path / 'bags', tmp_path / 'set')
    assert read_all(tmp_path / 'set') == expected


def test_unfinished_line_of_a_crash_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / 'lines.jsonl'
    dataset.append_line(path, Statistic([1.0], [], [], []))
    with open(path, 'ab') as stream:
        stream.write(b'{"mean": [2.')
    assert len(dataset.read_lines(path)) == 1
    dataset.append_line(path, Statistic([3.0], [], [], []))
    assert [line['mean'] for line in dataset.read_lines(path)] == [[1.0], [3.0]]


def test_two_imports_into_one_folder_are_kept_apart(tmp_path: Path) -> None:
    record(tmp_path / 'bags' / 'a', FLIGHT)
    record(tmp_path / 'bags' / 'b', FLIGHT)
    first = import_bags([tmp_path / 'bags'], OUR_CONTRACT, tmp_path / 'set', say=print)
    next(first)
    with pytest.raises(DatasetError, match='another import writes'):
        run(tmp_path / 'bags', tmp_path / 'set')
    list(first)
    assert load_dataset(tmp_path / 'set').is_complete


# Bags of other vehicles.

OTHERS = Contract(
    camera=CameraTopic('/uav/front/image', fov_deg=90.0, pitch_deg=10.0),
    imu=ImuTopic('/mavros/imu/data'),
    command=CommandTopic('/mavros/setpoint_velocity/cmd_vel', frame='enu', limits=(3, 2, 1, 1.5)),
    odometry='/mavros/local_position/odom',
    vehicle='quadrotor',
    task='fly_to_target',
)


def make_other_flight(suffix: str = '', num_images: int = 12) -> list[Sent]:
    """Return 640x480 images at 30 Hz, IMU at 100 Hz and commands northwards, facing north."""
    messages = []
    for i in range(num_images):
        stamp = START + i / 30
        pixels = draw(stamp, (640, 480))
        if suffix:
            picture = compressed(stamp, suffix, (640, 480))
            messages.append(Sent('/uav/front/image/compressed', stamp + 0.004, picture))
        else:
            picture = image(stamp, pixels[:, :, ::-1].copy(), encoding='bgr8')
            messages.append(Sent('/uav/front/image', stamp + 0.004, picture))
        told = twist_stamped(stamp + 0.01, 'map', vy=0.5 + i / 100)
        messages.append(Sent('/mavros/setpoint_velocity/cmd_vel', stamp + 0.01, told))
        facing = odometry(stamp, np.pi / 2)
        messages.append(Sent('/mavros/local_position/odom', stamp + 0.002, facing))
    times = [START + k / 100 for k in range(int(num_images / 30 * 100) + 2)]
    return [*messages, *(Sent('/mavros/imu/data', t + 0.001, imu(t)) for t in times)]


def check_other(episode: Episode, slack: int) -> None:
    """Check an episode of the flight of another vehicle."""
    assert episode.images.shape == (12, 72, 128, 3)
    assert episode.flown[:, 0] == pytest.approx(0.5 + np.arange(12) / 100, abs=1e-6)
    assert np.abs(episode.flown[:, 1:]).max() < 1e-6
    for stamp, pixels in zip(episode.image_stamps, episode.images, strict=True):
        expected = draw(stamp, (640, 480))
        # Nothing is cut off at the sides: green runs from left to right.
        assert abs(int(pixels[36, 64, 0]) - int(expected[0, 0, 0])) <= slack
        assert np.abs(pixels[36, [2, 125], 1] - np.array([5.0, 250.0])).max() <= 2 + slack
    said = {k: episode.metadata[k] for k in ('vehicle', 'task', 'camera_rate', 'camera_fov_deg')}
    assert said == {
        'vehicle': 'quadrotor',
        'task': 'fly_to_target',
        'camera_rate': '30',
        'camera_fov_deg': '90',
    }
    assert episode.metadata['command_limits'] == '3 2 1 1.5'
    assert episode.metadata['camera_pitch_deg'] == '10'


@pytest.mark.parametrize('kind', ['mcap', 'sqlite3', 'compressed', 'ros1'])
def test_flight_of_another_vehicle_becomes_a_data_set(kind: str, tmp_path: Path) -> None:
    bags = tmp_path / 'bags'
    messages = make_other_flight('.jpg' if kind == 'compressed' else '')
    if kind == 'ros1':
        bags.mkdir()
        record_ros1(bags / 'flight.bag', messages)
    else:
        plugin, version = ('sqlite3', 8) if kind == 'sqlite3' else ('mcap', 9)
        record(bags / 'flight', messages, plugin, version=version)
    data = run(bags, tmp_path / 'set', OTHERS)
    assert data.sources[0].notes == []
    (path,) = data.list_paths()
    check_other(read_episode(path), slack=3 if kind == 'compressed' else 0)


def test_car_that_tells_its_steering_angle_becomes_a_data_set(tmp_path: Path) -> None:
    def steer(time: float, i: int):
        return ackermann(time, 2.0, 0.1 * (i % 3))

    record(
        tmp_path / 'bags' / 'lap', [*see_and_feel(), *answer(topic='/drive', make_command=steer)]
    )
    contract = replace(
        with_size(OUR_CONTRACT, (16, 9)), command=CommandTopic('/drive', wheelbase=0.5)
    )
    (path,) = run(tmp_path / 'bags', tmp_path / 'set', contract).list_paths()
    flown = read_episode(path).flown
    # v tan(angle) / wheelbase: 2 tan(0.1) / 0.5.
    assert flown[:3, 3] == pytest.approx([0.0, 0.401339, 0.810840], abs=1e-5)
    assert set(flown[:, 0]) == {2.0}


def test_wheels_that_are_turned_across_are_named(tmp_path: Path) -> None:
    def steer(time: float, i: int):
        return ackermann(time, 2.0, np.pi / 2 if i == 7 else 0.1)

    messages = [*see_and_feel(), *answer(topic='/drive', make_command=steer)]
    record(tmp_path / 'bags' / 'lap', messages)
    contract = replace(OUR_CONTRACT, command=CommandTopic('/drive', wheelbase=0.5))
    with pytest.raises(RecordingError, match=r'/drive message 7: steers by 1\.5708 rad'):
        run(tmp_path / 'bags', tmp_path / 'set', contract)


def test_joystick_with_a_dead_man_becomes_a_data_set(tmp_path: Path) -> None:
    def hold(time: float, i: int):
        return joy(time, [0.0, 0.5, 0.01, -1.0], [0, int(i >= 5)])

    record(tmp_path / 'bags' / 'hand', [*see_and_feel(), *answer(topic='/joy', make_command=hold)])
    joystick = Joystick(
        vx=JoyAxis(1, 2.0), vy=JoyAxis(2, 1.0), yaw_rate=JoyAxis(3, -0.8), deadman=1
    )
    contract = replace(OUR_CONTRACT, command=CommandTopic('/joy', joy=joystick))
    (path,) = run(tmp_path / 'bags', tmp_path / 'set', contract).list_paths()
    episode = read_episode(path)
    assert episode.image_stamps[0] - START == pytest.approx(0.25)
    assert episode.flown == pytest.approx(np.tile([1.0, 0.0, 0.0, 0.8], (15, 1)))


def test_what_was_flown_can_be_the_command(tmp_path: Path) -> None:
    def fly(time: float, i: int):
        return odometry(time, 0.0, vx=1.5, yaw_rate=0.2)

    record(tmp_path / 'bags' / 'a', [*see_and_feel(), *answer(topic='/odom', make_command=fly)])
    contract = replace(OUR_CONTRACT, command=CommandTopic('/odom'))
    (path,) = run(tmp_path / 'bags', tmp_path / 'set', contract).list_paths()
    assert read_episode(path).flown[4] == pytest.approx([1.5, 0.0, 0.0, 0.2])


def test_crop_cuts_the_image_and_its_field_of_view(tmp_path: Path) -> None:
    record(tmp_path / 'bags' / 'a', FLIGHT)
    # The right half of 32x18 pixels, of which 16x9 in the middle is kept.
    camera = CameraTopic('/camera/image_raw', fov_deg=90.0, crop=(0.5, 0, 0, 0), size=(16, 9))
    (path,) = run(
        tmp_path / 'bags', tmp_path / 'set', replace(OUR_CONTRACT, camera=camera)
    ).list_paths()
    episode = read_episode(path)
    expected = draw(episode.image_stamps[0])[4:13, 16:]
    assert np.array_equal(episode.images[0], expected)
    # Half of the width of a 90 degree view: 2 atan(tan(45 deg) / 2).
    assert float(episode.metadata['camera_fov_deg']) == pytest.approx(53.13, abs=0.01)


def test_episode_of_ours_rewritten_as_another_robots_bag_gives_the_same(
    tmp_path: Path, make_flight
) -> None:
    original = make_flight(30)
    write_episode(tmp_path / 'ours' / 'flight.mcap', original)
    messages = []
    for stamp, pixels, command in zip(
        original.image_stamps, original.images, original.flown, strict=True
    ):
        messages.append(Sent('/cam', stamp + 0.003, image(stamp, pixels)))
        told = dict(zip(('vx', 'vy', 'vz', 'yaw_rate'), command.tolist(), strict=True))
        messages.append(Sent('/told', stamp + 0.02, twist(**told)))
    for stamp, row in zip(original.imu_stamps, original.imu, strict=True):
        sample = imu(stamp, tuple(row[:3].tolist()), tuple(row[3:].tolist()))
        messages.append(Sent('/inertia', stamp + 0.001, sample))
    record(tmp_path / 'theirs' / 'flight', messages)
    theirs = Contract(
        camera=CameraTopic('/cam', size=None),
        imu=ImuTopic('/inertia'),
        command=CommandTopic('/told'),
    )
    (first,) = run(tmp_path / 'ours', tmp_path / 'a').list_paths()
    (second,) = run(tmp_path / 'theirs', tmp_path / 'b', theirs).list_paths()
    ours, other = read_episode(first), read_episode(second)
    for name in ('images', 'image_stamps', 'imu', 'imu_stamps', 'flown', 'labels'):
        assert np.array_equal(getattr(ours, name), getattr(other, name)), name
    assert ours.metadata['seed'] == original.metadata['seed']
