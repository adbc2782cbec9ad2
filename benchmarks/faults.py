# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Breaks sensors, commands and processes while a vehicle flies, and measures until it stops.

    python -m benchmarks.faults --json FILE

Real `policy_node` and `safety_node` processes over DDS; camera, IMU, odometry and laser are
scripted here, and the clock of this process counts: from the fault, or from when the next message
was due, until the last command that moves the vehicle. A policy that always goes ahead at 1 m/s
flies, so that nothing stops by chance. Unsafe is a command beyond the limits, or one that moves
the vehicle later than 0.3 s after a fault where the rule is to stop.
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnn_control.core.domain import TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.policies.policy import Policy, State

LIMIT_MS = 300.0
_SPEED = 1.0
_ALLOWED = (1.5, 0.5, 0.7)  # greatest horizontal speed, climb [m/s] and yaw rate [rad/s]
_RATE, _SAMPLES = 20.0, 10
# How long a vehicle flies before a fault, and stands before it counts as standing [s].
_FLIGHT, _REST = 0.6, 1.0
_PATIENCE = 120.0
_ANSWER = 10.0


class Ahead(Policy):
    """Goes straight ahead, whatever it sees."""

    def __init__(self) -> None:
        super().__init__('ahead', domain=TrainingDomain(camera_fov_deg=(100.0, 100.0)))

    def initial_state(self) -> State:
        """Return nothing: it remembers nothing."""
        return None

    def __call__(
        self, observation: Any, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return the same command every time."""
        return VelocityCommand(vx=_SPEED), state


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    :param inject: does it. :param mend: undoes it.
    :param stops: whether the rule is to stop within 0.3 s.
    :param due: seconds after which the fault shows first, such as when the next image was due.
    """

    inject: Callable[['Rig'], None]
    mend: Callable[['Rig'], None]
    stops: bool = True
    due: float = 0.0


@dataclass(frozen=True)
class Trial:
    """What came of one fault.

    :param stop_ms: until the vehicle was told to stand for good [ms]; None if it was not.
    :param is_unsafe: a command beyond the limits, or one that moved the vehicle too late.
    :param has_recovered: whether it flew again when the fault was mended.
    """

    kind: str
    stop_ms: float | None
    is_unsafe: bool
    has_recovered: bool


class Sensors:
    """A camera, an IMU, odometry and a laser that can be made wrong."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Make all right again."""
        self.has_camera = self.has_imu = True
        self.is_frozen = self.is_black = False
        self.age = 0.0
        self.has_stamp = True
        self.size = (128, 72)
        self.encoding = 'rgb8'
        self.fov_deg = 100.0
        self.force = np.array([0.0, 0.0, 9.81])
        self.rates = np.array([0.2, 0.0, 0.1])
        self.noise = 0.03
        self.x = 0.0
        self.distance = math.inf


@dataclass(frozen=True)
class Patience:
    """How long nodes and this process wait: as on a vehicle, or longer where a machine is busy.

    :param timeout: of commands, images and other messages [s].
    :param watch: of a vehicle until it stands, at most [s].
    """

    timeout: float | None = None
    watch: float = 3.0

    def describe(self, *names: str) -> dict[str, float]:
        """Return parameters of a node; none for its own values."""
        return {} if self.timeout is None else dict.fromkeys(names, self.timeout)


class Rig:
    """The nodes, the scripted vehicle and what it was told.

    :param folder: for what the nodes say.
    """

    def __init__(self, folder: Path, patience: Patience | None = None) -> None:
        from lnn_control.nodes import topics

        self._topics = topics
        self._folder = folder
        self.patience = patience or Patience()
        self.sensors = Sensors()
        self._heard: list[tuple[float, tuple[float, ...]]] = []
        self._lock = threading.Lock()
        self.safety = self._start_safety()
        self.policy = self._start_policy()
        self._open()

    def _open(self) -> None:
        """Enter the graph, and let the sensors tell from now on."""
        import rclpy
        from rclpy.signals import SignalHandlerOptions

        topics = self._topics
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('injector')
        self._publishers = {
            topic.name: self._node.create_publisher(topic.type, topic.name, topic.qos)
            for topic in (
                *(topics.IMAGE, topics.CAMERA_INFO, topics.IMU, topics.ODOMETRY),
                *(topics.SCAN, topics.RAW_COMMAND, topics.EMERGENCY_STOP),
            )
        }
        command = topics.COMMAND_STAMPED
        self._node.create_subscription(command.type, command.name, self._hear, command.qos)
        self._is_over = threading.Event()
        self._spinner = threading.Thread(target=self._spin)
        self._shooter = threading.Thread(target=self._shoot)
        self._spinner.start()
        self._shooter.start()

    def _leave(self) -> None:
        """End the sensors and leave the graph."""
        import rclpy

        self._is_over.set()
        self._shooter.join()
        self._spinner.join()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def close(self) -> None:
        """End everything."""
        for process in (self.policy, self.safety):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)
        self._leave()

    def _start(self, name: str, **parameters: object) -> 'subprocess.Popen[bytes]':
        words = [word for item in parameters.items() for word in ('-p', '{}:={}'.format(*item))]
        command = [sys.executable, '-m', f'lnn_control.nodes.{name}', '--ros-args', *words]
        with (self._folder / f'{name}.log').open('ab') as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _start_safety(self) -> 'subprocess.Popen[bytes]':
        speed, climb, yaw_rate = _ALLOWED
        return self._start(
            'safety_node',
            horizontal_speed=speed,
            climb_speed=climb,
            yaw_rate=yaw_rate,
            fence="'-9 -9, 9 9'",
            range_sources='scan',
            **self.patience.describe(
                'timeout', 'max_image_age', 'odometry_timeout', 'range_timeout'
            ),
        )

    def _start_policy(self) -> 'subprocess.Popen[bytes]':
        return self._start(
            'policy_node',
            policy='benchmarks.faults:Ahead',
            **self.patience.describe('max_image_age', 'image_silence', 'imu_silence'),
        )

    def revive(self) -> None:
        """Start the policy again where it has died, and activate it where it is not active."""
        from lifecycle_msgs.msg import Transition

        if self.policy.poll() is not None:
            # What a killed process had not read yet stays in the shared memory of who sent it. In
            # that of default size, 512 KiB, images find no room after a few of them.
            self._leave()
            self._open()
            self.policy = self._start_policy()
        next_step = {
            'unconfigured': Transition.TRANSITION_CONFIGURE,
            'inactive': Transition.TRANSITION_ACTIVATE,
        }
        deadline = time.monotonic() + _PATIENCE
        while (state := self.read_state()) != 'active' and time.monotonic() < deadline:
            if state in next_step:
                self.change_state(next_step[state])

    def read_state(self) -> str:
        """Return the state of the policy, empty if it does not answer."""
        from lifecycle_msgs.srv import GetState

        answer = self._call(GetState, 'policy_node/get_state', GetState.Request())
        return str(answer.current_state.label) if answer is not None else ''

    def change_state(self, transition: int) -> bool:
        """Ask the policy for a transition and return whether it was made."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        request = ChangeState.Request(transition=Transition(id=transition))
        answer = self._call(ChangeState, 'policy_node/change_state', request)
        return bool(answer is not None and answer.success)

    def release(self) -> None:
        """Release what is latched."""
        from std_srvs.srv import Trigger

        self._call(Trigger, 'safety_node/release', Trigger.Request())

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        """Return the answer of a service, None if none comes.

        A process that was killed stays in the graph for 20 s, and a request to it is lost: ask
        again rather than wait.
        """
        client = self._node.create_client(kind, name)
        try:
            if not client.wait_for_service(_PATIENCE):
                return None
            future = client.call_async(request)
            deadline = time.monotonic() + _ANSWER
            while not future.done() and time.monotonic() < deadline:
                time.sleep(0.01)
            return future.result() if future.done() else None
        finally:
            self._node.destroy_client(client)

    def send_command(self, *values: float) -> None:
        """Command the safety node past the policy."""
        from geometry_msgs.msg import TwistStamped

        message = TwistStamped()
        message.header.stamp = self._node.get_clock().now().to_msg()
        linear = message.twist.linear
        linear.x, linear.y, linear.z, message.twist.angular.z = map(float, values)
        self._publishers[self._topics.RAW_COMMAND.name].publish(message)

    def press(self, is_pressed: bool) -> None:
        """Press the emergency stop or let it go."""
        from std_msgs.msg import Bool

        self._publishers[self._topics.EMERGENCY_STOP.name].publish(Bool(data=is_pressed))

    def wait_for_flight(self) -> bool:
        """Return whether commands have moved the vehicle for a while, steadily."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            recent = self.list_commands(time.monotonic() - _FLIGHT)
            if len(recent) >= 3 and all(values[0] > 0.9 * _SPEED for _, values in recent):
                return True
            time.sleep(0.05)
        return False

    def list_commands(self, since: float) -> list[tuple[float, tuple[float, ...]]]:
        """Return what the vehicle was told since a time."""
        with self._lock:
            return [entry for entry in self._heard if entry[0] >= since]

    def forget(self) -> None:
        """Forget what the vehicle was told."""
        with self._lock:
            self._heard.clear()

    def _hear(self, message: Any) -> None:
        from lnn_control.nodes.conversions import read_twist

        with self._lock:
            self._heard.append((time.monotonic(), read_twist(message)))

    def _spin(self) -> None:
        from rclpy.executors import SingleThreadedExecutor

        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        while not self._is_over.is_set():
            executor.spin_once(timeout_sec=0.02)
        executor.shutdown()

    def _shoot(self) -> None:
        """Publish the sensors until the end, ten samples an image."""
        from sensor_msgs.msg import LaserScan

        from lnn_control.core.messages import VehicleState
        from lnn_control.nodes.conversions import (
            ImageEncoder,
            make_camera_info,
            make_imu,
            make_odometry,
        )

        topics, encoder, noise = self._topics, ImageEncoder(), np.random.default_rng(0)
        publish = {name: entry.publish for name, entry in self._publishers.items()}
        pixels = noise.integers(60, 200, (480, 640, 3), np.uint8)
        scan = LaserScan(angle_min=-0.1, angle_increment=0.1, range_min=0.1, range_max=30.0)
        due, number = time.monotonic(), 0
        while not self._is_over.is_set():
            sensors = self.sensors
            if sensors.has_imu:
                rates = sensors.rates + noise.normal(0, sensors.noise, 3)
                force = sensors.force + noise.normal(0, sensors.noise, 3)
                publish[topics.IMU.name](make_imu(rates, force, time.time()))
            number += 1
            if number % _SAMPLES == 0:
                now = time.time()
                width, height = sensors.size
                focal_px = width / 2 / math.tan(math.radians(sensors.fov_deg) / 2)
                info = make_camera_info(width, height, focal_px, now)
                publish[topics.CAMERA_INFO.name](info)
                if sensors.has_camera:
                    image = pixels[:height, :width].copy()
                    if not sensors.is_frozen:
                        image[: height // 2] += np.uint8(number // _SAMPLES % 40)
                    image = np.zeros_like(image) if sensors.is_black else image
                    stamp = now - sensors.age if sensors.has_stamp else 0.0
                    message = encoder.encode(image, stamp)
                    message.encoding = sensors.encoding
                    publish[topics.IMAGE.name](message)
                state = VehicleState(np.array([sensors.x, 0.0, 1.0]))
                publish[topics.ODOMETRY.name](make_odometry(state, now))
                scan.ranges = [sensors.distance] * 3
                publish[topics.SCAN.name](scan)
            due += 1.0 / (_RATE * _SAMPLES)
            time.sleep(max(0.0, due - time.monotonic()))


def _set(**values: Any) -> Callable[[Rig], None]:
    """Return a fault of the sensors."""

    def inject(rig: Rig) -> None:
        for name, value in values.items():
            setattr(rig.sensors, name, value)

    return inject


def _mend_sensors(rig: Rig) -> None:
    rig.sensors.reset()


def _of_sensors(due: float = 0.0, **values: Any) -> Fault:
    return Fault(_set(**values), _mend_sensors, due=due)


def _signal_policy(number: signal.Signals) -> Callable[[Rig], None]:
    return lambda rig: rig.policy.send_signal(number)


def _kill_policy(rig: Rig) -> None:
    rig.policy.kill()
    rig.policy.wait()


def _revive(rig: Rig) -> None:
    rig.revive()


def _flood(values: tuple[float, ...], seconds: float) -> Callable[[Rig], None]:
    """Return a fault that sends commands past the policy a thousand times a second."""

    def inject(rig: Rig) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rig.send_command(*values)
            time.sleep(0.001)

    return inject


def _transit(rig: Rig) -> None:
    """Ask for transitions that an active node does not have."""
    from lifecycle_msgs.msg import Transition

    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP):
        assert not rig.change_state(transition)


