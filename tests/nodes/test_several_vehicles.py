# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Several vehicles in one simulator: topics and frames of their own, trials that end together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
pytest.importorskip('pybullet')

from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_twist_stamped
from lnn_control.nodes.topics import place_topic
from lnn_control.nodes.transforms import place_sensors, place_vehicle
from sim.tasks.starts import move_start
from sim.tasks.task import Task
from tests.nodes.probe import says, stamp_of

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]
ONE, TWO = 'vehicle1', 'vehicle2'


def listen(probe: Any, topic: topics.Topic) -> list[list[Any]]:
    """Return what grows with every message of the first and of the second vehicle."""
    return [probe.listen(place_topic(topic, vehicle)) for vehicle in (ONE, TWO)]


def drive(probe: Any, vehicle: str, speed: float = 0.5) -> None:
    message = make_twist_stamped(VelocityCommand(vx=speed), 0.0)
    probe.publish(place_topic(topics.COMMAND_STAMPED, vehicle), message)


def test_every_vehicle_has_topics_frames_and_diagnostics_of_its_own(
    probe: Any, start: Start
) -> None:
    images, samples = listen(probe, topics.IMAGE), listen(probe, topics.IMU)
    infos, odometry = listen(probe, topics.CAMERA_INFO), listen(probe, topics.ODOMETRY)
    targets, states = listen(probe, topics.TARGET_POSE), listen(probe, topics.TRIAL_STATE)
    clocks, reports = probe.listen(topics.CLOCK), probe.listen(topics.DIAGNOSTICS)
    unnamed = probe.listen(topics.ODOMETRY)
    start('sim_node', vehicles=2, command_timeout=2.0)
    needed = (*images, *samples, *infos, *odometry, *targets, *states, clocks)
    probe.wait_until(lambda: all(needed) and len(reports) >= 4)

    for index, vehicle in enumerate((ONE, TWO)):
        assert images[index][-1].header.frame_id == f'{vehicle}/camera_optical_frame'
        assert infos[index][-1].header.frame_id == f'{vehicle}/camera_optical_frame'
        assert samples[index][-1].header.frame_id == f'{vehicle}/imu_link'
        assert odometry[index][-1].header.frame_id == f'{vehicle}/odom'
        assert odometry[index][-1].child_frame_id == f'{vehicle}/base_link'
        assert targets[index][-1].header.frame_id == f'{vehicle}/odom'
    assert bytes(images[0][-1].data) != bytes(images[1][-1].data)
    assert {status.hardware_id for report in reports for status in report.status} == {ONE, TWO}
    assert not unnamed
    # One target for both; they see it from different places.
    assert targets[0][-1].pose == targets[1][-1].pose
    first, second = (entries[-1].pose.pose.position for entries in odometry)
    assert np.hypot(first.x - second.x, first.y - second.y) > 2.5

    def speed_of(index: int) -> float:
        velocity = odometry[index][-1].twist.twist.linear
        return float(np.hypot(velocity.x, velocity.y))

    probe.wait_until(lambda: speed_of(1) > 0.4, lambda: drive(probe, TWO))
    probe.wait_until(lambda: says(states[1], 'flying'))
    # The other one still waits where it was.
    assert says(states[0], 'waiting')
    assert speed_of(0) < 0.2


