# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
pytest.importorskip('pybullet')

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from std_srvs.srv import Trigger

from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import image_from_message, make_twist_stamped, read_imu
from lnn_control.nodes.sim_node import SimNode
from tests.nodes.probe import says, stamp_of

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]


def set_season(probe: Any, season: str) -> Any:
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=season)
    request = SetParameters.Request(parameters=[Parameter(name='season', value=value)])
    return probe.call(SetParameters, 'sim_node/set_parameters', request).results[0]


def test_simulator_is_a_vehicle(probe: Any, start: Start) -> None:
    images, infos = probe.listen(topics.IMAGE), probe.listen(topics.CAMERA_INFO)
    samples, clocks = probe.listen(topics.IMU), probe.listen(topics.CLOCK)
    odometry, targets = probe.listen(topics.ODOMETRY), probe.listen(topics.TARGET_POSE)
    states, collisions = probe.listen(topics.TRIAL_STATE), probe.listen(topics.COLLISION)
    start('sim_node', command_timeout=2.0)
    probe.wait_until(
        lambda: (
            len(images) > 10
            and len(samples) > 100
            and min(map(len, (infos, clocks, odometry, targets, states, collisions))) > 0
        )
    )

    assert image_from_message(images[0]).pixels.shape == (72, 128, 3)
    assert np.mean(image_from_message(images[0]).pixels) > 20
    assert infos[0].width == 128
    # The camera gives 20 images a simulated second, the inertial unit 200 samples.
    assert (stamp_of(images[-1]) - stamp_of(images[0])) / 0.05 == pytest.approx(
        round((stamp_of(images[-1]) - stamp_of(images[0])) / 0.05), abs=1e-4
    )
    gaps = np.diff([read_imu(sample)[0] for sample in samples])
    assert np.median(gaps) == pytest.approx(0.005, abs=1e-6)
    assert np.mean([read_imu(sample)[2][2] for sample in samples]) == pytest.approx(9.8, abs=1.0)
    assert clocks[-1].clock.sec >= 1
    # Hovering at the start until it is told to move.
    assert {state.data for state in states} == {'waiting'}
    assert abs(odometry[-1].pose.pose.position.x) < 0.5
    assert targets[0].pose.position.x > 5.0

    def push() -> None:
        probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(VelocityCommand(1.0), 0.0))

    probe.wait_until(lambda: odometry[-1].twist.twist.linear.x > 0.6, push)
    probe.wait_until(lambda: says(states, 'flying'))
    # Without commands it brakes.
    probe.wait_until(lambda: abs(odometry[-1].twist.twist.linear.x) < 0.2)


def test_reset_starts_another_trial_after_a_pause_in_time(probe: Any, start: Start) -> None:
    images, states = probe.listen(topics.IMAGE), probe.listen(topics.TRIAL_STATE)
    targets = probe.listen(topics.TARGET_POSE)
    start('sim_node')
    probe.wait_until(lambda: images and targets)
    first_begin = stamp_of(targets[-1])
    assert set_season(probe, 'winter').successful
    assert probe.call(Trigger, 'sim_node/reset', Trigger.Request()).success
    probe.wait_until(lambda: stamp_of(targets[-1]) > first_begin)
    begin = stamp_of(targets[-1])
    probe.wait_until(lambda: stamp_of(images[-1]) >= begin)
    assert begin - max(stamp for stamp in map(stamp_of, images) if stamp < begin) > 1.5
    probe.wait_until(lambda: says(states, 'waiting'))

    refused = set_season(probe, 'monsoon')
    assert not refused.successful
    assert "season must be one of ['autumn'" in refused.reason
    last = stamp_of(images[-1])
    probe.wait_until(lambda: stamp_of(images[-1]) > last)


def test_seed_that_is_set_in_flight_is_that_of_the_next_trial(join: Join) -> None:
    probe, node = join(SimNode, 'sim_node', seed=7, real_time_factor=20.0)
    begun = [node._seed]

    def set_seed(seed: int) -> None:
        assert node.set_parameters([RosParameter('seed', value=seed)])[0].successful

    def end_trial() -> None:
        node._start_next_trial()
        begun.append(node._seed)

    end_trial()
    set_seed(40)
    end_trial()
    end_trial()
    # The same once more is what somebody asks for, too.
    set_seed(41)
    end_trial()
    # What a reset has used up is over.
    set_seed(50)
    assert probe.call(Trigger, 'sim_node/reset', Trigger.Request()).message == 'trial 50'
    end_trial()
    assert begun == [7, 8, 40, 41, 41, 51]


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('world', 'moon', 'world must be one of'),
        ('world', 'road', 'world of fly_to_target must be one of'),
        ('season', 'monsoon', 'season must be one of'),
        ('renderer', 'crayon', 'renderer must be one of'),
        ('camera_rate', 7.0, 'camera_rate must divide 1200'),
    ],
)
def test_wrong_choice_ends_with_one_line(
    name: str, value: object, message: str, start: Start
) -> None:
    run = start('sim_node', **{name: value})
    assert run.wait() == 1
    assert message in run.output
    assert f'got {value!r}' in run.output
    assert 'Traceback' not in run.output
