# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Camera and IMU in, velocity command out: a lifecycle node around a policy.

Configuring loads the policy and tries it once, activating starts it with a fresh memory. It
commands while it is active and its sensors are what the policy was trained on, and sends one zero
command when it ceases to. What is not allowed now is refused; the node lives on.
"""

import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, Imu
from std_msgs.msg import Bool, String

from lnn_control.core.contract import (
    Finding,
    Level,
    WatchSettings,
    check_novelty,
    describe_findings,
)
from lnn_control.core.contract.names import read_tolerated
from lnn_control.core.domain import FlightSetup
from lnn_control.core.messages import CameraImage, VelocityCommand
from lnn_control.core.safety import ZERO
from lnn_control.nodes import topics
from lnn_control.nodes.bond import Bond
from lnn_control.nodes.conversions import (
    Source,
    make_diagnostics,
    make_neurons,
    make_saliency,
    make_timing,
    make_twist_stamped,
)
from lnn_control.nodes.effort import describe_effort
from lnn_control.nodes.endpoints import UnwatchedGroup, open_publisher, open_subscription
from lnn_control.nodes.graph_checks import describe_publishers
from lnn_control.nodes.lifecycle import refuse_wrong_transitions
from lnn_control.nodes.parameters import Parameter, Value, answer_changes, declare_parameters
from lnn_control.nodes.process import run_node
from lnn_control.nodes.sensor_inputs import AnyImage, SensorInputs, take_waiting
from lnn_control.policies.folders import name_policy
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings

# What may be changed while the node is not active: another policy, and what it is to fly.
_CHOICE = (
    Parameter(
        'policy',
        '',
        'folder of a checkpoint or an exported policy, shipped name, registered name or '
        'module:Class, each =ARGUMENT; empty: the shipped one of the task',
        is_fixed=False,
    ),
    Parameter(
        'backend',
        '',
        'torch, onnx or c; empty: torch, or what the policy was exported to',
        is_fixed=False,
    ),
    Parameter('task', '', 'what is asked, by name; empty if nobody knows', is_fixed=False),
    Parameter(
        'vehicle',
        '',
        'what flies, such as quadrotor, rover or car; empty: not known',
        is_fixed=False,
    ),
    Parameter(
        'camera_fov_deg',
        0.0,
        'field of view across the image [deg]; 0: by camera_info',
        0.0,
        179.0,
        is_fixed=False,
    ),
    Parameter(
        'camera_pitch_deg',
        0.0,
        'how far the camera looks down [deg]',
        -90.0,
        90.0,
        is_fixed=False,
    ),
    Parameter(
        'camera_rate', 0.0, 'images a second [Hz]; 0: not known', 0.0, 1000.0, is_fixed=False
    ),
    Parameter(
        'allow_untrained', False, 'fly also what the policy was not trained for', is_fixed=False
    ),
)
PARAMETERS = (
    *_CHOICE,
    Parameter(
        'first_elapsed_time', 0.05, 'what the network is told at its first image [s]', 0.001, 1.0
    ),
    Parameter('max_gap', 1.0, 'a longer time between two images starts afresh [s]', 0.05, 60.0),
    Parameter(
        'max_image_age',
        0.5,
        'an image older than this when it comes is not flown on [s]; 0: not looked at',
        0.0,
        60.0,
    ),
    Parameter(
        'imu_wait',
        0.02,
        'so long an image waits for the inertial samples before it [s]',
        0.0,
        0.5,
    ),
    Parameter('image_silence', 0.5, 'so long without an image is a finding [s]', 0.05, 60.0),
    Parameter(
        'imu_silence', 0.15, 'so long without an inertial sample is a finding [s]', 0.02, 60.0
    ),
    Parameter(
        'tolerate', '', 'findings of the sensors that do not stop, by name, such as "imu.frozen"'
    ),
    Parameter(
        'image_transport',
        topics.RAW,
        'raw, or compressed: JPEG or PNG on camera/image_raw/compressed',
    ),
    Parameter('bond', False, "keep a bond with Nav2's lifecycle manager; needs the package bond"),
    Parameter('num_threads', 1, 'threads of one inference with torch', 1, 64),
)
_NUMBER = re.compile(r'\d[\d.]*')
_DONE = TransitionCallbackReturn.SUCCESS
_FAILED = TransitionCallbackReturn.FAILURE
# A command that is smaller moves no vehicle that one could see [m/s, rad/s].
_LEAST_MOTION = 0.05
# So often inertial samples are taken at least, and while an image waits for its own [s].
_FEELING_PERIOD, _LOOKING_PERIOD = 0.005, 0.001


class PolicyNode(LifecycleNode):
    """Shell around :class:`lnn_control.policies.runner.PolicyRunner`."""

    def __init__(self) -> None:
        super().__init__('policy_node')
        self._settings = declare_parameters(self, PARAMETERS)
        self._tolerated = read_tolerated(self._settings.tolerate)
        self._is_simulated = bool(self.get_parameter('use_sim_time').value)
        self._image_topic = topics.choose_image_topic(
            self.resolve_topic_name(topics.IMAGE.name), self._settings.image_transport
        )
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._runner: PolicyRunner | None = None
        self._is_active = False
        self._commanded = ZERO
        self._waiting: AnyImage | None = None
        self._waits_until = 0.0
        self._problem = ''
        self._told: set[str] = set()
        self._time_before = -1
        self._told_graph: tuple[str, ...] = ()
        self._has_doubt: bool | None = None
        self._has_told_blind = False
        self._num_images = 0
        self._inference_times: deque[float] = deque(maxlen=200)
        self._closers: list[Callable[[], object]] = []
        self._bond = Bond(self) if self._settings.bond else None
        answer_changes(self, self._change)
        refuse_wrong_transitions(self)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the policy and open the topics; a policy that cannot be loaded is a failure."""
        try:
            self._runner = self._make_runner(self._settings)
            self._open_topics()
        except Exception as error:  # whatever a policy of another package raises
            self.get_logger().error(_describe_error(error))
            self._close()
            return _FAILED
        self._describe_circuit()
        policy = self._runner.policy
        self.get_logger().info(f'loaded policy {policy.name}: {describe_effort()}')
        if policy.domain.appearance is None:
            self.get_logger().info(
                f'policy {policy.name} does not say what its training looked like: images that '
                'are unlike it are not noticed'
            )
        return _DONE

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start with a fresh memory at the next image."""
        assert self._runner is not None
        self._runner.reset()
        self._forget_problems()
        self._has_told_blind = False
        self._is_active = True
        if self._bond is not None:
            self._bond.form()
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

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Rest and forget everything after a transition that failed: it can be configured anew."""
        self.get_logger().error(f'the transition from {state.label} has failed: starting over')
        self._rest()
        self._close()
        return _DONE

    def finish(self) -> None:
        """Leave a zero command that has arrived."""
        if self._is_active:
            self._rest()
            self._command.wait_for_all_acked(Duration(seconds=1))

    def _make_runner(self, settings: SimpleNamespace) -> PolicyRunner:
        """Return a runner of the policy that settings name, tried once.

        :raises ValueError: if it cannot be loaded or was not trained for the flight.
        """
        runner = PolicyRunner(
            self._load_policy(settings),
            RunnerSettings(
                settings.first_elapsed_time,
                settings.max_gap,
                bool(settings.allow_untrained),
                # All the time, and not once, by :mod:`lnn_control.core.contract`.
                checks_inertial=False,
            ),
        )
        runner.reset(_describe_setup(settings))
        runner.warm_up()
        return runner

    def _load_policy(self, settings: SimpleNamespace) -> Policy:
        # Imported here so that the node answers, and can be ended, before torch is loaded.
        from lnn_control.deploy.provide import needs_torch, provide_policy
        from lnn_control.policies.registry import make_policy

        name = name_policy(settings.policy, settings.task)
        flown = provide_policy(name, settings.backend or None)
        if needs_torch(flown):
            from lnn_control.policies.checkpoint import limit_threads

            limit_threads(settings.num_threads)
        return make_policy(flown)

    def _change(self, changes: dict[str, Value]) -> None:
        """Choose another policy or flight, while the node is not active.

        :raises ValueError: if it is active, or cannot load the policy: the one before stays.
        """
        chosen = {entry.name for entry in _CHOICE} & changes.keys()
        if not chosen:
            return
        if self._is_active:
            raise ValueError(
                f'{", ".join(sorted(chosen))} can be changed while the node is not active: '
                'deactivate it first'
            )
        settings = SimpleNamespace(**{**vars(self._settings), **changes})
        if self._runner is not None:
            try:
                self._runner = self._make_runner(settings)
            except ValueError:
                raise
            except Exception as error:
                raise ValueError(_describe_error(error)) from error
            self._inputs = self._make_inputs(settings)
            self._describe_circuit()
        self._settings = settings

    def _make_inputs(self, settings: SimpleNamespace) -> SensorInputs:
        assert self._runner is not None
        watched = WatchSettings(
            settings.max_image_age or None,
            self._runner.policy.domain.camera_rate,
            settings.image_silence,
            settings.imu_silence,
        )
        return SensorInputs(watched, self._now(), self._image_topic.name)

    def _open_topics(self) -> None:
        self._inputs = self._make_inputs(self._settings)
        self._command = self._open(topics.RAW_COMMAND)
        self._neurons = self._open(topics.NEURONS)
        self._saliency = self._open(topics.SALIENCY)
        self._circuit = self._open(topics.CIRCUIT)
        self._timing = self._open(topics.TIMING)
        self._doubt = self._open(topics.DOUBT)
        self._diagnostics = self._open(topics.DIAGNOSTICS)
        self._has_doubt = None
        self._listen(self._image_topic, self._see)
        self._listen(topics.CAMERA_INFO, self._note_camera)
        # Samples come many times as often as images: they are taken some at a time.
        self._samples = self._listen(topics.IMU, self._feel, UnwatchedGroup())
        # On the steady clock: what is wrong is told also where /clock is what is missing.
        self._repeat(1.0, self._diagnose)
        self._repeat(_FEELING_PERIOD, self._feel_all)
        self._patience = self._repeat(_LOOKING_PERIOD, self._look_again)
        self._patience.cancel()

    def _open(self, topic: topics.Topic) -> Publisher:
        publisher = open_publisher(self, topic)
        self._closers.append(partial(self.destroy_publisher, publisher))
        return publisher

    def _listen(
        self,
        topic: topics.Topic,
        callback: Callable[[Any], None],
        group: UnwatchedGroup | None = None,
    ) -> Subscription:
        subscription = open_subscription(self, topic, callback, group)
        self._closers.append(partial(self.destroy_subscription, subscription))
        return subscription

    def _repeat(self, period: float, callback: Callable[[], None]) -> Timer:
        timer = self.create_timer(period, callback, clock=self._steady)
        self._closers.append(partial(self.destroy_timer, timer))
        return timer

    def _describe_circuit(self) -> None:
        """Tell once for all what is inside of the policy, for whoever draws it."""
        assert self._runner is not None
        policy = self._runner.policy
        self._circuit.publish(String(data=policy.circuit.to_text(policy.name)))

    def _close(self) -> None:
        self._runner, self._waiting = None, None
        while self._closers:
            # The last one first: timers before what they use.
            self._closers.pop()()

    def _rest(self) -> None:
        if self._is_active:
            self._is_active, self._waiting = False, None
            self._send(ZERO, self.get_clock().now().to_msg())
            if self._bond is not None:
                self._bond.leave()

    def _send(self, command: VelocityCommand, stamp: Time) -> None:
        self._command.publish(make_twist_stamped(command, stamp))
        self._commanded = command

    def _now(self) -> float:
        """Return the time by which rates and silence are measured [s]: simulated time if it is."""
        if self._is_simulated:
            return float(self.get_clock().now().nanoseconds * 1e-9)
        return time.monotonic()

    @property
    def _is_moving(self) -> bool:
        """Whether the vehicle is told to move."""
        values = vars(self._commanded).values()
        return self._is_active and max(map(abs, values)) > _LEAST_MOTION

    def _note_camera(self, message: CameraInfo) -> None:
        """Take the lens from the calibration, unless a parameter tells what the camera sees."""
        if self._runner is None or self._settings.camera_fov_deg:
            return
        try:
            self._runner.set_fov(self._inputs.read_lens(message))
        except ValueError as error:
            # The lens before is none to fly on: whoever changes it has changed the view.
            self._inputs.doubt_lens(str(error))
            if self._is_moving:
                self._stop_if_forbidden()

    def _feel_all(self) -> None:
        """Take the inertial samples that have come, and stop where none come any more."""
        self._feel_waiting()
        if self._is_moving and self._inputs.is_without_samples(self._now()):
            self._stop_if_forbidden()

    def _feel_waiting(self) -> None:
        """Take the inertial samples that have come and wait to be read."""
        for sample in take_waiting(self._samples):
            self._feel(sample)

    def _feel(self, message: Imu) -> None:
        if self._runner is None:
            return
        try:
            sample = self._inputs.read_inertial(message, self._now(), self._is_moving)
            if self._is_active:
                self._runner.add_imu(*sample)
        except ValueError as error:
            self._complain(f'inertial sample dropped: {error}')
        if self._is_moving and self._inputs.doubts_inertial:
            # At once: the next image may be a while.
            self._stop_if_forbidden()

    def _see(self, message: AnyImage) -> None:
        if self._runner is None:
            return
        is_patient = self._is_active and self._settings.imu_wait > 0.0
        self._feel_waiting()
        if is_patient and not self._has_samples(message):
            # What waits already is older, and of no more use; this one waits no longer than that.
            if self._waiting is None:
                self._waits_until = time.monotonic() + self._settings.imu_wait
                self._patience.reset()
            self._waiting = message
            return
        self._patience.cancel()
        self._waiting = None
        self._answer(message)

    def _has_samples(self, message: AnyImage) -> bool:
        return self._inputs.has_samples_of(message) or self._inputs.is_without_samples(self._now())

    def _look_again(self) -> None:
        """Answer the image that waits once its samples are there, or no longer waited for."""
        self._feel_waiting()
        message = self._waiting
        is_early = time.monotonic() < self._waits_until
        if message is not None and is_early and not self._has_samples(message):
            return
        self._patience.cancel()
        self._waiting = None
        if message is not None and self._runner is not None:
            self._answer(message)

    def _answer(self, message: AnyImage) -> None:
        """Command what the policy says to an image, or zero where it may not say anything."""
        assert self._runner is not None
        started = time.perf_counter()
        now = self.get_clock().now()
        image = self._inputs.read_image(message, self._now(), self._is_moving, now)
        if not self._is_active:
            return
        if self._stop_if_forbidden():
            return
        if image is None:
            return  # tolerated: it counts as one that was lost
        if not self._inputs.has_judged and 'imu.silent' not in self._tolerated:
            return  # for 0.16 s the inertial samples are looked at first
        try:
            command = self._runner.step(image)
        except (ValueError, FloatingPointError) as error:
            self._refuse(f'no command for this image: {error}')
            return
        except Exception as error:
            problem = f'no command for this image: {_describe_error(error)}'
            if problem != self._problem:
                self.get_logger().error(traceback.format_exc())
            self._refuse(problem)
            return
        if command is None:
            return
        # The stamp of the image: whoever gets the command knows what it answers.
        self._send(command, message.header.stamp)
        elapsed = time.perf_counter() - started
        self._inference_times.append(elapsed)
        self._num_images += 1
        self._forget_problems()
        self._timing.publish(make_timing(self._inputs.image_age, elapsed))
        self._show(message, image)

    def _show(self, message: AnyImage, image: CameraImage) -> None:
        """Publish what the policy makes of an image that has been answered, for people to see."""
        assert self._runner is not None
        policy, activity = self._runner.policy, self._runner.read_neurons()
        names = policy.circuit.name_neurons(activity.size)
        self._neurons.publish(make_neurons(activity, names, message.header.stamp))
        # It costs as much as the command itself: only for whoever looks.
        if not self._saliency.get_subscription_count():
            return
        saliency = self._runner.read_saliency(image.pixels)
        if saliency is not None:
            self._saliency.publish(make_saliency(saliency, message.header))
        elif not self._has_told_blind:
            self._has_told_blind = True
            self.get_logger().warning(
                f'nothing comes on {topics.SALIENCY.name}: policy {policy.name} cannot tell what '
                'it looks at; a checkpoint with backend torch can'
            )

    def _stop_if_forbidden(self) -> bool:
        """Let the vehicle stand where nothing may be commanded now, and return whether it does."""
        objection = self._find_objection()
        if objection:
            self._refuse(objection)
        return bool(objection)

    def _find_objection(self) -> str:
        """Return why nothing may be commanded now; empty if something may."""
        assert self._runner is not None
        if self._runner.doubt and not self._settings.allow_untrained:
            return f'no command for this image: {self._runner.doubt}'
        return describe_findings(self._find_stops())

    def _find_stops(self) -> list[Finding]:
        """Return what is wrong with the sensors and forbids to command."""
        return [
            finding
            for finding in self._inputs.find(self._now())
            if finding.level is Level.ERROR and finding.name not in self._tolerated
        ]

    def _refuse(self, problem: str) -> None:
        """Say why there is no command, and let the vehicle stand if it does not."""
        if self._is_active:
            self._complain(problem)
            if self._commanded != ZERO:
                self._send(ZERO, self.get_clock().now().to_msg())

    def _complain(self, problem: str) -> None:
        """Log a problem once, however often it repeats, until a command has passed again.

        One whose numbers alone are others is the same.
        """
        self._problem = problem
        key = _NUMBER.sub('#', problem)
        if key not in self._told:
            self._told.add(key)
            self.get_logger().error(problem)

    def _forget_problems(self) -> None:
        self._problem = ''
        self._told.clear()

    def _check_clock(self) -> list[Finding]:
        """Return that simulated time has not moved since this was last asked."""
        before, self._time_before = self._time_before, self.get_clock().now().nanoseconds
        if not self._is_simulated or before != self._time_before:
            return []
        cure = 'start the simulator, or set use_sim_time to false'
        return [Finding('clock.silent', 'simulated time stands still', 'messages on /clock', cure)]

    def _diagnose(self) -> None:
        if self._runner is None:
            return
        # What has come is not silent because it was not looked at.
        self._feel_waiting()
        findings = (
            *self._check_clock(),
            *self._inputs.find(self._now()),
            *(check_novelty(self._runner.novelty) if self._is_active else ()),
        )
        inputs = (self._image_topic, topics.CAMERA_INFO, topics.IMU)
        graph = describe_publishers(self, inputs)
        for problem in set(graph) - set(self._told_graph):
            self.get_logger().error(problem)
        self._told_graph = graph
        self._tell_doubt(findings)
        times_ms = np.array(self._inference_times or [0.0]) * 1e3
        values = {
            'active': self._is_active,
            'images': self._num_images,
            'starts': self._runner.num_starts,
            'imu_samples': self._runner.num_imu_samples,
            'inference_p50_ms': round(float(np.percentile(times_ms, 50)), 2),
            'inference_p99_ms': round(float(np.percentile(times_ms, 99)), 2),
            **{finding.name: finding.describe() for finding in findings},
        }
        problem = self._problem or (self._runner.doubt if self._is_active else '')
        told = describe_findings([f for f in findings if f.describe() not in problem])
        is_error = bool(problem) or any(finding.level is Level.ERROR for finding in findings)
        now = self.get_clock().now().nanoseconds * 1e-9
        text = '; '.join(filter(None, (problem, told, *graph)))
        source = Source('policy', self.get_namespace())
        self._diagnostics.publish(make_diagnostics(source, text, values, now, is_error))

    def _tell_doubt(self, findings: tuple[Finding, ...]) -> None:
        """Ask the safety node to slow down while something warns, once a change."""
        warns = any(
            finding.level >= Level.WARN and finding.name not in self._tolerated
            for finding in findings
        )
        has_doubt = self._is_active and warns
        if has_doubt is not self._has_doubt:
            self._has_doubt = has_doubt
            self._doubt.publish(Bool(data=has_doubt))


def _describe_setup(settings: SimpleNamespace) -> FlightSetup:
    """Return what the parameters say of the flight; what they leave open is unknown."""
    task = settings.task
    return FlightSetup(
        # A task of another package that is no name here is none that policies know.
        task=task if task and ':' not in task else None,
        vehicle=settings.vehicle or None,
        camera_fov_deg=settings.camera_fov_deg or None,
        camera_pitch_deg=settings.camera_pitch_deg,
        camera_rate=settings.camera_rate or None,
    )


def _describe_error(error: Exception) -> str:
    """Return one line; what nobody foresaw is named by its kind."""
    text = ' '.join(str(error).split())
    is_foreseen = isinstance(error, (ValueError, OSError, ImportError, FloatingPointError))
    return text if is_foreseen and text else f'{type(error).__name__}: {text}'


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(PolicyNode, 'policy_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
