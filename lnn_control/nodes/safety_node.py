# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The only publisher of cmd_vel: passes commands within limits and stops the vehicle otherwise.

A process of its own, so that it lives on when the policy dies.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import LaserScan, PointCloud2, Range
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from lnn_control.core.safety import (
    Reason,
    SafetyState,
    Sectors,
    Step,
    check_age,
    check_command_frame,
    check_odometry_frames,
    check_range_frame,
    cloud_sectors,
    cone_sectors,
    press_stop,
    receive_button,
    receive_command,
    receive_doubt,
    receive_manual,
    receive_pose,
    receive_ranges,
    release,
    scan_sectors,
    see_buttons,
    stop,
    update_safety,
)
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    Source,
    make_diagnostics,
    make_twist,
    make_twist_stamped,
    nanoseconds_from_stamp,
    read_points,
    read_pose,
    read_twist,
)
from lnn_control.nodes.endpoints import open_publisher, open_subscription
from lnn_control.nodes.graph_checks import describe_publishers, describe_subscribers, name_type
from lnn_control.nodes.parameters import Value, answer_changes, declare_parameters
from lnn_control.nodes.process import run_node
from lnn_control.nodes.safety_parameters import LIMITS, PARAMETERS, read_settings, tighten

__all__ = ['PARAMETERS', 'SafetyNode', 'main']

# What has not come again for so long is no longer wrong [s].
_COMPLAINT_LASTS = 5.0


