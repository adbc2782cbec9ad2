# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What people meet with recordings that are not ours, each with what must come of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.observation import Preprocessing
from lnn_control.data.contract import OUR_CONTRACT, CommandTopic, StateTopic, parse_contract
from lnn_control.data.problems import RecordingError
from lnn_control.imitation.cache import prepare_imu
from tests.data.conftest import ReadBag
from tests.data.made_bags import (
    COMMAND,
    IMAGE,
    IMU,
    START,
    Sent,
    answer,
    compressed,
    flag,
    header,
    image,
    imu,
    odometry,
    position_target,
    record,
    see_and_feel,
    text,
    trajectory_setpoint,
    twist,
    twist_stamped,
)


def change_command(**values):
    return replace(OUR_CONTRACT, command=replace(OUR_CONTRACT.command, **values))


def change_imu(**values):
    return replace(OUR_CONTRACT, imu=replace(OUR_CONTRACT.imu, **values))


def change_camera(**values):
    return replace(OUR_CONTRACT, camera=replace(OUR_CONTRACT.camera, **values))


def list_changes(episode) -> list[tuple[float, float, float]]:
    """Return when forward speed or yaw rate changes: (time since START, speed, yaw rate)."""
    changes: list[tuple[float, float, float]] = []
    for stamp, row in zip(episode.image_stamps, episode.labels, strict=True):
        values = round(float(row[0]), 3), round(float(row[3]), 3)
        if not changes or changes[-1][1:] != values:
            changes.append((round(float(stamp - START), 3), *values))
    return changes


# When a command holds.

KEYS = [
    # Images are received 4 ms late, so these are sent with those of 0.3, 2 and 3 s.
    Sent(COMMAND, START + 0.304, twist(0.5)),
    Sent(COMMAND, START + 2.004, twist(yaw_rate=1.0)),
    Sent(COMMAND, START + 3.004, twist()),
]


def test_key_press_holds_until_the_next_one_where_the_contract_says_so(tmp_path, read_bag):
    bag = record(tmp_path / 'bag', [*see_and_feel(80), *KEYS])
    episode = read_bag(bag, change_command(hold=None)).only
    assert list_changes(episode) == [(0.3, 0.5, 0.0), (2.0, 0.0, 1.0), (3.0, 0.0, 0.0)]
    assert len(episode) == 74


def test_command_holds_for_half_a_second_and_then_nobody_commands(tmp_path, read_bag):
    bag = record(tmp_path / 'bag', [*see_and_feel(80), *KEYS])
    read = read_bag(bag)
    spans = [(e.image_stamps[0] - START, e.image_stamps[-1] - START) for e in read.episodes]
    assert np.array(spans) == pytest.approx(np.array([(0.3, 0.8), (2.0, 2.5), (3.0, 3.5)]))
    assert read.findings.count('no-command') == 1
    assert '47 images' in str(read.findings.problems[-1])


def test_silence_is_a_standstill_where_the_contract_says_so(tmp_path, read_bag):
    bag = record(tmp_path / 'bag', [*see_and_feel(80), *KEYS])
    episode = read_bag(bag, change_command(silence='zero')).only
    assert len(episode) == 80
    expected = [(0.0, 0.0, 0.0), (0.3, 0.5, 0.0), (0.85, 0.0, 0.0), (2.0, 0.0, 1.0), (2.55, 0, 0)]
    assert list_changes(episode) == expected


def test_no_image_has_a_command_from_its_future(tmp_path, read_bag):
    # Commands every 0.2 s: an image has the last one, not the next.
    commands = [Sent(COMMAND, START + 0.2 * k + 0.045, twist(k / 10)) for k in range(5)]
    episode = read_bag(record(tmp_path / 'bag', [*see_and_feel(20), *commands])).only
    for stamp, row in zip(episode.image_stamps, episode.flown, strict=True):
        sent = START + 2.0 * float(row[0]) + 0.045
        assert -0.001 <= stamp - sent <= 0.2


def test_dead_man_released_leaves_a_hole(tmp_path, read_bag):
    before = [Sent(COMMAND, START + 0.01 + k / 20, twist(0.5)) for k in range(20)]
    after = [Sent(COMMAND, START + 3.01 + k / 20, twist(0.2)) for k in range(20)]
    first, second = read_bag(record(tmp_path / 'b', [*see_and_feel(80), *before, *after])).episodes
    assert set(first.flown[:, 0].round(3)) == {0.5}
    assert set(second.flown[:, 0].round(3)) == {np.float32(0.2).round(3)}
    assert second.image_stamps[0] - START == pytest.approx(3.0)