def _let_go(rig: Rig) -> None:
    rig.press(False)
    time.sleep(0.3)
    rig.release()


_PERIOD = 1.0 / _RATE
_NOTHING: Callable[[Rig], None] = lambda rig: None  # noqa: E731

FAULTS: dict[str, Fault] = {
    'camera_stops': _of_sensors(due=_PERIOD, has_camera=False),
    'imu_stops': _of_sensors(has_imu=False),
    'frozen_frame': _of_sensors(is_frozen=True),
    'stamps_old': _of_sensors(age=5.0),
    'stamps_future': _of_sensors(age=-5.0),
    'stamps_zero': _of_sensors(has_stamp=False),
    'black_frame': _of_sensors(is_black=True),
    'small_frame': _of_sensors(size=(64, 48)),
    'wrong_encoding': _of_sensors(encoding='16UC1'),
    'without_colour': _of_sensors(encoding='mono8'),
    'narrow_view': _of_sensors(fov_deg=69.0),
    'imu_nan': _of_sensors(noise=math.nan),
    'imu_in_g': _of_sensors(force=np.array([0.0, 0.0, 1.0])),
    'imu_in_deg_s': _of_sensors(rates=np.array([11.5, 0.0, 5.7])),
    'imu_optical': _of_sensors(force=np.array([0.0, -9.81, 0.0])),
    'policy_killed': Fault(_kill_policy, _revive),
    'policy_stopped': Fault(_signal_policy(signal.SIGSTOP), _signal_policy(signal.SIGCONT)),
    'fence_border': _of_sensors(x=12.0),
    'obstacle': _of_sensors(distance=0.8),
    'emergency_stop': Fault(lambda rig: rig.press(True), _let_go),
    'huge_commands': Fault(_flood((1e6, -1e6, 1e6, -1e6), 0.3), _NOTHING, stops=False),
    'nan_commands': Fault(_flood((math.nan,) * 4, 0.3), _NOTHING, stops=False),
    'command_flood': Fault(_flood((_SPEED, 0.0, 0.0, 0.0), 0.5), _NOTHING, stops=False),
    'wrong_transition': Fault(_transit, _NOTHING, stops=False),
}
"""Kind -> fault."""