class SafetyNode(Node):
    """Shell around :mod:`lnn_control.core.safety`.

    Ages are measured on the steady clock, which no time synchronisation can move; with simulated
    time on /clock, which may run slower than the wall.
    """

    def __init__(self) -> None:
        super().__init__('safety_node')
        self._values = declare_parameters(self, PARAMETERS)
        settings = read_settings(self._values)
        # Limits that are made stricter in flight leave the brakes what they are.
        self._settings = replace(settings, brakes=settings.limits)
        answer_changes(self, self._tighten)
        self._is_simulated = bool(self.get_parameter('use_sim_time').value)
        self._clock_moved_at = time.monotonic()
        self._last_now = -1.0
        self._state = SafetyState()
        self._stamp = Time()
        self._told = ''
        self._problems: tuple[str, ...] = ()
        self._complaints: dict[str, tuple[str, float]] = {}
        self._logged: dict[str, str] = {}
        self._open_outputs()
        self._open_inputs()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._values.rate, self._update, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def finish(self) -> None:
        """Leave the vehicle with a zero command, and the reason for it, that have arrived."""
        self._state = stop(self._state, Reason.SHUTDOWN, self._now())
        self._publish()
        for publisher in (self._publisher, self._state_publisher):
            publisher.wait_for_all_acked(Duration(seconds=1))

    def _open_outputs(self) -> None:
        self._command_topic = topics.choose_command_topic(self._values.stamped)
        self._publisher = open_publisher(self, self._command_topic)
        self._state_publisher = open_publisher(self, topics.SAFETY_STATE)
        self._takeover_publisher = open_publisher(self, topics.TAKEOVER)
        self._request_publisher = open_publisher(self, topics.AUTOPILOT_REQUEST)
        self._diagnostics_publisher = open_publisher(self, topics.DIAGNOSTICS)

    def _open_inputs(self) -> None:
        self._inputs: list[topics.Topic] = [topics.CLOCK] if self._is_simulated else []
        self._manual_topic = topics.choose_manual_topic(self._values.manual_stamped)
        open_subscription(self, self._manual_topic, self._receive_manual)
        # Three times: what a reliable button sends is sent again where it was lost, what a latched
        # one has sent before is heard, and another button is heard as well. To hear the same word
        # twice changes nothing.
        receive: Callable[..., None] = self._receive_button
        for button in topics.EMERGENCY_STOPS:
            open_subscription(self, button, receive)
        self._listen(topics.RAW_COMMAND, self._receive)
        self._listen(topics.DOUBT, self._receive_doubt)
        if self._settings.needs_odometry:
            self._listen(topics.POSE, self._receive_odometry)
        readers = {
            'scan': (topics.SCAN, self._read_scan),
            'range': (topics.RANGE, self._read_range),
            'points': (topics.POINTS, self._read_points),
        }
        for source in self._settings.range_sources:
            topic, read = readers[source]
            self._listen(topic, self._make_range_callback(source, read))
        self.create_service(Trigger, '~/emergency_stop', self._stop_by_service)
        self.create_service(Trigger, '~/release', self._release)

    def _listen(self, topic: topics.Topic, callback: Callable[[Any], None]) -> None:
        """Listen to what one node alone may publish."""
        open_subscription(self, topic, callback)
        self._inputs.append(topic)

    def _tighten(self, changes: dict[str, Value]) -> None:
        """Make limits stricter; ROS itself refuses all other parameters as read-only."""
        names = {entry.name for entry in LIMITS}
        limits = {name: float(value) for name, value in changes.items() if name in names}  # type: ignore[arg-type]
        self._settings = tighten(self._settings, limits)

    def _now(self) -> float:
        if not self._is_simulated:
            return time.monotonic()
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _measure_age(self, stamp: Time) -> float:
        """Return the age of what a stamp belongs to [s], NaN where the stamp is zero."""
        stamp_ns = nanoseconds_from_stamp(stamp)
        now_ns = self.get_clock().now().nanoseconds
        return (now_ns - stamp_ns) * 1e-9 if stamp_ns else math.nan

    def _receive(self, message: TwistStamped) -> None:
        if not self._counts('cmd_vel_raw', check_command_frame, message.header.frame_id):
            return
        age = self._measure_age(message.header.stamp)
        self._state = receive_command(self._state, read_twist(message), self._now(), age)
        self._stamp = message.header.stamp
        self._update()

    def _receive_manual(self, message: Twist | TwistStamped) -> None:
        # A Twist says neither its frame nor since when.
        if isinstance(message, TwistStamped) and not self._counts(
            'cmd_vel_manual', self._check_manual, message
        ):
            return
        self._state = receive_manual(self._state, read_twist(message), self._now())
        self._update()

    def _check_manual(self, message: TwistStamped) -> None:
        check_command_frame(message.header.frame_id)
        self._check_age(message.header.stamp, self._settings.manual_age)

    def _receive_button(self, message: Bool, info: dict[str, Any]) -> None:
        number, sent_at = (
            info.get(key) for key in ('publication_sequence_number', 'source_timestamp')
        )
        # Some middleware tells neither.
        label = (int(number), int(sent_at)) if number and sent_at else None
        # Each message comes by several ways, and the list of publishers takes a while.
        if label is None or (message.data, label) not in self._state.buttons.words:
            self._see_buttons()
        if label is None and len(self._state.buttons.publishers) > 1:
            self._complain(
                'emergency_stop',
                'emergency_stop has several publishers, which this middleware does not tell '
                'apart: a button that was pressed counts as up once a single one is left and '
                'sends false',
            )
        self._state = receive_button(self._state, message.data, self._now(), label)
        self._update()

    def _see_buttons(self) -> None:
        """Take note of who publishes the emergency stop."""
        kind = name_type(topics.EMERGENCY_STOP)
        name = self.resolve_topic_name(topics.EMERGENCY_STOP.name)
        publishers = frozenset(
            bytes(end.endpoint_gid)
            for end in self.get_publishers_info_by_topic(name)
            if end.topic_type == kind
        )
        self._state = see_buttons(self._state, publishers, self._now())

    def _counts(self, subject: str, check: Callable[[Any], None], value: Any) -> bool:
        """Return whether a message passes a check; one that does not is told, and had not come."""
        try:
            check(value)
        except ValueError as error:
            self._complain(subject, f'{subject} ignored: {error}')
            return False
        self._complaints.pop(subject, None)
        return True

    def _receive_doubt(self, message: Bool) -> None:
        self._state = receive_doubt(self._state, message.data)

    def _receive_odometry(self, message: Odometry) -> None:
        # Else as if it had not come: without odometry the vehicle stops.
        self._counts('odometry', self._take_odometry, message)

    def _take_odometry(self, message: Odometry) -> None:
        check_odometry_frames(message.header.frame_id, message.child_frame_id)
        self._check_age(message.header.stamp, self._settings.odometry_timeout)
        self._state = receive_pose(self._state, read_pose(message), self._now())

    def _make_range_callback(
        self, source: str, read: Callable[[Any], Sectors | None]
    ) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            check_range_frame(message.header.frame_id)
            self._check_age(message.header.stamp, self._settings.ranges.timeout)
            sectors = read(message)
            if sectors is None:
                raise ValueError('it holds nothing but faults')
            self._state = receive_ranges(self._state, source, sectors, self._now(), self._settings)

        def receive(message: Any) -> None:
            # Else as if it had not come: with a silent sensor the vehicle stops.
            self._counts(source, take, message)

        return receive

    def _check_age(self, stamp: Time, limit: float) -> None:
        """Check that a message is fresh.

        :raises ValueError: if it is not.
        """
        # Before the first time on /clock nothing has an age.
        if self.get_clock().now().nanoseconds:
            check_age(self._measure_age(stamp), limit)

    def _read_scan(self, message: LaserScan) -> Sectors | None:
        return scan_sectors(
            message.ranges,
            message.angle_min,
            message.angle_increment,
            (message.range_min, message.range_max),
            math.radians(self._values.range_yaw_deg),
        )

    def _read_range(self, message: Range) -> Sectors | None:
        return cone_sectors(
            message.range,
            message.field_of_view,
            (message.min_range, message.max_range),
            math.radians(self._values.range_yaw_deg),
        )

    def _read_points(self, message: PointCloud2) -> Sectors | None:
        return cloud_sectors(
            read_points(message),
            self._values.cloud_half_height,
            self._values.cloud_own_radius,
            math.radians(self._values.range_yaw_deg),
        )

    def _stop_by_service(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        self._state = press_stop(self._state)
        self._update()
        response.success, response.message = True, self._state.describe()
        return response

    def _release(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Let commands pass again after an emergency stop, a takeover or a request."""
        try:
            self._state = release(self._state, self._now(), self._settings)
            self._update()
            response.success, response.message = True, self._state.describe()
        except ValueError as error:
            response.success, response.message = False, str(error)
        return response

    def _update(self) -> None:
        now = self._now()
        if now != self._last_now:
            self._last_now, self._clock_moved_at = now, time.monotonic()
        rest = time.monotonic() - self._clock_moved_at
        has_stopped = rest > self._values.clock_timeout
        self._state = update_safety(self._state, now, self._settings, has_stopped)
        self._publish()

    def _publish(self) -> None:
        """Send the command with the stamp of what it answers, a stop with the time now."""
        if self._values.stamped:
            answers = self._state.step in (Step.PASSING, Step.SLOWING)
            stamp = self._stamp if answers else self.get_clock().now().to_msg()
            self._publisher.publish(make_twist_stamped(self._state.command, stamp))
        else:
            self._publisher.publish(make_twist(self._state.command))
        self._report()

    def _report(self) -> None:
        """Publish and log step and reasons, once a change."""
        text = self._state.describe()
        if text == self._told:
            return
        self._told = text
        step = self._state.step
        self._state_publisher.publish(String(data=text))
        self._takeover_publisher.publish(Bool(data=step is Step.MANUAL))
        request = self._values.ask_for if step is Step.ASKING else ''
        self._request_publisher.publish(String(data=request))
        is_usual = step in (Step.WAITING, Step.PASSING) or Reason.SHUTDOWN in self._state.reasons
        # Two lines: rclpy refuses one that logs now with this severity, now with that.
        if is_usual:
            self.get_logger().info(text)
        else:
            self.get_logger().warning(text)

    def _complain(self, subject: str, problem: str) -> None:
        """Tell a problem in the diagnostics while it lasts, and log it once."""
        self._complaints[subject] = problem, time.monotonic()
        if self._logged.get(subject) != problem:
            self._logged[subject] = problem
            self.get_logger().error(problem)

    def _find_problems(self) -> tuple[str, ...]:
        """Return what is wrong with the graph around this node: types, QoS, second publishers."""
        cure = f'stamped:={str(not self._values.stamped).lower()}'
        manual_cure = f'manual_stamped:={str(not self._values.manual_stamped).lower()}'
        buttons = (topics.EMERGENCY_STOP_BEST_EFFORT,)
        return (
            *describe_subscribers(self, self._command_topic, cure),
            *describe_publishers(self, self._inputs),
            *describe_publishers(self, (self._manual_topic,), manual_cure),
            *describe_publishers(self, buttons, is_shared=True),
        )

    def _diagnose(self) -> None:
        self._see_buttons()
        problems = self._find_problems()
        for problem in set(problems) - set(self._problems):
            self.get_logger().error(problem)
        self._problems = problems
        state, command = self._state, self._state.command
        is_usual = state.step in (Step.WAITING, Step.PASSING)
        values = {
            'step': state.step.value,
            'stops': state.num_stops,
            'last_stop': state.last_stop.value if state.last_stop is not None else '',
            **{name: round(value, 3) for name, value in vars(command).items()},
        }
        told = [] if is_usual else [state.describe()]
        since = time.monotonic() - _COMPLAINT_LASTS
        complaints = [text for text, told_at in self._complaints.values() if told_at > since]
        problem = '; '.join([*problems, *complaints, *told])
        now = self.get_clock().now().nanoseconds * 1e-9
        source = Source('safety', self.get_namespace())
        message = make_diagnostics(
            source, problem, values, now, is_error=state.step in (Step.STOPPED, Step.ASKING)
        )
        self._diagnostics_publisher.publish(message)


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(SafetyNode, 'safety_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