def test_commands_that_end_early_end_the_episode(tmp_path, read_bag):
    bag = record(tmp_path / 'bag', [*see_and_feel(80), *answer(20)])
    assert read_bag(bag).only.image_stamps[-1] - START == pytest.approx(0.96 + 0.5, abs=0.05)


# The inertial unit.


@pytest.mark.parametrize(
    ('make_imu', 'message', 'cure'),
    [
        (lambda t: imu(t, force=(0, 0, 1)), 'in g, set imu.force_unit', {'force_unit': 'g'}),
        (
            lambda t: imu(t, rates=(0, 0, 28.6)),
            'deg/s, set imu.rate_unit',
            {'rate_unit': 'deg/s'},
        ),
        (lambda t: imu(t, force=(0, 0, -9.81)), 'imu.frame to frd', {'frame': 'frd'}),
        (lambda t: imu(t, force=(0, 0, -9.81)), 'imu.force_sign to -1', {'force_sign': -1}),
        (lambda t: imu(t, force=(0, -9.81, 0)), 'imu.frame to optical', {'frame': 'optical'}),
    ],
)
def test_imu_of_another_unit_or_frame_is_refused_and_the_cure_works(
    tmp_path, read_bag, make_imu, message, cure
):
    bag = record(tmp_path / 'bag', [*see_and_feel(make_imu=make_imu), *answer()])
    with pytest.raises(RecordingError, match=message):
        read_bag(bag)
    mean = read_bag(bag, change_imu(**cure)).only.imu.mean(axis=0)
    assert mean[3:] == pytest.approx([0.0, 0.0, 9.81], abs=0.01)
    assert abs(mean[2]) < 0.6


@pytest.mark.parametrize(
    ('make_imu', 'message'),
    [
        (lambda t: imu(t, force=(0, 0, 0)), 'gravity was taken out'),
        (lambda t: imu(t, force=(0, 0, 0), force_covariance=-1.0), 'there is no force'),
    ],
)
def test_imu_without_gravity_is_refused_or_left_away(tmp_path, read_bag, make_imu, message):
    bag = record(tmp_path / 'bag', [*see_and_feel(make_imu=make_imu), *answer()])
    with pytest.raises(RecordingError, match=message):
        read_bag(bag)
    episode = read_bag(bag, replace(OUR_CONTRACT, imu=None)).only
    assert episode.imu.shape == (0, 6)
    assert prepare_imu(episode, Preprocessing(32, 18))[3, :6].tolist() == [0, 0, 0, 0, 0, 1]


def turn(stamp: float):
    return imu(stamp, rates=(0.0, 0.0, 1.0 if stamp - START > 0.5 else 0.0))


def shift(messages, topic: str, seconds: float):
    """Return messages whose stamps on one topic come from another clock."""
    shifted = []
    for sent in messages:
        if sent.topic == topic:
            stamp = sent.message.header.stamp
            sent.message.header = header(stamp.sec + stamp.nanosec * 1e-9 + seconds)
        shifted.append(sent)
    return shifted


@pytest.mark.parametrize(('seconds', 'words'), [(2.5, 'ahead of'), (-2.5, 'behind')])
def test_imu_of_another_clock_is_refused_and_the_cure_works(tmp_path, read_bag, seconds, words):
    right = record(tmp_path / 'right', [*see_and_feel(make_imu=turn), *answer()])
    wrong = shift([*see_and_feel(make_imu=turn), *answer()], IMU, seconds)
    bag = record(tmp_path / 'wrong', wrong)
    with pytest.raises(RecordingError, match=f'2.5 s {words} the images .* another clock'):
        read_bag(bag)
    expected = prepare_imu(read_bag(right).only, Preprocessing(32, 18))
    assert expected[8, 2] == 0.0 and expected[12, 2] == 1.0
    for cure in ({'offset': -seconds}, {'stamp': 'receipt'}):
        features = prepare_imu(read_bag(bag, change_imu(**cure)).only, Preprocessing(32, 18))
        assert features[[8, 12], 2].tolist() == [0.0, 1.0]


