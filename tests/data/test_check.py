# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.data.bags import find_bags
from lnn_control.data.check import check_bag, check_dataset, judge_images
from lnn_control.data.contract import OUR_CONTRACT
from lnn_control.data.dataset import load_dataset
from lnn_control.data.importer import import_bags
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.repair import repair_bag
from lnn_control.data.summary import summarise_bag
from tests.data.made_bags import (
    COMMAND,
    IMAGE,
    IMU,
    START,
    Sent,
    answer,
    find_file,
    image,
    record,
    record_ros1,
    see_and_feel,
    text,
    twist,
)
from tests.data.test_damaged_bags import make_noisy, make_truncated

FLIGHT = [*see_and_feel(40), *answer(40)]


def check(folder: Path, messages: list[Sent], contract=OUR_CONTRACT) -> Findings:
    (bag,), _ = find_bags(record(folder / 'bag', messages))
    return check_bag(bag, contract, folder)


def test_nothing_is_wrong_with_a_good_bag(tmp_path: Path) -> None:
    assert check(tmp_path, FLIGHT).problems == []


def test_dropped_images_and_an_uneven_rate_are_noted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [s for s in FLIGHT if s.topic != IMAGE or round(20 * (s.time - START)) not in (7, 8)]
    shaken = [
        Sent(s.topic, s.time, s.message) if s.topic != COMMAND
        else s._replace(time=s.time + float(rng.uniform(0, 0.049)))
        for s in rows
    ]  # fmt: skip
    found = {(p.kind, p.topic): p.text for p in check(tmp_path, shaken).problems}
    assert found['drops', IMAGE] == '2 messages are missing at its usual 20 Hz'
    assert 'uneven' in found['jitter', COMMAND]
    assert ('drops', IMU) not in found


def test_images_in_which_nothing_is_seen_and_a_camera_that_hangs_are_noted() -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(60, 200, (4, 4, 3), dtype=np.uint8) for _ in range(12)]
    images[1] = np.full((4, 4, 3), 2, np.uint8)
    images[2] = np.full((4, 4, 3), 254, np.uint8)
    images[4:11] = [images[4]] * 7
    assert [(kind, place) for kind, place, _ in judge_images(images)] == [
        ('dark', 1),
        ('bright', 2),
        ('frozen', 9),
    ]


def test_commands_that_never_change_or_are_cut_by_the_limits_are_noted(tmp_path: Path) -> None:
    steady = answer(40, make_command=lambda t, i: twist(0.5))
    found = check(tmp_path / 'a', [*see_and_feel(40), *steady])
    assert [problem.kind for problem in found.problems] == ['constant-command']
    command = replace(OUR_CONTRACT.command, limits=(0.2, 1.0, 1.0, 1.0))
    found = check(tmp_path / 'b', FLIGHT, replace(OUR_CONTRACT, command=command))
    assert [problem.kind for problem in found.problems] == ['limited']
    assert found.select('loss', 'error') == []


def test_bag_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, [s for s in FLIGHT if s.topic != IMU]).problems
    assert (problem.severity, problem.kind) == ('error', 'unusable')


def test_many_problems_of_a_kind_are_counted_and_the_first_named() -> None:
    findings = Findings('f.mcap')
    for place in range(100):
        findings.add('loss', 'unreadable', 'is none', '/t', place)
    assert len(findings.problems) == 5 and findings.count('unreadable') == 100
    assert findings.describe_losses() == '100 unreadable (/t)'
    assert str(findings.problems[0]) == 'f.mcap /t message 0: is none'


def test_data_set_with_a_missing_a_damaged_and_a_strange_episode(tmp_path: Path) -> None:
    for name in 'abc':
        record(tmp_path / 'bags' / name, FLIGHT)
    folder = tmp_path / 'set'
    list(import_bags([tmp_path / 'bags'], OUR_CONTRACT, folder, say=print))
    assert all(not found.problems for found in check_dataset(load_dataset(folder)))
    (folder / 'episodes' / 'a_000.mcap').unlink()
    (folder / 'episodes' / 'b_000.mcap').write_bytes(b'gone')
    (folder / 'episodes' / 'x.mcap').write_bytes(b'who')
    problems = [p for found in check_dataset(load_dataset(folder)) for p in found.problems]
    assert [(p.severity, p.kind) for p in problems] == [
        ('note', 'strange'),
        ('error', 'missing'),
        ('error', 'unusable'),
    ]


