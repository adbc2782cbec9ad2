# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String

from lnn_control.bringup.flight_observer import FlightObserver
from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    make_neurons,
    make_odometry,
    make_position,
    make_saliency,
    make_twist_stamped,
    stamp_from_seconds,
)

SECOND_NS = 10**9


class FakeGraph:
    """Hands messages to whoever subscribed, as a supervisor would."""

    def __init__(self) -> None:
        self._callbacks: dict[str, Callable[..., None]] = {}
        self._images = ImageEncoder()

    def subscribe(self, topic: topics.Topic, callback: Callable[..., None], depth: int) -> None:
        self._callbacks[topic.name] = callback

    def send(self, topic: topics.Topic, message: Any, **info: int) -> None:
        self._callbacks[topic.name](message, *([info] if info else []))

    def begin_trial(self, origin: float) -> None:
        self.send(topics.TARGET_POSE, make_position(np.array([5.0, 0.0, 1.5]), origin))
        self.send(topics.TRIAL_STATE, String(data='waiting'))
        self.tick(origin)

    def place_target(self, stamp: float, x: float) -> None:
        self.send(topics.TARGET_POSE, make_position(np.array([x, 0.0, 1.5]), stamp))

    def tick(self, now: float) -> None:
        self.send(topics.CLOCK, Clock(clock=stamp_from_seconds(now)))

    def say(self, state: str) -> None:
        self.send(topics.TRIAL_STATE, String(data=state))

    def show(self, stamp: float, published_ns: int, grey: int = 9) -> None:
        image = self._images.encode(np.full((4, 6, 3), grey, dtype=np.uint8), stamp)
        self.send(topics.IMAGE, image, source_timestamp=published_ns)

    def command(self, stamp: float, received_ns: int, vx: float = 1.0) -> None:
        message = make_twist_stamped(VelocityCommand(vx=vx), stamp)
        self.send(topics.COMMAND_STAMPED, message, received_timestamp=received_ns)

    def move(self, stamp: float, x: float) -> None:
        state = VehicleState(np.array([x, 0.0, 1.5]), quaternion_from_euler(0.0, 0.0, 0.3))
        self.send(topics.ODOMETRY, make_odometry(state, stamp))


def fly(graph: FakeGraph, origin: float, outcome: str) -> None:
    """Fly one second: an image and an answer 4 ms later every tenth, poses, neurons."""
    graph.begin_trial(origin)
    for step in range(11):
        now = origin + 0.1 * step
        graph.tick(now)
        graph.move(now, 0.1 * step)
        graph.show(now, SECOND_NS, grey=step)
        activity = np.array([step, -step], dtype=np.float32)
        graph.send(topics.NEURONS, make_neurons(activity, ['a', 'b'], now))
        graph.command(now, SECOND_NS + 4_000_000)
        if step == 0:
            graph.say('flying')
    graph.say(outcome)


def take_off(graph: FakeGraph) -> None:
    """Begin a trial at 1 s that flies, with its first pose and image."""
    graph.begin_trial(1.0)
    graph.say('flying')
    graph.move(1.0, 0.0)
    graph.show(1.0, SECOND_NS)


@pytest.fixture
def graph() -> FakeGraph:
    return FakeGraph()


@pytest.fixture
def observer(graph: FakeGraph) -> FlightObserver:
    return FlightObserver(graph)  # type: ignore[arg-type]


def test_flight_holds_what_was_published(graph: FakeGraph, observer: FlightObserver) -> None:
    fly(graph, 1.0, 'success')
    assert observer.is_over
    flight = observer.take_flight()
    assert flight.outcome == 'success'
    assert flight.duration == pytest.approx(1.0)
    assert flight.images[:, 0, 0, 0].tolist() == list(range(11))
    np.testing.assert_allclose(flight.image_times, 0.1 * np.arange(11), atol=1e-9)
    np.testing.assert_allclose(flight.positions_world[:, 0], 0.1 * np.arange(11))
    np.testing.assert_allclose(flight.yaws, 0.3)
    assert flight.commands[:, 0].tolist() == [1.0] * 11
    assert flight.neurons[:, 1].tolist() == [-float(step) for step in range(11)]
    np.testing.assert_allclose(flight.neuron_times, 0.1 * np.arange(11), atol=1e-9)
    np.testing.assert_allclose(flight.latencies, 0.004, atol=1e-6)