def test_imu_silent_for_a_second_is_named_and_those_images_are_not_used(tmp_path, read_bag):
    messages = [
        sent
        for sent in [*see_and_feel(60), *answer(60)]
        if sent.topic != IMU or not 1.0 < sent.time - START < 2.0
    ]
    read = read_bag(record(tmp_path / 'bag', messages))
    assert [p.kind for p in read.findings.select('loss')] == ['imu-silent']
    assert 'message' not in str(read.findings.problems[0])
    spans = [(e.image_stamps[0] - START, e.image_stamps[-1] - START) for e in read.episodes]
    assert np.array(spans) == pytest.approx(np.array([(0.0, 1.45), (2.0, 2.95)]), abs=0.06)


def test_images_that_were_taken_before_the_first_sample_are_left_out(tmp_path, read_bag):
    messages = [
        sent
        for sent in [*see_and_feel(40), *answer(40)]
        if sent.topic != IMU or sent.time - START > 0.12
    ]
    read = read_bag(record(tmp_path / 'bag', messages))
    assert not read.findings.select('loss')
    assert 'before-imu' in [p.kind for p in read.findings.select('note')]
    assert 0.1 < read.only.image_stamps[0] - START < 0.2


# Clocks.


@pytest.mark.parametrize('pace', [1.0, 0.9, 0.5])
def test_simulator_slower_than_the_wall_has_every_command_with_its_image(tmp_path, read_bag, pace):
    messages = []
    for i in range(100):
        stamp = START + i / 20
        wall = START + 900 + (stamp - START) / pace
        messages += [
            Sent(IMAGE, wall + 0.004, image(stamp)),
            Sent(COMMAND, wall + 0.01, twist(i / 100)),
            *(Sent(IMU, wall + k * 0.01 / pace, imu(stamp + k * 0.01)) for k in range(5)),
        ]
    episode = read_bag(record(tmp_path / 'bag', messages)).only
    assert episode.flown[:, 0] == pytest.approx(np.arange(100) / 100)


def test_stamps_that_are_zero_are_named_and_receipt_is_the_cure(tmp_path, read_bag):
    zero = [
        Sent(s.topic, s.time, image(0.0)) if s.topic == IMAGE else s
        for s in [*see_and_feel(), *answer()]
    ]
    bag = record(tmp_path / 'bag', zero)
    with pytest.raises(RecordingError, match=r'/camera/image_raw message 0: its stamp is zero'):
        read_bag(bag)
    episode = read_bag(bag, change_camera(stamp='receipt')).only
    assert episode.image_stamps == pytest.approx(START + 0.004 + np.arange(20) / 20, abs=1e-6)


def test_clock_that_goes_back_begins_a_new_episode(tmp_path, read_bag):
    first = [*see_and_feel(), *answer()]
    again = [s._replace(time=s.time + 30.0) for s in [*see_and_feel(), *answer()]]
    read = read_bag(record(tmp_path / 'bag', [*first, *again]))
    assert [len(episode) for episode in read.episodes] == [20, 20]
    assert read.episodes[1].flown[:, 0] == pytest.approx(np.arange(20) / 100)
    assert 'goes back by 0.950 s' in str(read.findings.problems[0])
    assert read.findings.problems[0].place == 20


def test_image_that_comes_twice_is_left_out_and_named(tmp_path, read_bag):
    messages = [*see_and_feel(), *answer()]
    twice = messages[5]._replace(time=messages[5].time + 0.01)
    read = read_bag(record(tmp_path / 'bag', [*messages, twice]))
    assert len(read.only) == 20
    (problem,) = read.findings.problems
    assert (problem.kind, problem.severity, problem.place) == ('image-twice', 'note', 6)


def test_gap_between_images_begins_a_new_episode(tmp_path, read_bag):
    messages = [*see_and_feel(60), *answer(60)]
    messages = [s for s in messages if s.topic != IMAGE or not 0.9 < s.time - START < 2.0]
    read = read_bag(record(tmp_path / 'bag', messages))
    assert [len(episode) for episode in read.episodes] == [18, 20]


def test_long_recording_becomes_several_episodes_and_a_rate_thins_them(tmp_path, read_bag):
    bag = record(tmp_path / 'bag', [*see_and_feel(60), *answer(60)])
    read = read_bag(bag, replace(OUR_CONTRACT, longest=1.0))
    assert [len(episode) for episode in read.episodes] == [20, 20, 20]
    thin = read_bag(bag, replace(OUR_CONTRACT, rate=10.0)).only
    assert np.diff(thin.image_stamps) == pytest.approx(0.1, abs=1e-5)
    # What was felt between two kept images is all there.
    assert len(thin.imu_stamps) == 291


