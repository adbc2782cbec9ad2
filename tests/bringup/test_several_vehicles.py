# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Two vehicles by one command, as processes: each with its own policy and its own safety."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
pytest.importorskip('pybullet')

from std_srvs.srv import Trigger

from lnn_control.nodes import topics
from lnn_control.nodes.conversions import read_twist
from lnn_control.nodes.topics import place_topic
from tests.bringup.test_node_processes import SLOW_MOTION, Bringup, bringup, is_flying
from tests.nodes.probe import is_standing
from tests.patience import PATIENCE

__all__ = ['bringup']
DRIVE = 'tests.policies.test_policy_registry:Drive'


def test_two_vehicles_fly_their_own_policies_and_one_is_stopped_alone(
    probe: Any, bringup: Bringup, tmp_path: Path
) -> None:
    names = ('vehicle1', 'vehicle2')
    commands = [probe.listen(place_topic(topics.COMMAND_STAMPED, name)) for name in names]
    odometry = [probe.listen(place_topic(topics.ODOMETRY, name)) for name in names]
    safety = [probe.listen(place_topic(topics.SAFETY_STATE, name)) for name in names]
    run = bringup(
        'simulation',
        'vehicles:=2',
        SLOW_MOTION,
        'auto_reset:=false',
        # Slow enough to fly on for long; each has a speed of its own.
        f'policy:={DRIVE}=0.2,{DRIVE}=0.1',
        'record:=true',
        f'output:={tmp_path}',
    )

    def wait_for(condition: Any) -> None:
        probe.wait_until(lambda: condition() or run.process.poll() is not None)
        assert run.process.poll() is None, run.output

    wait_for(lambda: all(is_flying(heard, 10)() for heard in commands))
    assert read_twist(commands[0][-1])[0] == pytest.approx(0.2)
    assert read_twist(commands[1][-1])[0] == pytest.approx(0.1)
    wait_for(lambda: odometry[0][-1].twist.twist.linear.x > 0.1)

    stop = probe.call(Trigger, 'vehicle1/safety_node/emergency_stop', Trigger.Request())
    assert stop.success
    wait_for(lambda: is_standing(commands[0]))
    heard, flown = len(commands[1]), odometry[1][-1]
    wait_for(lambda: is_flying(commands[1][heard:], 10)())
    wait_for(lambda: len(safety[0]) and 'emergency' in safety[0][-1].data)
    assert is_standing(commands[0])
    assert 'emergency' not in safety[1][-1].data
    assert odometry[1][-1].twist.twist.linear.x > 0.05
    assert odometry[1][-1].header.stamp != flown.header.stamp

    run.process.terminate()
    assert run.process.wait(timeout=PATIENCE) == 0, run.output
    assert run.find_processes() == {}
    # Each has its own folder, or one would take the other's files.
    assert all(list((tmp_path / name).glob('*.mcap')) for name in names)
    assert '[vehicle2/policy_node]' in run.output


def test_policies_that_do_not_fit_the_vehicles_start_nothing(bringup: Bringup) -> None:
    run = bringup('simulation', 'vehicles:=3', 'policy:=hover,hover')
    assert run.process.wait(timeout=PATIENCE) != 0
    assert 'policy must name one policy for all 3 vehicles, or one for each' in run.output
    assert 'Traceback' not in run.output
    assert '[sim_node]' not in run.output
