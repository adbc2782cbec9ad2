# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How long after an image its command leaves, beside a node that only echoes, in the same run.

    python -m benchmarks.ros --json FILE

A camera of 128x72 and then of 640x480 at 30 images a second, an IMU of about 200 Hz whose samples
come when they are measured, `policy_node` with the shipped policy and `safety_node`, each a
process. Beside them an echo node that answers each image with an empty command, and a relay that
passes its answers on, as `safety_node` does. Counted are the time from publishing an image to the
arrival of its command, the images without an answer, and the share of a core and the memory of
`policy_node`.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnn_control.bringup.graph import make_environment
from lnn_control.policies.folders import DEFAULT_POLICY

SIZES = ((128, 72), (640, 480))
_IMU_RATE = 200.0
_PATIENCE = 120.0
_ANSWERS = ('echo', 'relay', 'command')

_HEAD = """
import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.qos import QoSProfile
from lnn_control.nodes import topics
rclpy.init()
"""
ECHO = f"""{_HEAD}
node = rclpy.create_node('echo')
publisher = node.create_publisher(TwistStamped, 'echo', QoSProfile(depth=1))
def answer(image):
    command = TwistStamped()
    command.header.stamp = image.header.stamp
    publisher.publish(command)
node.create_subscription(topics.IMAGE.type, topics.IMAGE.name, answer, topics.IMAGE.qos)
rclpy.spin(node)
"""
RELAY = f"""{_HEAD}
node = rclpy.create_node('relay')
publisher = node.create_publisher(TwistStamped, 'relay', QoSProfile(depth=1))
node.create_subscription(TwistStamped, 'echo', publisher.publish, QoSProfile(depth=1))
rclpy.spin(node)
"""


@dataclass(frozen=True)
class Row:
    """What was measured with one size of images.

    :param lost: images that were never answered, of the policy's and of the echo's.
    :param cpu: share of a core that policy_node took. :param growth_mb: of its memory.
    """

    size: str
    images: int
    echo_p50_ms: float
    echo_p99_ms: float
    relay_p50_ms: float
    relay_p99_ms: float
    command_p50_ms: float
    command_p99_ms: float
    compute_p50_ms: float
    lost: int
    echo_lost: int
    cpu: float
    growth_mb: float

    @property
    def excess_p50_ms(self) -> float:
        """What the nodes add to echo and computation; the aim is 1 ms at most."""
        return self.command_p50_ms - self.echo_p50_ms - self.compute_p50_ms

    @property
    def tail(self) -> float:
        """The 99th percentile over the median of echo and computation; the aim is 3 at most."""
        return self.command_p99_ms / (self.echo_p50_ms + self.compute_p50_ms)


class Camera:
    """Publishes images and inertial samples, and notes when the answers come.

    :param rate: of the images [Hz].
    """

    def __init__(self, rate: float) -> None:
        import rclpy
        from geometry_msgs.msg import TwistStamped
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.qos import QoSProfile
        from rclpy.signals import SignalHandlerOptions

        from lnn_control.nodes import topics
        from lnn_control.nodes.conversions import ImageEncoder

        self._rate = rate
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node('camera')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._encoder = ImageEncoder()
        self._images, self._samples, self._infos = (
            self.node.create_publisher(topic.type, topic.name, topic.qos)
            for topic in (topics.IMAGE, topics.IMU, topics.CAMERA_INFO)
        )
        self.published: dict[int, float] = {}
        self.answers: dict[str, dict[int, float]] = {name: {} for name in _ANSWERS}
        self.compute: list[float] = []
        deep = QoSProfile(depth=100)
        for name in _ANSWERS:
            topic = topics.COMMAND_STAMPED.name if name == 'command' else name
            self.node.create_subscription(TwistStamped, topic, self._make_callback(name), deep)
        timing = topics.TIMING
        self.node.create_subscription(
            timing.type, timing.name, lambda message: self.compute.append(message.data[1]), deep
        )
        self._is_over = threading.Event()
        self._spinner = threading.Thread(target=self._spin)
        self._spinner.start()

    def close(self) -> None:
        """Leave the graph."""
        import rclpy

        self._is_over.set()
        self._spinner.join()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def forget(self) -> None:
        """Begin to count anew."""
        self.published = {}
        self.answers = {name: {} for name in _ANSWERS}
        self.compute = []

    def run(self, size: tuple[int, int], seconds: float) -> None:
        """Publish for a time [s]."""
        from lnn_control.nodes.conversions import make_camera_info, make_imu

        width, height = size
        noise = np.random.default_rng(0)
        scene = noise.integers(60, 200, (height, width, 3), np.uint8)
        focal_px = width / 2 / math.tan(math.radians(100.0) / 2)
        num_samples = round(_IMU_RATE / self._rate)
        gap = 1.0 / (self._rate * num_samples)
        begin = time.monotonic()
        for number in range(round(seconds * self._rate)):
            due = begin + number / self._rate
            for sample in range(num_samples):
                sleep_until(due + sample * gap)
                force = noise.normal([0.0, 0.0, 9.81], 0.05)
                self._samples.publish(make_imu(noise.normal(0, 0.02, 3), force, time.time()))
            # No camera is in step with an IMU: its images come between two samples.
            sleep_until(due + (num_samples - 0.5) * gap)
            now = time.time()
            self._infos.publish(make_camera_info(width, height, focal_px, now))
            message = self._encoder.encode(scene + np.uint8(number % 40), now)
            stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            self.published[stamp_ns] = time.monotonic()
            self._images.publish(message)

    def _make_callback(self, name: str) -> Any:
        def note(message: Any) -> None:
            stamp = message.header.stamp
            # Safety repeats a command with its stamp: the first one is the answer.
            self.answers[name].setdefault(stamp.sec * 10**9 + stamp.nanosec, time.monotonic())

        return note

    def _spin(self) -> None:
        while not self._is_over.is_set():
            self._executor.spin_once(timeout_sec=0.02)

    def list_latencies(self, name: str) -> list[float]:
        """Return how long after an image each answer came [s]."""
        answers = self.answers[name]
        return [answers[key] - at for key, at in self.published.items() if key in answers]


