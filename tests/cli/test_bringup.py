# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.bringup.graph import GRAPHS, SIMULATION
from lnn_control.cli import bringup
from lnn_control.cli import main as cli


def test_words_become_values_of_the_arguments_type() -> None:
    words = [
        'season:=winter',
        'first_seed:=7',
        'real_time_factor:=2',
        'record:=True',
        'namespace:=a:=b',
    ]
    values = bringup.parse_arguments(SIMULATION.arguments, words)
    assert values['season'] == 'winter'
    assert values['first_seed'] == 7
    assert values['real_time_factor'] == 2.0
    assert values['record'] is True
    assert values['namespace'] == 'a:=b'
    # What is not given may be another thing by the profile.
    assert 'world' not in values


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('seasn:=winter', r"one of \['allow_untrained', .*got 'seasn'; did you mean 'season'\?"),
        ('season=winter', "written as name:=value, got 'season=winter'"),
        ('first_seed:=first', "first_seed must be a whole number, got 'first'"),
        ('real_time_factor:=fast', "real_time_factor must be a number, got 'fast'"),
        (
            'season:=wintr',
            r"season must be one of .*'winter'\], got 'wintr'; did you mean 'winter'",
        ),
        (
            'world:=sea',
            r"world must be one of .*'varied_forest'\], got 'sea'",
        ),
        ('record:=1', "record must be true or false, got '1'"),
    ],
)
def test_mistake_says_what_is_valid(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bringup.parse_arguments(SIMULATION.arguments, [word])


@pytest.mark.parametrize('name', sorted(GRAPHS))
def test_help_lists_every_argument(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bringup.main([name, '--help']) == 0
    text = capsys.readouterr().out
    assert all(f'  {entry.name} ' in text for entry in GRAPHS[name].arguments)


def test_unknown_graph_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bringup.main(['submarine']) == 2
    assert "one of ['robot', 'simulation'], got 'submarine'" in capsys.readouterr().err


def test_domain_must_exist(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    assert cli.main(['bringup', 'robot', 'domain_id:=500']) == 1
    assert 'domain_id must be 0 to 101' in capsys.readouterr().err


@pytest.mark.parametrize('namespace', ['my drone', '1st', 'a//b', 'a-b'])
def test_namespace_must_be_one_of_ros(namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    assert cli.main(['bringup', 'robot', f'namespace:={namespace}']) == 1
    said = capsys.readouterr().err
    assert said.startswith('lnn-control bringup: ') and said.count('\n') == 1
    assert f'namespace must be a ROS name such as drone_1, got {namespace!r}' in said


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Return the values of each graph that would have been run, and run none."""
    pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    graphs: list[dict[str, object]] = []
    monkeypatch.setattr(bringup, 'run_graph', lambda graph, values: graphs.append(values) or 0)
    return graphs


def test_namespace_with_a_slash_at_its_end_is_that_without(
    ran: list[dict[str, object]],
) -> None:
    assert cli.main(['bringup', 'robot', 'namespace:=drone/']) == 0
    assert ran[0]['namespace'] == 'drone'


def test_profile_leaves_what_is_said_on_the_command_line(
    ran: list[dict[str, object]],
) -> None:
    assert cli.main(['bringup', 'robot', 'profile:=turtlebot', 'stamped:=true']) == 0
    assert cli.main(['bringup', 'robot', 'profile:=turtlebot']) == 0
    assert [values['stamped'] for values in ran] == [True, False]


def test_missing_simulator_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        bringup.importlib.util, 'find_spec', lambda name: None if name == 'pybullet' else object()
    )
    assert cli.main(['bringup', 'simulation']) == 1
    error = capsys.readouterr().err
    assert 'pip install "lnn_control[sim]"' in error
    assert error.count('\n') == 1


def test_missing_ros_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bringup.importlib.util, 'find_spec', lambda name: None)
    assert cli.main(['bringup', 'simulation']) == 1
    error = capsys.readouterr().err
    assert 'pip install "lnn_control[ros]"' in error
    assert 'apt install ros-jazzy-ros-base' in error
    assert error.count('\n') == 1
