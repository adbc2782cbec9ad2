# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lnn_control.bringup.graph import DASHBOARD, GRAPHS, NodeDescription
from lnn_control.nodes.parameters import Parameter, answer_changes, declare_parameters
from tests.nodes.conftest import join_graph

Join = Callable[..., tuple[Any, Any]]
SPEED = Parameter('speed', 1.0, 'greatest speed [m/s]')
GAIN = Parameter('gain', 1.0, 'of the speed', is_fixed=False)


@pytest.mark.parametrize(('name', 'value'), [('speed', 2.0), ('use_sim_time', False)])
def test_what_is_read_at_the_start_is_refused_as_read_only(
    name: str, value: object, join: Join
) -> None:
    _, node = join(lambda: Node('car'), 'car', use_sim_time=True)
    settings = declare_parameters(node, (SPEED, GAIN))
    answer = node.set_parameters([RosParameter(name, value=value)])[0]
    assert not answer.successful
    assert 'read-only' in answer.reason and name in answer.reason
    assert settings.speed == node.get_parameter('speed').value == 1.0
    assert node.get_parameter('use_sim_time').value is True
    assert node.set_parameters([RosParameter('gain', value=2.0)])[0].successful


@pytest.mark.parametrize(
    'other',
    [
        RosParameter('use_sim_time', value=True),
        RosParameter('speed', value=2.0),
        RosParameter('share', value=2.0),
        RosParameter('share', value='half'),
    ],
    ids=['clock', 'read-only', 'out of range', 'another type'],
)
def test_change_of_which_a_part_is_refused_is_not_applied(other: RosParameter, join: Join) -> None:
    _, node = join(lambda: Node('car'), 'car')
    share = Parameter('share', 0.5, 'of the speed', 0.0, 1.0, is_fixed=False)
    declare_parameters(node, (SPEED, GAIN, share))
    applied: list[object] = []
    answer_changes(node, applied.append)
    change = RosParameter('gain', value=2.0)
    for changes in ([change, other], [other, change]):
        assert not node.set_parameters_atomically(changes).successful
        assert node.get_parameter('gain').value == 1.0
        assert applied == []
    assert node.set_parameters_atomically([change]).successful
    assert applied == [{'gain': 2.0}]


def test_change_that_the_node_refuses_is_not_set(join: Join) -> None:
    _, node = join(lambda: Node('car'), 'car')
    declare_parameters(node, (GAIN,))

    def refuse(changes: dict[str, object]) -> None:
        raise ValueError('not now')

    answer_changes(node, refuse)
    answer = node.set_parameters_atomically([RosParameter('gain', value=2.0)])
    assert (answer.successful, answer.reason) == (False, 'not now')
    assert node.get_parameter('gain').value == 1.0


OF_CAR = (SPEED, Parameter('doors', 4, 'how many'), Parameter('is_red', True, 'its colour'))
OF_CAR += (Parameter('label', '', 'on its side'),)
CONFIG = '/**:\n  ros__parameters: {speed: 1.0, doors: 4, is_red: true, label: ""}\n'


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return a function that starts a node with its config and more words of a command line."""
    config = tmp_path / 'config.yaml'
    config.write_text(CONFIG)

    def declare(*words: str) -> dict[str, Any]:
        line = ['car', '--ros-args', '--params-file', str(config), *words]
        monkeypatch.setattr(sys, 'argv', line)
        with join_graph(line):
            node = Node('car')
            try:
                return vars(declare_parameters(node, OF_CAR))
            finally:
                node.destroy_node()

    return declare


WRONG = [
    *(('speed', text) for text in ("'0.5'", '0,5', '0.5 m/s', '[0.5]', 'true', '.nan', '.inf')),
    *(('doors', text) for text in ('2.0', "'2'", 'true', '[2]', 'two')),
    *(('is_red', text) for text in ('1', "'true'", '[true]', 'red')),
    *(('label', text) for text in ('[scan]', '[scan, range]', '[]', '5', '5.0', 'true')),
]


@pytest.mark.parametrize(('name', 'text'), WRONG)
def test_value_of_another_type_ends_the_start_wherever_it_is_said(
    name: str, text: str, say: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    for block in ('/**', 'car', '/*'):
        path = tmp_path / 'mine.yaml'
        path.write_text(f'"{block}":\n  ros__parameters:\n    {name}: {text}\n')
        with pytest.raises(ValueError, match=f'{name} must be .*, got '):
            say('--params-file', str(path))
    for word in (f'{name}:={text}', f'car:{name}:={text}'):
        with pytest.raises(ValueError, match=f'{name} must be .*, got '):
            say('-p', word)
        # Not even where a right one follows.
        with pytest.raises(ValueError, match=f'{name} must be .*, got '):
            say('-p', word, '-p', f'{name}:={text}', '-p', 'speed:=1.0', '-p', 'doors:=3')


def test_clock_of_another_type_is_not_dropped(say: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="use_sim_time must be true or false, got the text 'no'"):
        say('-p', 'use_sim_time:=true', '-p', 'use_sim_time:="no"')


@pytest.mark.parametrize(
    ('words', 'speed'),
    [
        (['speed:=2'], 2.0),
        (['speed:=2', 'speed:=0.5'], 0.5),
        (['speed:=0.5', 'speed:=2'], 2.0),
        (['car:speed:=3', 'speed:=2'], 3.0),
    ],
)
def test_last_word_counts_and_whole_numbers_are_numbers(
    words: list[str], speed: float, say: Callable[..., dict[str, Any]]
) -> None:
    values = say(*(part for word in words for part in ('-p', word)), '-p', 'label:="5"')
    assert values == {'speed': speed, 'doors': 4, 'is_red': True, 'label': '5'}
    assert type(values['speed']) is float


NODES = {node.name: node for graph in GRAPHS.values() for node in graph.nodes}
NODES[DASHBOARD.name] = DASHBOARD


@pytest.mark.parametrize('described', NODES.values(), ids=list(NODES))
def test_no_node_drops_a_value_of_another_type(
    described: NodeDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    if described.name == 'mavlink_node':
        pytest.importorskip('pymavlink', reason='needs the extra mavlink')
    parameters = importlib.import_module(described.module).PARAMETERS
    for entry in parameters:
        # The same value, written as another type.
        wrong = '[x]' if isinstance(entry.default, str) else f"'{entry.default}'"
        line = ['node', '--ros-args', '--params-file', str(described.config)]
        line += ['-p', f'{entry.name}:={wrong}']
        monkeypatch.setattr(sys, 'argv', line)
        with join_graph(line):
            node = Node(described.name)
            try:
                with pytest.raises(ValueError, match=f'^{entry.name} must be '):
                    declare_parameters(node, parameters)
            finally:
                node.destroy_node()


def test_limit_of_another_type_is_one_line_that_ends_the_process(
    start: Callable[..., Any],
) -> None:
    run = start('safety_node', horizontal_speed="'0.5'")
    assert run.wait() == 1
    assert run.output.splitlines()[-1] == (
        "safety_node: horizontal_speed must be a finite number, got the text '0.5': write its "
        'digits alone, with a point, without quotes or unit'
    )
    assert 'Traceback' not in run.output