def run_trial(rig: Rig, kind: str) -> Trial:
    """Break one thing while the vehicle flies, look on, and mend it."""
    fault = FAULTS[kind]
    if not rig.wait_for_flight():
        return Trial(kind, None, True, False)
    rig.forget()
    began = time.monotonic() + fault.due
    fault.inject(rig)
    deadline = began + (rig.patience.watch if fault.stops else _REST)
    while time.monotonic() < deadline and not _is_at_rest(rig):
        time.sleep(0.02)
    heard = rig.list_commands(began - fault.due)
    moving = [at for at, values in heard if any(abs(value) > 1e-6 for value in values)]
    is_still = not moving or heard[-1][0] > moving[-1]
    last = max([*moving, began])
    stop_ms = (last - began) * 1e3 if is_still else None
    is_late = fault.stops and (stop_ms is None or stop_ms > LIMIT_MS)
    fault.mend(rig)
    return Trial(kind, stop_ms, is_late or is_beyond(heard), rig.wait_for_flight())


def _is_at_rest(rig: Rig) -> bool:
    """Return whether the vehicle has been told to stand, and nothing else, for a while."""
    recent = rig.list_commands(time.monotonic() - _REST)
    return bool(recent) and not any(any(values) for _, values in recent)


def is_beyond(heard: Sequence[tuple[float, tuple[float, ...]]]) -> bool:
    """Return whether a command beyond the limits has left."""
    speed, climb, yaw_rate = (limit + 1e-6 for limit in _ALLOWED)
    return any(
        not all(map(math.isfinite, values))
        or math.hypot(values[0], values[1]) > speed
        or abs(values[2]) > climb
        or abs(values[3]) > yaw_rate
        for _, values in heard
    )