def test_repeated_command_counts_but_answers_once(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    take_off(graph)
    graph.command(1.0, SECOND_NS + 2_000_000)
    graph.command(1.0, SECOND_NS + 22_000_000)
    assert observer.num_answers == 1
    assert observer.recent_latency == pytest.approx(0.002, abs=1e-6)
    graph.tick(1.1)
    graph.say('collision')
    assert len(observer.take_flight().commands) == 2


def test_trials_do_not_mix(graph: FakeGraph, observer: FlightObserver) -> None:
    fly(graph, 1.0, 'collision')
    graph.begin_trial(5.0)
    assert not observer.is_over
    assert observer.trial_begin == 5.0
    graph.command(1.9, 2 * SECOND_NS)  # a late answer to the trial before
    graph.move(1.9, 9.0)
    assert observer.num_images == 0
    assert observer.num_answers == 0
    assert observer.distance is None
    fly(graph, 9.0, 'time_limit')
    flight = observer.take_flight()
    assert flight.outcome == 'time_limit'
    assert len(flight.images) == 11
    assert flight.image_times[0] == pytest.approx(0.0)


def test_what_comes_after_the_end_is_left_out(graph: FakeGraph, observer: FlightObserver) -> None:
    fly(graph, 1.0, 'success')
    graph.tick(2.5)
    graph.move(2.5, 7.0)
    graph.show(2.5, SECOND_NS)
    graph.move(1.99, 0.99)  # a pose that was under way
    flight = observer.take_flight()
    assert flight.positions_world[:, 0].max() == pytest.approx(1.0)
    assert len(flight.pose_times) == 12
    assert len(flight.images) == 11


def test_progress_is_known_while_flying(graph: FakeGraph, observer: FlightObserver) -> None:
    assert observer.recent_latency is None
    graph.begin_trial(1.0)
    graph.move(1.0, 2.0)
    assert observer.time == 0.0
    graph.say('flying')
    graph.tick(1.7)
    assert observer.time == pytest.approx(0.7)
    assert observer.distance == pytest.approx(3.0)
    with pytest.raises(RuntimeError, match='not over'):
        observer.take_flight()


def test_target_that_walks_is_of_the_same_trial(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    graph.begin_trial(1.0)
    graph.show(1.0, SECOND_NS)
    graph.place_target(1.05, 5.05)
    graph.say('flying')
    for stamp, x in ((1.1, 5.1), (1.2, 5.2)):
        graph.tick(stamp)
        graph.place_target(stamp, x)
        graph.move(stamp, 1.0)
        assert observer.distance == pytest.approx(x - 1.0)
    graph.say('success')
    graph.place_target(1.21, 5.21)
    assert observer.trial_begin == 1.0 and observer.num_images == 1
    flight = observer.take_flight()
    np.testing.assert_allclose(flight.targets_world[:, 0], [5.1, 5.2])
    np.testing.assert_allclose(flight.distances, [4.1, 4.2])
    # That of the next trial may stand where this one's began.
    graph.begin_trial(9.0)
    assert observer.trial_begin == 9.0 and not observer.is_over


def test_next_target_of_a_hike_is_of_the_same_trial(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    graph.begin_trial(1.0)
    graph.show(1.0, SECOND_NS)
    graph.say('flying')
    graph.move(1.0, 1.0)
    graph.place_target(1.5, 15.0)
    graph.move(1.6, 1.0)
    graph.tick(2.0)
    graph.say('time_limit')
    assert observer.trial_begin == 1.0
    np.testing.assert_allclose(observer.take_flight().distances, [4.0, 14.0])


def test_flight_begun_anew_on_the_way_is_another_one(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    graph.begin_trial(1.0)
    graph.say('flying')
    graph.show(1.0, SECOND_NS)
    graph.begin_trial(3.0)
    assert observer.trial_begin == 3.0
    assert observer.num_images == 0 and not observer.is_over


def test_target_that_stands_leaves_distances_to_the_site(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    fly(graph, 1.0, 'success')
    flight = observer.take_flight()
    assert flight.targets_world.shape == (0, 3) and flight.distances.shape == (0,)


def test_saliency_is_that_of_its_image(graph: FakeGraph, observer: FlightObserver) -> None:
    graph.begin_trial(1.0)
    graph.say('flying')
    for number, stamp in enumerate((1.0, 1.1, 1.2)):
        graph.tick(stamp)
        graph.move(stamp, 0.0)
        graph.show(stamp, SECOND_NS)
        header = Header(stamp=stamp_from_seconds(stamp))
        if number != 1:
            counted = np.full((4, 6), number / 2)
            graph.send(topics.SALIENCY, make_saliency(counted, header))
    graph.say('collision')
    flight = observer.take_flight()
    assert flight.saliency.shape == (3, 4, 6)
    assert flight.saliency[:, 0, 0].tolist() == [0, 0, 255]


def test_saliency_of_images_of_another_size_is_left_out(
    graph: FakeGraph, observer: FlightObserver
) -> None:
    take_off(graph)
    header = Header(stamp=stamp_from_seconds(1.0))
    graph.send(topics.SALIENCY, make_saliency(np.ones((2, 3)), header))
    graph.say('collision')
    assert len(observer.take_flight().saliency) == 0