# Axes and kinds of commands.


def turn_heading(num_images: int, heading: float) -> list[Sent]:
    stamps = [START + i / 20 for i in range(num_images)]
    return [Sent('/odom', t + 0.002, odometry(t, heading)) for t in stamps]


def test_velocity_of_the_world_is_refused_and_turned_by_the_heading(tmp_path, read_bag):
    north = [
        Sent(COMMAND, START + 0.01 + i / 20, twist_stamped(START + 0.01 + i / 20, 'map', vy=1.0))
        for i in range(20)
    ]
    # Facing north, along world y: northwards is forwards.
    bag = record(tmp_path / 'bag', [*see_and_feel(), *north, *turn_heading(20, np.pi / 2)])
    with pytest.raises(RecordingError, match=r"axes of the world \(frame_id 'map'\).* odometry"):
        read_bag(bag)
    contract = replace(change_command(frame='flu'), odometry='/odom')
    contract = replace(contract, command=replace(contract.command, frame='enu'))
    flown = read_bag(bag, contract).only.flown
    assert flown == pytest.approx(np.tile([1.0, 0.0, 0.0, 0.0], (20, 1)), abs=1e-6)


def test_setpoint_of_px4_is_turned_from_north_east_down(tmp_path, read_bag):
    setpoints = answer(20, '/sp', lambda t, i: trajectory_setpoint((1.0, 2.0, -0.5), 0.3))
    bag = record(tmp_path / 'bag', [*see_and_feel(), *setpoints, *turn_heading(20, np.pi / 2)])
    contract = replace(OUR_CONTRACT, odometry='/odom', command=CommandTopic('/sp', frame='ned'))
    # Facing north: north is forward, east is right, and clockwise turns are negative.
    assert read_bag(bag, contract).only.flown[3] == pytest.approx([1.0, -2.0, 0.5, -0.3])


def test_setpoint_of_mavros_tells_its_own_axes(tmp_path, read_bag):
    def body(time, i):
        return position_target(time, (1.0, 0.5, 0.0), frame=8)

    def world(time, i):
        return position_target(time, (1.0, 0.5, 0.0), frame=1)

    contract = replace(OUR_CONTRACT, command=CommandTopic('/sp'))
    bag = record(tmp_path / 'body', [*see_and_feel(), *answer(20, '/sp', body)])
    assert read_bag(bag, contract).only.flown[0] == pytest.approx([1.0, 0.5, 0.0, 0.25])
    bag = record(tmp_path / 'world', [*see_and_feel(), *answer(20, '/sp', world)])
    with pytest.raises(RecordingError, match='coordinate_frame 1'):
        read_bag(bag, contract)


def test_setpoint_of_mavros_that_commands_a_position_is_no_velocity(tmp_path, read_bag):
    def aim(mask: int):
        def make(time, i):
            target = position_target(time, (1.0, 0.5, 0.2), frame=8)
            target.type_mask = mask
            return target

        return make

    contract = replace(OUR_CONTRACT, command=CommandTopic('/sp'))
    # Bits 8, 16: forward and left are not commanded; 32, 2048: up and yaw rate are not.
    bag = record(tmp_path / 'position', [*see_and_feel(), *answer(20, '/sp', aim(8 | 16 | 32))])
    with pytest.raises(RecordingError, match=r'/sp message 0: commands no velocity'):
        read_bag(bag, contract)
    bag = record(tmp_path / 'level', [*see_and_feel(), *answer(20, '/sp', aim(32 | 2048))])
    assert read_bag(bag, contract).only.flown[0] == pytest.approx([1.0, 0.5, 0.0, 0.0])


def test_setpoint_of_px4_without_a_velocity_is_none(tmp_path, read_bag):
    nothing = answer(20, '/sp', lambda t, i: trajectory_setpoint((np.nan,) * 3, np.nan))
    bag = record(tmp_path / 'bag', [*see_and_feel(), *nothing, *turn_heading(20, 0.0)])
    contract = replace(OUR_CONTRACT, odometry='/odom', command=CommandTopic('/sp', frame='ned'))
    with pytest.raises(RecordingError, match=r'/sp message 0: commands no velocity \(NaN\)'):
        read_bag(bag, contract)