def summarise(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the figures: all trials, those that were unsafe, the longest stop, and each kind."""
    kinds = {}
    for kind in dict.fromkeys(trial.kind for trial in trials):
        own = [trial for trial in trials if trial.kind == kind]
        stops = [trial.stop_ms for trial in own if trial.stop_ms is not None]
        kinds[kind] = {
            'trials': len(own),
            'unsafe': sum(trial.is_unsafe for trial in own),
            'recovered': sum(trial.has_recovered for trial in own),
            'p50_ms': float(np.median(stops)) if stops else None,
            'max_ms': max(stops, default=None),
            'rule': 'stop' if FAULTS[kind].stops else 'limits',
        }
    longest = [kinds[kind]['max_ms'] for kind in kinds if FAULTS[kind].stops]
    return {
        'trials': len(trials),
        'unsafe': sum(trial.is_unsafe for trial in trials),
        'max_ms': max((value for value in longest if value is not None), default=None),
        'kinds': kinds,
        'each': [asdict(trial) for trial in trials],
    }


def main() -> int:
    """Run the faults and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--json', type=Path, help='file for the figures')
    parser.add_argument('--trials', type=int, default=13, help='of each kind')
    parser.add_argument('--kinds', nargs='*', default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument('--quick', action='store_true', help='one of each kind')
    job = parser.parse_args()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            rig.revive()
            trials = []
            for number in range(1 if job.quick else job.trials):
                for kind in job.kinds:
                    trials.append(run_trial(rig, kind))
                    print(f'{number + 1} {trials[-1]}', file=sys.stderr, flush=True)
        finally:
            rig.close()
    summary = summarise(trials)
    print('| fault | trials | unsafe | to zero p50 | max | recovered |\n|---|---|---|---|---|---|')
    for kind, row in summary['kinds'].items():
        times = [row['p50_ms'], row['max_ms']]
        shown = ' | '.join('' if value is None else f'{value:.0f} ms' for value in times)
        print(f'| {kind} | {row["trials"]} | {row["unsafe"]} | {shown} | {row["recovered"]} |')
    if job.json is not None:
        job.json.parent.mkdir(parents=True, exist_ok=True)
        job.json.write_text(json.dumps(summary, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
