# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from lnn_control.cli import options
from lnn_control.cli.completion import list_options as list_flags
from lnn_control.cli.search_space import (
    Choices,
    Range,
    change_options,
    count_points,
    list_corner_points,
    list_options,
    read_space,
    write_words,
)
from lnn_control.cli.train import Train, check_job


def read(*texts: str, given: tuple[str, ...] = ()):
    return read_space(texts, set(given))


def test_lists_and_ranges_have_the_type_of_their_option():
    rate, batch, neurons, level = read(
        'learning_rate=1e-3:1e-2:log',
        'batch-size=4,8',
        'num_neurons=16:40',
        'augmentation=weak,none',
    )
    assert isinstance(rate, Range) and (rate.low, rate.high, rate.is_log) == (1e-3, 1e-2, True)
    assert isinstance(batch, Choices) and [batch.read(label) for label in batch.labels] == [4, 8]
    assert isinstance(neurons, Range) and neurons.is_integer and not neurons.is_log
    assert neurons.read(17.0) == 17 and type(neurons.read(17.0)) is int
    assert level.read('none') == 'none'
    # A number that is drawn has few digits, and never leaves the range by that.
    assert rate.round(0.00312345678) == 0.003123
    (rate,) = read('learning_rate=0.00111119:0.00999999')
    assert (rate.round(0.0011112), rate.round(0.00999998)) == (0.00111119, 0.00999999)


def test_flags_tuples_and_options_of_memories_can_be_varied():
    space = read(
        'heads=true,false', 'channels=4 4 4 6,8 8 8 8',
        'memory_option=kernel_size=3,kernel_size=5', 'is_symmetric=None,False',
        given=('memory_option', 'memory'),
    )  # fmt: skip
    job = change_options(
        Train(Path('d'), Path('o')),
        read('memory=tcn,lstm') + space[:2],
        {'memory': 'tcn', 'heads': 'false', 'channels': '8 8 8 8'},
    )
    assert job.settings.heads is False
    assert job.network.channels == (8, 8, 8, 8)
    assert space[2].read('kernel_size=5') == 'kernel_size=5'
    assert space[3].read('None') is None and space[3].read('False') is False


def test_flag_at_its_default_is_not_written():
    space = read('heads=true,false', 'carry_state=no,yes')
    assert write_words(space, {'heads': 'true', 'carry_state': 'no'}) == []
    assert write_words(space, {'heads': 'false', 'carry_state': 'yes'}) == [
        '--no-heads',
        '--carry-state',
    ]


def test_every_option_of_train_can_be_varied_but_those_that_do_not_say_how_to_train():
    flags = {name.removeprefix('no_') for name in list_flags(Train)}
    assert flags - set(list_options()) == {
        *('data', 'output', 'name', 'max_parameters'),
        *('validate_episodes', 'save_seconds', 'device', 'threads'),
    }


def test_command_of_a_point_means_the_same_settings():
    space = read(
        'learning_rate=1e-3:1e-2', 'heads=true,false', 'carry_state=no,yes', 'memory=tcn,gru',
        'channels=4 4 4 6,8 8 8 8', 'axis_weights=1 1 1 2,1 2 1 1', 'augmentation=none,strong',
        'gamma=0:0.5', 'is_symmetric=None,False', 'window_length=8:20',
        'memory_option=num_layers=2,num_layers=3',
    )  # fmt: skip
    point = {
        'learning_rate': 0.00123, 'heads': 'false', 'carry_state': 'yes', 'memory': 'tcn',
        'channels': '8 8 8 8', 'axis_weights': '1 2 1 1', 'augmentation': 'strong', 'gamma': 0.25,
        'is_symmetric': 'False', 'window_length': 9, 'memory_option': 'num_layers=3',
    }  # fmt: skip
    base = ['--data', 'd', '--output', 'o', '--memory-option', 'kernel_size=2', '--warm-up', '2']
    words = [*base, *write_words(space, point)]
    assert '--no-heads' in words and '--carry-state' in words
    typed = check_job(options.read_options(Train, 'train', words), words)
    given = options.read_options(Train, 'train', [*base, '--memory', 'tcn'])
    changed = check_job(change_options(given, space, point), words)
    assert changed == typed
    assert typed.settings.augmentation.gamma == 0.25
    assert typed.settings.augmentation.haze == 0.3
    assert typed.network.memory_option == ('kernel_size=2', 'num_layers=3')


@pytest.mark.parametrize(
    ('texts', 'given', 'message'),
    [
        ((), (), 'nothing to search: say what to --vary'),
        (('batch_size',), (), 'takes NAME=VALUES'),
        (('lerning_rate=1e-3,1e-2',), (), "'lerning_rate' to vary: did you mean 'learning_rate'"),
        (('xyz=1,2',), (), "no option 'xyz' to vary: see `lnn-control train --help`"),
        (('device=cpu,cuda',), (), 'device is not how to train and cannot be varied'),
        (('batch_size=4,8', 'batch-size=2,3'), (), '--vary batch_size can be given once only'),
        (('batch_size=4,8',), ('batch_size',), '--batch-size is given and varied'),
        (('heads=true,false',), ('no_heads',), '--heads is given and varied'),
        (('batch_size=4',), (), '--vary batch_size: one value is no choice'),
        (('batch_size=4,8,4',), (), 'values must differ, got 4, 8, 4'),
        (('batch_size=4,many',), (), "size: --batch-size takes a whole number, got 'many'"),
        (('batch_size=1:1e2',), (), "takes a whole number, got '1e2'"),
        (('learning_rate=1e-2:1e-3',), (), 'low must be below high, got 0.01:0.001'),
        (('learning_rate=0:1e-3:log',), (), 'begins above 0'),
        (('learning_rate=1e-3:1e-2:linear',), (), 'low:high or low:high:log'),
        (('num_neurons=None:30',), (), 'ends of a range are numbers'),
        (('channels=4 4 4,8 8 8 8',), (), "takes 4 numbers with spaces between, got '4 4 4'"),
        (('heads=true,perhaps',), (), "takes true or false, got 'perhaps'"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused(texts, given, message):
    with pytest.raises(ValueError) as error:
        read(*texts, given=given)
    assert message in str(error.value)


def test_corners_hold_every_pair_of_values_and_both_ends_of_ranges():
    space = read('learning_rate=1e-3:1e-2', 'batch_size=4,8,16', 'augmentation=weak,strong')
    points = list_corner_points(space)
    pairs = {(p['learning_rate'], p['augmentation']) for p in points}
    assert pairs == {(r, a) for r in (1e-3, 1e-2) for a in ('weak', 'strong')}
    assert {(p['batch_size'], p['augmentation']) for p in points} >= {('16', 'strong')}
    assert len(points) == len({tuple(point.items()) for point in points})
    assert [p['batch_size'] for p in list_corner_points(read('batch_size=4,8,16'))] == [
        '4',
        '8',
        '16',
    ]


def test_points_are_counted_where_they_can_be():
    assert count_points(read('batch_size=4:8', 'augmentation=weak,strong')) == 10
    assert count_points(read('batch_size=4:8', 'learning_rate=1e-3:1e-2')) is None