@pytest.fixture
def face_to_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second vehicle start two metres in front of the first."""

    def draw_start(task: Task, trials: Any, generator: Any) -> Any:
        (first,) = trials
        x, y = first.world.layout.start
        place = (x + 1.5 * np.cos(first.yaw), y + 1.5 * np.sin(first.yaw))
        return replace(first, world=move_start(first.world, place), yaw=first.yaw + np.pi)

    monkeypatch.setattr(Task, 'draw_start', draw_start)


def test_contact_ends_the_trials_of_both_and_the_next_world_follows(
    face_to_face: None, join: Join, capfd: pytest.CaptureFixture[str]
) -> None:
    from lnn_control.nodes.sim_node import SimNode

    probe, node = join(SimNode, 'sim_node', vehicles=2, renderer='none')
    states, collisions = listen(probe, topics.TRIAL_STATE), listen(probe, topics.COLLISION)
    targets = listen(probe, topics.TARGET_POSE)
    probe.wait_until(lambda: all((*states, *collisions, *targets)))
    begins = [stamp_of(entries[-1]) for entries in targets]
    # The second has not even been commanded to move.
    probe.wait_until(
        lambda: all(says(entries, 'collision') for entries in states),
        lambda: drive(probe, ONE, 2.0),
    )
    assert [entry.data for entry in states[1]] == ['waiting', 'collision']
    assert all(entries[-1].data for entries in collisions)
    probe.wait_until(
        lambda: all(
            stamp_of(entries[-1]) > begin for entries, begin in zip(targets, begins, strict=True)
        )
    )
    assert node.get_parameter('seed').value == 2_000_001
    probe.wait_until(lambda: all(says(entries, 'waiting') for entries in states))
    node.finish()
    said = capfd.readouterr().err
    assert 'vehicle1, trial 2000000: collision with vehicle2 after' in said
    assert 'vehicle2, trial 2000000: collision with vehicle1 after 0.0 s' in said


def test_next_world_waits_for_those_that_have_begun_and_for_no_other(join: Join) -> None:
    from lnn_control.nodes.sim_node import SimNode

    parameters = {'vehicles': 3, 'renderer': 'none', 'task_option': 'time_limit=2'}
    probe, node = join(SimNode, 'sim_node', command_timeout=10.0, **parameters)
    names = (ONE, TWO, 'vehicle3')
    states = [probe.listen(place_topic(topics.TRIAL_STATE, name)) for name in names]
    probe.wait_until(lambda: all(says(entries, 'waiting') for entries in states))
    probe.wait_until(lambda: says(states[0], 'flying'), lambda: drive(probe, ONE, 0.1))
    probe.wait_until(lambda: says(states[0], 'time_limit'))
    # Within the second before the next world the other one begins: it has time until its limit.
    drive(probe, TWO, 0.1)
    probe.wait_until(lambda: says(states[1], 'flying'), lambda: drive(probe, TWO, 0.1))
    probe.wait_until(lambda: says(states[1], 'time_limit'))
    assert [entry.data for entry in states[0]] == ['waiting', 'flying', 'time_limit']
    probe.wait_until(lambda: says(states[1], 'waiting'))
    assert [entry.data for entry in states[2]] == ['waiting', 'waiting']
    node.finish()


def test_seed_without_room_for_all_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, join: Join
) -> None:
    from lnn_control.nodes.sim_node import SimNode
    from sim.worlds.redraw import GaveUpError

    sample = Task.sample_several

    def sample_some(task: Task, seed: int, number: int) -> Any:
        if seed == 2_000_001:
            raise GaveUpError('no room')
        return sample(task, seed, number)

    monkeypatch.setattr(Task, 'sample_several', sample_some)
    parameters = {'vehicles': 2, 'renderer': 'none', 'task_option': 'time_limit=1'}
    probe, node = join(SimNode, 'sim_node', **parameters)
    probe.wait_until(
        lambda: node.get_parameter('seed').value == 2_000_002, lambda: drive(probe, ONE, 0.1)
    )
    node.finish()


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [({'vehicles': 0}, 'vehicles'), ({'vehicles': 9}, 'vehicles')],
)
def test_impossible_number_ends_with_one_line(
    parameters: dict[str, Any], message: str, start: Start
) -> None:
    run = start('sim_node', **parameters)
    assert run.wait() == 1
    assert message in run.output
    assert 'Traceback' not in run.output


def test_frames_of_several_vehicles_hang_on_one_map() -> None:
    placements = place_sensors((0.1, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), 'vehicle2/')
    state = VehicleState(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    parents = {
        entry.child: entry.parent for entry in (*placements, place_vehicle(state, 'vehicle2/'))
    }
    frame, way = 'vehicle2/camera_optical_frame', []
    while frame in parents:
        frame = parents[frame]
        way.append(frame)
    assert way == ['vehicle2/camera_link', 'vehicle2/base_link', 'vehicle2/odom', 'map']
    # Where a vehicle's odometry begins is where the world does.
    shared = next(entry for entry in placements if entry.parent == 'map')
    assert (tuple(shared.position), tuple(shared.orientation)) == ((0, 0, 0), (0, 0, 0, 1))
