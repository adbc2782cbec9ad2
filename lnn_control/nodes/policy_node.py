# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Camera and IMU in, velocity command out: a lifecycle node around a policy.

Configuring loads the policy, activating starts it with a fresh memory. It commands while it is
active and sends one zero command when it ceases to be.
"""

import sys
import time
from collections import deque

import numpy as np
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image, Imu

from lnn_control.core.domain import FlightSetup
from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    image_from_message,
    make_diagnostics,
    make_neurons,
    make_twist_stamped,
    measure_fov_deg,
    read_imu,
    seconds_from_stamp,
)
from lnn_control.nodes.effort import describe_effort
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node
from lnn_control.policies.folders import DEFAULT_POLICY
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings

PARAMETERS = (
    Parameter(
        'policy',
        DEFAULT_POLICY,
        'folder of a checkpoint or an exported policy, shipped name, registered name or '
        'module:Class, each =ARGUMENT',
    ),
    Parameter('backend', '', 'torch, onnx or c; empty: torch, or what the policy was exported to'),
    Parameter('task', '', 'what is asked, by name; empty if nobody knows'),
    Parameter('vehicle', '', 'what flies, such as quadrotor, rover or car; empty: not known'),
    Parameter(
        'camera_fov_deg',
        0.0,
        'field of view across the image [deg]; 0: by camera_info',
        0.0,
        179.0,
    ),
    Parameter('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]', -90.0, 90.0),
    Parameter('camera_rate', 0.0, 'images a second [Hz]; 0: not known', 0.0, 1000.0),
    Parameter('allow_untrained', False, 'fly also what the policy was not trained for'),
    Parameter(
        'first_elapsed_time', 0.05, 'what the network is told at its first image [s]', 0.001, 1.0
    ),
    Parameter('max_gap', 1.0, 'a longer time between two images starts afresh [s]', 0.05, 60.0),
    Parameter('num_threads', 1, 'threads of one inference with torch', 1, 64),
)
_DONE = TransitionCallbackReturn.SUCCESS
_FAILED = TransitionCallbackReturn.FAILURE


class PolicyNode(LifecycleNode):
    """Shell around :class:`lnn_control.policies.runner.PolicyRunner`."""

    def __init__(self) -> None:
        super().__init__('policy_node')
        self._settings = declare_parameters(self, PARAMETERS)
        self._runner: PolicyRunner | None = None
        self._is_active = False
        self._problem = ''
        self._num_images = 0
        self._inference_times: deque[float] = deque(maxlen=200)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the policy and open the topics; a policy that cannot be loaded is a failure."""
        try:
            policy = self._load_policy()
        except (ValueError, OSError, ImportError) as error:
            self.get_logger().error(' '.join(str(error).split()))
            return _FAILED
        settings = self._settings
        self._runner = PolicyRunner(
            policy,
            RunnerSettings(
                settings.first_elapsed_time, settings.max_gap, bool(settings.allow_untrained)
            ),
        )
        try:
            self._runner.reset(self._describe_setup())
        except ValueError as error:
            self._runner = None
            self.get_logger().error(str(error))
            return _FAILED
        self._command = self._open(topics.RAW_COMMAND)
        self._neurons = self._open(topics.NEURONS)
        self._diagnostics = self._open(topics.DIAGNOSTICS)
        self._inputs = [
            self.create_subscription(topic.type, topic.name, callback, topic.qos)
            for topic, callback in (
                (topics.IMAGE, self._see),
                (topics.IMU, self._feel),
                (topics.CAMERA_INFO, self._note_camera),
            )
        ]
        self._timer = self.create_timer(1.0, self._diagnose)
        self.get_logger().info(f'loaded policy {policy.name}: {describe_effort()}')
        return _DONE

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start with a fresh memory at the next image."""
        assert self._runner is not None
        self._runner.reset()
        self._problem = ''
        self._is_active = True
        return _DONE

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop commanding; the last command is zero."""
        self._rest()
        return _DONE

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Forget the policy and close the topics."""
        self._close()
        return _DONE

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop commanding and close everything."""
        self._rest()
        self._close()
        return _DONE

    def finish(self) -> None:
        """Leave a zero command that has arrived."""
        if self._is_active:
            self._rest()
            self._command.wait_for_all_acked(Duration(seconds=1))

    def _load_policy(self) -> Policy:
        # Imported here so that the node answers, and can be ended, before torch is loaded.
        from lnn_control.deploy.provide import needs_torch, provide_policy
        from lnn_control.policies.registry import make_policy

        flown = provide_policy(self._settings.policy, self._settings.backend or None)
        if needs_torch(flown):
            from lnn_control.policies.checkpoint import limit_threads

            limit_threads(self._settings.num_threads)
        return make_policy(flown)

    def _describe_setup(self) -> FlightSetup:
        """Return what the parameters say of the flight; what they leave open is unknown."""
        task = self._settings.task
        return FlightSetup(
            # A task of another package that is no name here is none that policies know.
            task=task if task and ':' not in task else None,
            vehicle=self._settings.vehicle or None,
            camera_fov_deg=self._settings.camera_fov_deg or None,
            camera_pitch_deg=self._settings.camera_pitch_deg,
            camera_rate=self._settings.camera_rate or None,
        )

    def _open(self, topic: topics.Topic) -> Publisher:
        return self.create_publisher(topic.type, topic.name, topic.qos)

    def _close(self) -> None:
        if self._runner is None:
            return
        self._runner = None
        self.destroy_timer(self._timer)
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        for publisher in (self._command, self._neurons, self._diagnostics):
            self.destroy_publisher(publisher)

    def _rest(self) -> None:
        if self._is_active:
            self._is_active = False
            self._send(VelocityCommand(), self.get_clock().now().nanoseconds * 1e-9)

    def _send(self, command: VelocityCommand, stamp: float) -> None:
        self._command.publish(make_twist_stamped(command, stamp))

    def _note_camera(self, message: CameraInfo) -> None:
        """Take the field of view from the calibration, unless a parameter tells it."""
        if self._runner is None or self._settings.camera_fov_deg:
            return
        try:
            self._runner.set_fov(measure_fov_deg(message))
        except ValueError as error:
            self._complain(f'camera_info ignored: {error}')

    def _feel(self, message: Imu) -> None:
        if not self._is_active or self._runner is None:
            return
        try:
            self._runner.add_imu(*read_imu(message))
        except ValueError as error:
            self._complain(f'inertial sample dropped: {error}')

    def _see(self, message: Image) -> None:
        if not self._is_active or self._runner is None:
            return
        if self._runner.doubt and not self._settings.allow_untrained:
            self._complain(f'no command for this image: {self._runner.doubt}')
            return
        started = time.perf_counter()
        try:
            command = self._runner.step(image_from_message(message))
        except (ValueError, FloatingPointError) as error:
            self._complain(f'no command for this image: {error}')
            return
        if command is None:
            return
        # The stamp of the image: whoever gets the command knows what it answers.
        self._send(command, seconds_from_stamp(message.header.stamp))
        self._inference_times.append(time.perf_counter() - started)
        self._num_images += 1
        self._problem = ''
        self._neurons.publish(make_neurons(self._runner.read_neurons()))

    def _complain(self, problem: str) -> None:
        """Log a problem once, however often it repeats."""
        if problem != self._problem:
            self._problem = problem
            self.get_logger().error(problem)

    def _diagnose(self) -> None:
        if self._runner is None:
            return
        times_ms = np.array(self._inference_times or [0.0]) * 1e3
        values = {
            'active': self._is_active,
            'images': self._num_images,
            'starts': self._runner.num_starts,
            'imu_samples': self._runner.num_imu_samples,
            'inference_p50_ms': round(float(np.percentile(times_ms, 50)), 2),
            'inference_p99_ms': round(float(np.percentile(times_ms, 99)), 2),
        }
        now = self.get_clock().now().nanoseconds * 1e-9
        problem = self._problem
        if self._is_active and not problem:
            problem = self._runner.doubt
        self._diagnostics.publish(make_diagnostics('policy', problem, values, now))


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(PolicyNode, 'policy_node')


if __name__ == '__main__':
    sys.exit(main())
