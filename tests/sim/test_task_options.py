# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import pytest

from sim.tasks import TASKS
from sim.tasks.hike import Hike
from sim.tasks.keep_lane import KeepLane
from sim.tasks.options import describe_options, parse_options


@dataclass(frozen=True)
class Loud(Hike):
    """A hike.

    :param is_loud: whether it is. :param volume: how loud [dB]. :param most: likewise.
    :param pause: without any sound [s]. :param pitches: one after the other [Hz].
    :param range: lowest and highest pitch [Hz]. :param log: where to write.
    """

    is_loud: bool = False
    volume: float = 3.0
    most: float = 9.0
    pause: float | None = None
    pitches: tuple[float, ...] = ()
    range: tuple[int, int] = (20, 20_000)
    log: object = None


def test_texts_become_values_of_the_fields_types() -> None:
    texts = ['num_targets=3', 'reach=2', 'is_loud=True']
    values = parse_options(Loud, texts)
    assert values == {'num_targets': 3, 'reach': 2.0, 'is_loud': True}
    assert isinstance(values['reach'], float)


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('pause=none', None),
        ('pause=2', 2.0),
        ('pitches=440, 880.5', (440.0, 880.5)),
        ('pitches=(440,)', (440.0,)),
        ('pitches=', ()),
        ('range=100,200', (100, 200)),
        ('target=a=b', 'a=b'),
    ],
)
def test_several_values_and_none_can_be_written(text: str, value: object) -> None:
    assert list(parse_options(Loud, [text]).values()) == [value]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('pause=long', "pause must be a number or none, got 'long'"),
        ('pitches=a', "pitches must be a number, and so on, with commas between, got 'a'"),
        ('range=1', "range must be a whole number, a whole number, with commas between, got '1'"),
        ('log=here', "log must be .*object.*, got 'here'"),
    ],
)
def test_mistake_in_several_values_says_what_is_valid(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_options(Loud, [text])


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('season=winter', 'season is no option of a task here: say --season, or season:='),
        ('density', "written as name=value, got 'density'"),
        ('laps=two', "laps must be a whole number, got 'two'"),
        ('least_speed=fast', "least_speed must be a number, got 'fast'"),
        ('lap=2', "no option 'lap', .*did you mean 'laps'"),
    ],
)
def test_mistake_says_what_is_valid(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_options(KeepLane, [text])


def test_flag_must_be_true_or_false() -> None:
    with pytest.raises(ValueError, match="is_loud must be true or false, got '1'"):
        parse_options(Loud, ['is_loud=1'])


def test_options_are_described_with_default_and_the_words_of_the_docstring() -> None:
    options = {option.name: option for option in describe_options(Loud)}
    assert options['volume'].text == 'how loud [dB]'
    assert (options['volume'].kind, options['volume'].default) == ('a number', '3')
    assert options['num_targets'].text == 'how many to reach one after the other'
    # The docstring says `likewise`.
    assert options['most'].text == 'how loud [dB]'


@pytest.mark.parametrize('name', sorted(TASKS))
def test_every_option_of_every_task_is_described(name: str) -> None:
    options = describe_options(TASKS[name])
    assert [option.name for option in options if not option.text] == []