def test_axes_that_change_on_the_way_are_refused(tmp_path, read_bag):
    def turn(time, i):
        return twist_stamped(time, 'base_link' if i < 10 else 'map', vx=1.0)

    bag = record(tmp_path / 'bag', [*see_and_feel(), *answer(20, make_command=turn)])
    with pytest.raises(RecordingError, match=r"axes of the world \(frame_id 'map'\).*message 10"):
        read_bag(bag)


def test_setpoint_of_mavros_in_the_axes_of_the_body_is_not_turned(tmp_path, read_bag):
    def body(time, i):
        return position_target(time, (1.0, 0.5, 0.0), frame=8)

    messages = [*see_and_feel(), *answer(20, '/sp', body), *turn_heading(20, 1.0)]
    contract = replace(OUR_CONTRACT, odometry='/odom', command=CommandTopic('/sp', frame='enu'))
    with pytest.raises(RecordingError, match=r'axes of the body .* set command\.frame to flu'):
        read_bag(record(tmp_path / 'bag', messages), contract)


NORTHWARDS = replace(OUR_CONTRACT, odometry='/odom', command=CommandTopic(COMMAND, frame='enu'))


def fly_north(num_images: int) -> list[Sent]:
    def command(time, i):
        return twist_stamped(time, 'map', vy=1.0)

    return [*see_and_feel(num_images), *answer(num_images, make_command=command)]


def test_orientation_that_nobody_set_is_no_heading(tmp_path, read_bag):
    headings = turn_heading(20, 0.0)
    for sent in headings:
        sent.message.pose.pose.orientation.w = 0.0
    bag = record(tmp_path / 'bag', [*fly_north(20), *headings])
    with pytest.raises(RecordingError, match=r'no heading on /odom .* its quaternion is \[0\.0'):
        read_bag(bag, NORTHWARDS)


def test_commands_long_before_the_first_heading_are_not_turned_by_a_guess(tmp_path, read_bag):
    late = [s for s in turn_heading(40, np.pi / 2) if s.time - START > 1.0]
    read = read_bag(record(tmp_path / 'bag', [*fly_north(40), *late]), NORTHWARDS)
    # From half a second before the first heading on.
    assert read.only.image_stamps[0] - START == pytest.approx(0.55, abs=0.06)
    assert [p.kind for p in read.findings.select('loss')] == ['no-heading']


def test_axes_signs_and_limits_of_the_contract_hold(tmp_path, read_bag):
    def command(time, i):
        return twist(1.0, 0.5, 0.25, 2.0)

    bag = record(tmp_path / 'bag', [*see_and_feel(), *answer(20, make_command=command)])
    frd = read_bag(bag, change_command(frame='frd')).only.flown[0]
    assert frd == pytest.approx([1.0, -0.5, -0.25, -2.0])
    scaled = change_command(scale=(0.5, -1.0, 1.0, 1.0), limits=(2.0, 0.3, 1.0, 1.5))
    assert read_bag(bag, scaled).only.flown[0] == pytest.approx([0.5, -0.3, 0.25, 1.5])


# When somebody flies.


@pytest.mark.parametrize('namespace', ['', '/uav3'])
def test_what_our_nodes_record_at_rest_is_left_out(tmp_path, read_bag, namespace):
    states = [
        Sent('/safety/state', START, text('waiting: no command has come yet')),
        Sent('/safety/state', START + 1.0, text('passing commands')),
        Sent('/safety/state', START + 2.0, text('hovering: the last command is too old')),
    ]
    messages = [*see_and_feel(60), *answer(60), *states]
    messages = [s._replace(topic=namespace + s.topic) for s in messages]
    read = read_bag(record(tmp_path / 'bag', messages))
    span = read.only.image_stamps[[0, -1]] - START
    assert span == pytest.approx([1.0, 1.95])
    assert '40 images were left out: nobody flew' in str(read.findings.problems[0])


def test_what_was_flown_slowed_down_or_by_a_pilot_is_used(tmp_path, read_bag):
    steps = [
        *('waiting: no command has come yet', 'passing commands'),
        *(
            'slowing: near an obstacle; the policy doubts what it sees',
            'manual: the pilot has taken over',
        ),
        'hovering: the pilot has let go',
    ]
    states = [Sent('/safety/state', START + k, text(step)) for k, step in enumerate(steps)]
    messages = [*see_and_feel(100), *answer(100), *states]
    read = read_bag(record(tmp_path / 'bag', messages))
    span = read.only.image_stamps[[0, -1]] - START
    assert span == pytest.approx([1.0, 3.95])