def sleep_until(due: float) -> None:
    """Sleep until a time of the monotonic clock [s], if that is not past."""
    time.sleep(max(0.0, due - time.monotonic()))


@contextlib.contextmanager
def start_nodes(folder: Path) -> Iterator['subprocess.Popen[bytes]']:
    """Run the nodes and yield the process of policy_node."""
    environment = {**os.environ, **make_environment(), 'OMP_NUM_THREADS': '1'}
    os.environ.update(make_environment())
    with (folder / 'nodes.log').open('wb') as log:
        processes = [
            subprocess.Popen([sys.executable, *words], env=environment, stdout=log, stderr=log)
            for words in (
                ['-c', ECHO],
                ['-c', RELAY],
                ['-m', 'lnn_control.nodes.safety_node'],
                [
                    *('-m', 'lnn_control.nodes.policy_node', '--ros-args'),
                    *('-p', f'policy:={DEFAULT_POLICY}'),
                    # Thirty images a second are more than it was trained with.
                    *('-p', 'allow_untrained:=true'),
                ],
            )
        ]
    try:
        yield processes[-1]
    finally:
        # Echo and relay have nothing to leave in order.
        for process in processes[:2]:
            process.kill()
        for process in processes[2:]:
            process.terminate()
        for process in processes:
            process.wait(60)


def activate(camera: Camera) -> None:
    """Take the policy into flight.

    :raises TimeoutError: if it does not come up.
    """
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    client = camera.node.create_client(ChangeState, 'policy_node/change_state')
    if not client.wait_for_service(_PATIENCE):
        raise TimeoutError('policy_node does not come up')
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        deadline = time.monotonic() + _PATIENCE
        while not future.done() and time.monotonic() < deadline:
            time.sleep(0.01)


def read_usage(pid: int) -> tuple[float, float]:
    """Return the seconds of a core that a process has taken and its memory [MB]."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    ticks = os.sysconf('SC_CLK_TCK')
    memory = int(fields[21]) * os.sysconf('SC_PAGE_SIZE') / 1e6
    return (int(fields[11]) + int(fields[12])) / ticks, memory


def measure(camera: Camera, pid: int, size: tuple[int, int], seconds: float) -> Row:
    """Return what images of one size come to."""
    # The first images meet caches that are cold, and nodes that have not found each other.
    camera.run(size, 3.0)
    camera.forget()
    cpu_before, memory_before = read_usage(pid)
    began = time.monotonic()
    camera.run(size, seconds)
    cpu, memory = read_usage(pid)
    elapsed = time.monotonic() - began
    time.sleep(0.5)
    percentiles = [
        float(np.percentile(camera.list_latencies(name) or [math.nan], p)) * 1e3
        for name in _ANSWERS
        for p in (50, 99)
    ]
    return Row(
        f'{size[0]}x{size[1]}',
        len(camera.published),
        *percentiles,
        float(np.median(camera.compute or [math.nan])) * 1e3,
        len(camera.published) - len(camera.list_latencies('command')),
        len(camera.published) - len(camera.list_latencies('echo')),
        (cpu - cpu_before) / elapsed,
        memory - memory_before,
    )


def main() -> int:
    """Measure both sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--json', type=Path, help='file for the figures')
    parser.add_argument('--seconds', type=float, default=30.0, help='of each size [s]')
    parser.add_argument('--rate', type=float, default=30.0, help='of the images [Hz]')
    job = parser.parse_args()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    with tempfile.TemporaryDirectory() as folder, start_nodes(Path(folder)) as policy:
        camera = Camera(job.rate)
        try:
            activate(camera)
            rows = [measure(camera, policy.pid, size, job.seconds) for size in SIZES]
        finally:
            camera.close()
    print('| images | echo p50, p99 | and relay | command | compute | lost | core | memory |')
    print('|---|---|---|---|---|---|---|---|')
    for row in rows:
        print(
            f'| {row.size} | {row.echo_p50_ms:.2f}, {row.echo_p99_ms:.2f} ms | '
            f'{row.relay_p50_ms:.2f}, {row.relay_p99_ms:.2f} ms | '
            f'{row.command_p50_ms:.2f}, {row.command_p99_ms:.2f} ms | '
            f'{row.compute_p50_ms:.2f} ms | '
            f'{row.lost} of {row.images} | {row.cpu:.0%} | {row.growth_mb:+.1f} MB |'
        )
    if job.json is not None:
        figures = [
            {**asdict(row), 'excess_p50_ms': row.excess_p50_ms, 'tail': row.tail} for row in rows
        ]
        job.json.parent.mkdir(parents=True, exist_ok=True)
        job.json.write_text(json.dumps(figures, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