def test_summary_tells_rates_gaps_stamps_and_clocks(tmp_path: Path) -> None:
    rows = [s for s in FLIGHT if s.topic != IMAGE or not 0.5 < s.time - START < 1.0]
    rows.append(Sent(IMAGE, START + 2.1, image(START + 0.1)))
    (bag,), _ = find_bags(record(tmp_path / 'bag', rows))
    topics = {topic.topic: topic for topic in summarise_bag(bag).topics}
    seen = topics[IMAGE]
    assert seen.rate == pytest.approx(20.0, abs=1e-2)
    assert (seen.num_backwards, seen.num_gaps, seen.num_zero) == (1, 1, 0)
    assert seen.clock_offset == pytest.approx(-0.004, abs=1e-6)
    assert topics[COMMAND].clock_offset is None
    assert topics[IMU].longest_gap == pytest.approx(0.01, abs=1e-5)


# Repair.


def count(path: Path) -> dict[str, int]:
    (bag,), _ = find_bags(path)
    summary = summarise_bag(bag)
    assert summary.damages == ()
    return {topic.topic: topic.count for topic in summary.topics}


def test_damaged_bag_becomes_a_whole_one_and_what_was_lost_is_said(tmp_path: Path) -> None:
    make_truncated(tmp_path)
    before = (tmp_path / 'bag.mcap').read_bytes()
    (bag,), _ = find_bags(tmp_path)
    repaired = repair_bag(bag, tmp_path / 'new' / 'bag.mcap')
    assert (tmp_path / 'bag.mcap').read_bytes() == before
    kept = count(repaired.path)
    assert kept == repaired.kept and 20 <= kept[IMAGE] < 40
    first, last = repaired.describe()
    assert 'ends too early' in first
    assert last == f'wrote {sum(kept.values())} messages on 3 topics into {repaired.path}'
    with pytest.raises(FileExistsError):
        repair_bag(bag, repaired.path)


def test_old_and_foreign_bags_become_mcap_that_other_libraries_decode(tmp_path: Path) -> None:
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    path = record_ros1(tmp_path / 'old.bag', FLIGHT)
    (bag,), _ = find_bags(path)
    repair_bag(bag, tmp_path / 'new.mcap')
    with open(tmp_path / 'new.mcap', 'rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        rows = [(c.topic, m) for _, c, _, m in reader.iter_decoded_messages()]
    assert len(rows) == len(FLIGHT)
    told = [message.linear.x for topic, message in rows if topic == COMMAND]
    assert told == pytest.approx([i / 100 for i in range(40)])


def test_messages_that_are_none_are_left_out_and_counted(tmp_path: Path) -> None:
    path = make_noisy(tmp_path / 'bag.mcap')
    from lnn_control.core.mcap_file import McapFile

    with open(path, 'wb') as stream:
        file = McapFile(stream)
        file.add('/a', 'std_msgs/msg/String', b'\x00\x01\x00\x00\xff\xff\xff\xff', 1)
        file.finish()
    (bag,), _ = find_bags(path)
    with pytest.raises(RecordingError, match='nothing can be read'):
        repair_bag(bag, tmp_path / 'new.mcap')
    assert not (tmp_path / 'new.mcap').exists()


def test_type_that_nobody_defines_is_left_out_and_named(tmp_path: Path) -> None:
    import sqlite3

    folder = record(tmp_path / 'bag', [*FLIGHT, Sent('/odd', START, text('?'))], 'sqlite3')
    with sqlite3.connect(find_file(folder)) as database:
        database.execute("UPDATE topics SET type = 'own_msgs/msg/Odd' WHERE name = '/odd'")
    (bag,), _ = find_bags(folder)
    repaired = repair_bag(bag, tmp_path / 'new.mcap')
    assert repaired.unknown == {'/odd': 'own_msgs/msg/Odd'}
    assert '/odd' not in count(tmp_path / 'new.mcap')
