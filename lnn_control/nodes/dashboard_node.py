# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A live page for a browser: what the policy sees and says, what of it passes, and a stop button.

It listens to what all nodes publish and asks nothing of the vehicle but to stop. While no browser
looks, it takes no images.
"""

import json
import math
import os
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float32MultiArray, String
from std_srvs.srv import Trigger

from lnn_control.core.circuit import parse_circuit
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    image_from_message,
    nanoseconds_from_stamp,
    read_twist,
)
from lnn_control.nodes.graph_checks import describe_publishers
from lnn_control.nodes.live_board import DIAGNOSTICS, LiveBoard
from lnn_control.nodes.page_access import LOOPBACK, TOKEN_VARIABLE, make_access
from lnn_control.nodes.page_server import PageServer
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node
from lnn_control.nodes.sensor_inputs import AnyImage

PARAMETERS = (
    Parameter(
        'address',
        LOOPBACK,
        'of this machine, where the page is; beyond the loopback it takes a token',
    ),
    Parameter('port', 8321, 'of the page; 0: any that is free', 0, 65535),
    Parameter(
        'image_transport',
        topics.RAW,
        'raw, or compressed: JPEG or PNG on camera/image_raw/compressed',
    ),
    Parameter('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
    Parameter('rate', 10.0, 'pictures to a browser a second at most [Hz]', 1.0, 60.0),
    Parameter('quality', 80, 'of the pictures as JPEG, in percent', 10, 100),
)

# Asked again after so long without an answer [s], and given up after so long: the page asks on.
_ASK_AGAIN, _PATIENCE = 0.25, 3.0
# An image is shown without its saliency where none has come for so long [s].
_SALIENCY_SILENCE = 0.5
# Images that wait for their saliency.
_MOST_IMAGES = 8
# A picture is not wider in a browser [px]; of the saliency, what the policy itself is shown.
_WIDEST_PX, _SALIENCY_PX = 640, 160
# What counts glows in this colour, RGB, so strongly that the image can still be seen.
_GLOW, _STRENGTH = (255, 235, 60), 0.7


class DashboardNode(Node):
    """Shell around a board that is heard together here, and the server that shows it."""

    def __init__(self) -> None:
        super().__init__('dashboard_node')
        self._settings = declare_parameters(self, PARAMETERS)
        access = make_access(
            self._settings.address, self._settings.port, os.environ.get(TOKEN_VARIABLE, '')
        )
        self._image_topic = topics.choose_image_topic(
            self.resolve_topic_name(topics.IMAGE.name), self._settings.image_transport
        )
        self._images: dict[int, AnyImage] = {}
        self._shown_at = self._saliency_at = -math.inf
        self._pictures: list[Subscription] = []
        self._complaint = ''
        self._presses: list[_Press] = []
        self._asked: list[Future] = []
        self._stop = self.create_client(Trigger, 'safety_node/emergency_stop')
        # Browsers have threads of their own; whatever is ROS happens in the executor's.
        self._wake = self.create_guard_condition(self._follow_browsers)
        self._is_open = True
        self._board = LiveBoard(self._wake_up)
        self._open_inputs()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_ASK_AGAIN, self._ask_to_stop, clock=steady)
        self.create_timer(1.0, self._look_around, clock=steady)
        self._server = PageServer(access, self._board, self._press_stop)
        reach = (
            'this machine only' if access.is_local else 'whoever has the address with its token'
        )
        self.get_logger().info(f'open {self._server.url} ({reach})')

    def finish(self) -> None:
        """Close the page."""
        self._is_open = False
        self._server.close()

    def _open_inputs(self) -> None:
        self._commands = topics.choose_command_topic(self._settings.stamped)
        for topic, callback in (
            (topics.RAW_COMMAND, self._note_raw),
            (self._commands, self._note_command),
            (topics.SAFETY_STATE, self._note_state),
            (topics.DIAGNOSTICS, self._note_diagnostics),
            (topics.TIMING, self._note_timing),
            (topics.CIRCUIT, self._note_circuit),
        ):
            self._listen(topic, callback)

    def _listen(self, topic: topics.Topic, callback: Callable[[Any], None]) -> Subscription:
        return self.create_subscription(topic.type, topic.name, callback, topic.qos)

    def _put(self, name: str, value: Any, is_lasting: bool = False) -> None:
        self._board.put(name, value, time.monotonic(), is_lasting)

    def _wake_up(self) -> None:
        """Let the executor look at what browsers want; from any thread."""
        if self._is_open:
            self._wake.trigger()

    def _follow_browsers(self) -> None:
        """Take images while a browser looks: saliency costs the policy time."""
        wanted = self._board.num_watchers > 0
        if wanted and not self._pictures:
            self._pictures = [
                self._listen(topic, callback)
                for topic, callback in (
                    (self._image_topic, self._see),
                    (topics.SALIENCY, self._see_saliency),
                    (topics.NEURONS, self._note_neurons),
                )
            ]
        elif not wanted and self._pictures:
            for subscription in self._pictures:
                self.destroy_subscription(subscription)
            self._pictures = []
            self._images.clear()
        if any(press.is_new for press in self._presses):
            self._ask_to_stop()

    # The emergency stop.

    def _press_stop(self) -> str:
        """Press the emergency stop and return what safety_node answers; from any thread.

        :raises TimeoutError: if it does not answer.
        """
        press = _Press(time.monotonic() + _PATIENCE)
        self._presses.append(press)
        self._wake_up()
        if not press.is_answered.wait(_PATIENCE):
            name = self.resolve_service_name(self._stop.srv_name)
            raise TimeoutError(f'{name} does not answer: use the transmitter')
        return press.answer

    def _ask_to_stop(self) -> None:
        """Ask until an answer comes: a request to a node that has ended gets none."""
        now = time.monotonic()
        self._presses = [
            press
            for press in self._presses
            if now < press.deadline and not press.is_answered.is_set()
        ]
        if not self._presses:
            for future in self._asked:
                self._stop.remove_pending_request(future)
            self._asked.clear()
            return
        for press in self._presses:
            press.is_new = False
        future = self._stop.call_async(Trigger.Request())
        future.add_done_callback(self._note_answer)
        self._asked.append(future)

    def _note_answer(self, done: Future) -> None:
        for press in self._presses:
            press.answer = str(done.result().message)
            press.is_answered.set()

    # What is heard.

    def _note_raw(self, message: TwistStamped) -> None:
        self._put('raw', _list_finite(read_twist(message)))

    def _note_command(self, message: Twist | TwistStamped) -> None:
        self._put('command', _list_finite(read_twist(message)))
        # Only safety_node publishes it, all the time: its state, told once a change, still holds.
        self._board.confirm('state', time.monotonic())

    def _note_state(self, message: String) -> None:
        step, _, reasons = message.data.partition(': ')
        self._put('state', {'step': step, 'reasons': reasons.split('; ') if reasons else []})

    def _note_timing(self, message: Float32MultiArray) -> None:
        self._put('timing', _list_finite(message.data))

    def _note_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self._put(
                f'{DIAGNOSTICS}{status.name}',
                {
                    'level': int.from_bytes(status.level, 'little'),
                    'message': status.message,
                    'values': [[pair.key, pair.value] for pair in status.values],
                },
            )

    def _note_circuit(self, message: String) -> None:
        try:
            values = json.loads(message.data)
            parse_circuit(values)
        except (ValueError, KeyError, TypeError) as error:
            self._complain(f'{topics.CIRCUIT.name} must be a circuit as JSON: {error}')
            return
        self._put('circuit', values, is_lasting=True)

    def _note_neurons(self, message: JointState) -> None:
        values = _list_finite(message.position)
        self._put('neurons', {'names': list(message.name), 'values': values})

    def _see(self, message: AnyImage) -> None:
        """Show an image, or keep it until what the policy looks at has come."""
        self._images[nanoseconds_from_stamp(message.header.stamp)] = message
        while len(self._images) > _MOST_IMAGES:
            del self._images[next(iter(self._images))]
        if time.monotonic() - self._saliency_at > _SALIENCY_SILENCE:
            self._show(message)

    def _see_saliency(self, message: Image) -> None:
        self._saliency_at = time.monotonic()
        image = self._images.get(nanoseconds_from_stamp(message.header.stamp))
        if image is not None:
            self._show(image, message)

    def _show(self, message: AnyImage, saliency: Image | None = None) -> None:
        """Put an image on the page, with what of it counts as a layer of its own."""
        now = time.monotonic()
        if now - self._shown_at < 1.0 / self._settings.rate:
            return
        try:
            pixels = _narrow(image_from_message(message).pixels, _WIDEST_PX)
            glow = None if saliency is None else _draw_glow(image_from_message(saliency).pixels)
        except ValueError as error:
            self._complain(f'image not shown: {error}')
            return
        self._shown_at = now
        camera = _encode(pixels, 'jpeg', self._settings.quality)
        self._put('picture', {'camera': camera, 'saliency': glow})

    def _look_around(self) -> None:
        """Tell what is wrong with the graph as it is seen from here."""
        inputs = (topics.RAW_COMMAND, self._commands, topics.SAFETY_STATE)
        problems = list(describe_publishers(self, inputs))
        self._put('problems', problems, is_lasting=True)

    def _complain(self, problem: str) -> None:
        """Log a problem once, however often it repeats."""
        if problem != self._complaint:
            self._complaint = problem
            self.get_logger().error(problem)


class _Press:
    """Somebody presses the stop button.

    :param deadline: when it is given up [s], by the steady clock.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.is_new = True
        self.is_answered = threading.Event()
        self.answer = ''