def test_only_the_flight_of_a_pilot_is_used_where_the_contract_says_so(tmp_path, read_bag):
    steps = ['passing commands', 'manual: the pilot has taken over', 'passing commands']
    states = [Sent('/safety/state', START + k, text(step)) for k, step in enumerate(steps)]
    takeovers = [
        Sent('/safety/takeover', START + k, flag('manual' in step)) for k, step in enumerate(steps)
    ]
    bag = record(tmp_path / 'bag', [*see_and_feel(60), *answer(60), *states, *takeovers])
    ours = replace(OUR_CONTRACT, takeover=StateTopic('/safety/takeover'))
    span = read_bag(bag, ours).only.image_stamps[[0, -1]] - START
    assert span == pytest.approx([1.0, 1.95])


def test_only_what_a_person_took_over_is_learned_where_the_contract_says_so(tmp_path, read_bag):
    takeovers = [Sent('/takeover', START + t, flag(v)) for t, v in ((0.0, False), (0.5, True))]
    bag = record(tmp_path / 'bag', [*see_and_feel(), *answer(), *takeovers])
    contract = parse_contract(
        {
            'camera': {'topic': IMAGE, 'size': None},
            'imu': {'topic': IMU},
            'command': {'topic': COMMAND},
            'takeover': {'topic': '/takeover'},
        },
        'test',
    )
    assert read_bag(bag, contract).only.image_stamps[0] - START == pytest.approx(0.5)


def test_recording_in_which_nobody_ever_flew_says_why_nothing_is_left(tmp_path, read_bag):
    states = [Sent('/safety/state', START, text('waiting: no command has come yet'))]
    bag = record(tmp_path / 'bag', [*see_and_feel(), *answer(), *states])
    with pytest.raises(RecordingError, match='of 20 images 20 are from when nobody flew'):
        read_bag(bag)


# Names and kinds of files.


def test_other_names_are_an_error_that_lists_what_there_is(tmp_path, read_bag):
    messages = see_and_feel(topics=('/camera/color/image_raw', '/imu/data'))
    with pytest.raises(
        RecordingError,
        match=r'no /camera/image_raw and no /imu/data_raw; it holds '
        r'/camera/color/image_raw \(Image\), /cmd_vel \(Twist\), /imu/data \(Imu\).*contract',
    ):
        read_bag(record(tmp_path / 'bag', [*messages, *answer()]))


@pytest.mark.parametrize(
    ('compression', 'plugin', 'version'),
    [
        ('', 'sqlite3', 8),
        ('', 'sqlite3', 9),
        ('MESSAGE', 'mcap', 9),
        ('FILE', 'mcap', 9),
        ('STORAGE', 'mcap', 9),
        ('MESSAGE', 'sqlite3', 8),
        ('FILE', 'sqlite3', 8),
    ],
)
def test_bags_of_every_storage_and_compression_give_the_same(
    tmp_path, read_bag, compression, plugin, version
):
    messages = [*see_and_feel(), *answer()]
    plain = read_bag(record(tmp_path / 'plain', messages)).only
    bag = record(tmp_path / 'other', messages, plugin, compression, version)
    other = read_bag(bag)
    assert other.findings.problems == []
    for name in ('images', 'image_stamps', 'imu', 'imu_stamps', 'flown', 'labels'):
        assert np.array_equal(getattr(other.only, name), getattr(plain, name)), name


def test_compressed_images_are_read_under_the_plain_name(tmp_path, read_bag: ReadBag):
    messages = see_and_feel(make_image=compressed, topics=(f'{IMAGE}/compressed', IMU))
    episode = read_bag(record(tmp_path / 'bag', [*messages, *answer()])).only
    plain = read_bag(record(tmp_path / 'plain', [*see_and_feel(), *answer()])).only
    assert np.array_equal(episode.images, plain.images)


def test_two_vehicles_in_one_bag_are_an_error_that_names_them(tmp_path: Path, read_bag):
    messages = [*see_and_feel(), *answer()]
    both = [s._replace(topic=f'/uav{n}{s.topic}') for n in (1, 2) for s in messages]
    with pytest.raises(RecordingError, match=r'several vehicles \(/uav1, /uav2\)'):
        read_bag(record(tmp_path / 'bag', both))
