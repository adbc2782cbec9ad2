# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import pytest

from lnn_control.nodes.command_line import list_given
from lnn_control.nodes.params_file import read_setting
from tests.nodes.conftest import join_graph

# Where YAML, Python and rcl could see different things in one text.
TEXTS = (
    *('010', '08', '+5', '-3', '-0', '.5', '5.', '1e3', '1e-3', '0x10', '0X1F', '1_000', '0b11'),
    *('nan', '.NaN', 'NaN', 'inf', '.inf', '-.inf', '+.inf', 'Infinity', '99999999999999999999'),
    *('y', 'Y', 'n', 'yes', 'On', 'oN', 'TRUE', 'tRue', 'off', '1:30', '2024-01-01', '٣', '1L'),
    *('"1"', "'true'", '0,5', '0.5 m/s', '1s', '=', '1.5.2', '[1, 2]', '[a, "1"]', '- 5', 'a b'),
)


def given(*words: str, name: str = '/car') -> list[tuple[str, object]]:
    return list(list_given(['node', '--ros-args', *words], name))


def test_every_place_is_listed_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(
        '/**:\n  ros__parameters: {speed: 1.0}\ncar:\n  ros__parameters: {gain: 2}\n'
        'boat:\n  ros__parameters: {speed: 9.0}\n/dock/car:\n  ros__parameters: {speed: 8.0}\n'
    )
    words = ('-p', 'speed:="3"', '--params-file', str(path), '--param', 'speed:=[4, 5]')
    assert given(*words) == [('speed', '3'), ('speed', 1.0), ('speed', [4, 5]), ('gain', 2)]
    assert given('-p', 'boat:speed:=1', '-p', 'car:a.b:=x:=y') == [('a.b', 'x:=y')]
    assert given('-r', 'a:=b', '--', '-p', 'speed:=1', '--ros-args', '-p', 'gain:=2') == [
        ('gain', 2)
    ]
    assert list_given(['node', '-p', 'speed:=1'], '/car') == []


def test_setting_that_a_namespace_would_leave_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('car:\n  ros__parameters: {speed: 0.5}\n')
    for words in (('-p', 'car:speed:=0.5'), ('--params-file', str(path))):
        with pytest.raises(ValueError) as caught:
            given(*words, name='/dock/car')
        assert str(caught.value) == (
            'what is set for car is for /car alone, this is /dock/car: write /dock/car or '
            '/**/car in a file, and no name after -p'
        )
    path.write_text(
        '/car:\n  ros__parameters: {speed: 1.0}\nboat:\n  ros__parameters: {speed: 2.0}\n'
        '/**/car:\n  ros__parameters: {speed: 3.0}\n'
    )
    assert given('--params-file', str(path), name='/dock/car') == [('speed', 3.0)]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('null', 'fence has no value'),
        ('[[1, 2]]', 'fence must be one value or a list of values, got more'),
        ('{a: 1}', 'fence must be one value or a list of values'),
        ('"', "fence must be a value of YAML, got '\"'"),
    ],
)
def test_what_is_no_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_setting('fence', text)
    assert message in str(caught.value)


def test_texts_are_read_as_rclpy_reads_them() -> None:
    rclpy = pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    words = [word for number, text in enumerate(TEXTS) for word in ('-p', f'p{number}:={text}')]
    with join_graph(['node', '--ros-args', *words]):
        node = rclpy.create_node('car')
        taken = {name: entry.value for name, entry in node._parameter_overrides.items()}
        node.destroy_node()
    for number, text in enumerate(TEXTS):
        ours, theirs = read_setting('p', text), taken[f'p{number}']
        is_same = ours == theirs or (math.isnan(ours) and math.isnan(theirs))
        assert is_same and type(ours) is type(theirs), text


def test_order_of_places_is_that_of_rclpy(tmp_path: Path) -> None:
    rclpy = pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    path = tmp_path / 'mine.yaml'
    path.write_text('car:\n  ros__parameters: {a: 1, b: 1}\n/**:\n  ros__parameters: {b: 2}\n')
    for words in (
        ('-p', 'a:=3', '--params-file', str(path)),
        ('--params-file', str(path), '-p', 'a:=3', '-p', 'b:=4'),
        ('-p', 'car:b:=5', '-p', 'b:=6', '--params-file', str(path)),
    ):
        with join_graph(['node', '--ros-args', *words]):
            node = rclpy.create_node('car')
            taken = {name: entry.value for name, entry in node._parameter_overrides.items()}
            node.destroy_node()
        assert dict(given(*words)) == taken, words