def _list_finite(values: Sequence[float]) -> list[float | None]:
    """Return numbers as JSON has them; None where there is none."""
    return [round(float(value), 4) if math.isfinite(value) else None for value in values]


def _narrow(pixels: NDArray[np.uint8], widest_px: int) -> NDArray[np.uint8]:
    """Return an image that is at most so wide."""
    height, width = pixels.shape[:2]
    if width <= widest_px:
        return pixels
    size = (widest_px, max(1, round(height * widest_px / width)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _draw_glow(saliency: NDArray[np.uint8]) -> str:
    """Return what counts as a picture that is transparent elsewhere."""
    alpha = _narrow(saliency, _SALIENCY_PX)[..., 0]
    glow = np.empty((*alpha.shape, 4), np.uint8)
    glow[..., :3], glow[..., 3] = _GLOW, np.rint(_STRENGTH * alpha)
    return _encode(glow, 'png')


def _encode(pixels: NDArray[np.uint8], kind: str, quality: int = 0) -> str:
    """Return an RGB or RGBA image as a data URL."""
    conversion = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == 'jpeg' else []
    _, data = cv2.imencode(f'.{kind}', cv2.cvtColor(pixels, conversion), options)
    return f'data:image/{kind};base64,{b64encode(data.tobytes()).decode()}'


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(DashboardNode, 'dashboard_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
