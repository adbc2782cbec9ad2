# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every encoding of a camera reaches the policy in the same colours, compressed or not."""

import math
import time
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

import cv2
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import CompressedImage, Image

from lnn_control.core.image_messages import NUM_CHANNELS
from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_imu, read_twist, stamp_from_seconds
from lnn_control.nodes.policy_node import PolicyNode
from lnn_control.policies.policy import Policy
from tests.core.test_image_messages import BLUE, GREEN, GREY, GREY_ROWS, RED, ROWS
from tests.nodes.probe import is_standing
from tests.nodes.test_policy_node import change_state, find_problem

Join = Callable[..., tuple[Any, Any]]
Make = Callable[[float], Any]
COLOUR = (RED / 255, GREEN / 255, BLUE / 255)
SIZE = (128, 72)
GRAVITY = np.array([0.0, 0.0, 9.8])
TOLERATED = '"image.frozen imu.clock imu.silent"'
_SAMPLES = 4
# Of JPEG and YUV.
SLACK = 0.02


class TellColour(Policy):
    """Commands what it sees: red, green and blue of the whole image, 0 to 1."""

    def __init__(self) -> None:
        super().__init__('tell colour')

    def initial_state(self):
        return None

    def __call__(self, observation, state, elapsed_time):
        red, green, blue = observation.image.mean(axis=(0, 1)) / 255
        return VelocityCommand(float(red), float(green), float(blue)), state


class Sensors:
    """A camera that shows one picture, 20 times a second by stamp, and an IMU."""

    def __init__(self, probe: Any) -> None:
        self._probe = probe
        self._noise = np.random.default_rng(1)
        self.stamp = 100.0
        self._shot_at = -math.inf

    def shoot(self, topic: topics.Topic, make: Make) -> None:
        now = time.monotonic()
        if now < self._shot_at + 0.05:
            return  # so that no node falls behind further and further
        self._shot_at = now
        for i in range(_SAMPLES):
            rates, force = self._noise.normal(0, 0.02, (2, 3))
            sample = make_imu(rates, force + GRAVITY, self.stamp + 0.05 * (i + 1) / _SAMPLES)
            self._probe.publish(topics.IMU, sample)
        self.stamp += 0.05
        self._probe.publish(topic, make(self.stamp))


def make_raw(encoding: str, rows: np.ndarray) -> Make:
    """Return what makes messages of a picture of 6 rows, tiled to 128x72."""
    tiled = np.tile(rows, (12, 16))
    # rclpy copies anything else element by element.
    data = array('B', tiled.tobytes())

    def make(stamp: float) -> Image:
        message = Image(encoding=encoding, height=72, width=128, step=tiled.shape[1])
        message.header.stamp = stamp_from_seconds(stamp)
        message.data = data
        return message

    return make


def make_compressed(suffix: str, kind: str, colour: tuple[int, ...] = (BLUE, GREEN, RED)) -> Make:
    """Return what makes compressed messages.

    :param colour: as OpenCV has it; one number for a picture in grey.
    """
    picture = np.full((SIZE[1], SIZE[0], len(colour)), colour, np.uint8)
    picture[:, ::2] //= 2  # shades, so that what is grey is seen to be
    data = array('B', cv2.imencode(suffix, picture.squeeze())[1].tobytes())

    def make(stamp: float) -> CompressedImage:
        message = CompressedImage(format=kind, data=data)
        message.header.stamp = stamp_from_seconds(stamp)
        return message

    return make


def make_broken(data: bytes) -> Make:
    def make(stamp: float) -> CompressedImage:
        message = CompressedImage(format='jpeg', data=data)
        message.header.stamp = stamp_from_seconds(stamp)
        return message

    return make


def join_policy(join: Join, **parameters: Any) -> Any:
    """Return a probe beside an active policy that tells what it sees."""
    probe, _ = join(
        PolicyNode,
        'policy_node',
        policy=f'{__name__}:TellColour',
        max_image_age=0.0,
        # A busy machine falls behind with the samples; they are no matter of these tests.
        **{'tolerate': TOLERATED, **parameters},
    )
    assert change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert change_state(probe, Transition.TRANSITION_ACTIVATE)
    return probe


def is_told(commands: list[Any], colour: tuple[float, ...], slack: float) -> bool:
    return bool(commands) and np.abs(np.subtract(read_twist(commands[-1])[:3], colour)).max() < (
        slack
    )


def test_policy_sees_the_right_colours_in_every_encoding(join: Join) -> None:
    probe = join_policy(join)
    commands, sensors = probe.listen(topics.RAW_COMMAND), Sensors(probe)
    for encoding, rows in ROWS.items():
        make = make_raw(encoding, rows)
        slack = SLACK if encoding.startswith(('yuv', 'uyv', 'yuy')) else 1e-3
        # Of the encoding before: what answers it says nothing of this one.
        commands.clear()
        probe.wait_until(
            lambda slack=slack: is_told(commands, COLOUR, slack),
            lambda make=make: sensors.shoot(topics.IMAGE, make),
        )


@pytest.mark.parametrize('encoding', GREY_ROWS)
def test_grey_is_not_flown(encoding: str, join: Join) -> None:
    probe = join_policy(join)
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    sensors, make = Sensors(probe), make_raw(encoding, GREY_ROWS[encoding])
    probe.wait_until(
        lambda: f'image.colour: the camera gives {encoding}' in find_problem(diagnostics),
        lambda: sensors.shoot(topics.IMAGE, make),
    )
    assert not commands


@pytest.mark.parametrize('encoding', GREY_ROWS)
def test_grey_is_shown_as_grey_where_it_is_tolerated(encoding: str, join: Join) -> None:
    probe = join_policy(join, tolerate=TOLERATED[:-1] + ' image.colour"')
    commands, sensors = probe.listen(topics.RAW_COMMAND), Sensors(probe)
    make = make_raw(encoding, GREY_ROWS[encoding])
    grey = float(GREY.mean()) / 255
    probe.wait_until(
        lambda: is_told(commands, (grey,) * 3, 1e-3), lambda: sensors.shoot(topics.IMAGE, make)
    )


@pytest.mark.parametrize(
    ('suffix', 'kind'), [('.jpg', 'bgr8; jpeg compressed bgr8'), ('.png', 'png'), ('.jpg', 'jpeg')]
)
def test_compressed_images_fly_in_the_right_colours(suffix: str, kind: str, join: Join) -> None:
    probe = join_policy(join, image_transport='compressed')
    commands, sensors = probe.listen(topics.RAW_COMMAND), Sensors(probe)
    make = make_compressed(suffix, kind)
    colour = tuple(0.75 * value for value in COLOUR)  # half of the columns are half as bright
    probe.wait_until(
        lambda: is_told(commands, colour, SLACK),
        lambda: sensors.shoot(topics.COMPRESSED_IMAGE, make),
    )


def cut_jpeg() -> bytes:
    """Return a third of a JPEG with its end mark."""
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    data = cv2.imencode('.jpg', noise)[1].tobytes()
    return data[: len(data) // 3] + data[-2:]


FAULTS = [
    (make_broken(cut_jpeg()), 'image.data: JPEG must have data for its whole picture'),
    (make_broken(b''), 'image.data: compressed image must be JPEG or PNG, got 0 bytes'),
    (make_broken(b'\xff\xd8\xff' + bytes(99)), 'image.data: compressed image must be'),
    (make_broken(b'\x89PNG\r\n\x1a\n' + b'\xff' * 99), 'image.data: compressed image must be'),
    (
        make_compressed('.jpg', 'mono8; jpeg compressed mono8', (120,)),
        'image.colour: the camera gives mono8',
    ),
    (make_compressed('.jpg', 'jpeg', (120,)), 'image.colour: the camera gives shades of grey'),
    (make_compressed('.png', '16UC1; compressedDepth png'), 'got depth'),
]


def test_what_is_wrong_with_compressed_images_is_a_finding_and_ends(join: Join) -> None:
    probe = join_policy(join, image_transport='compressed')
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    sensors, good = Sensors(probe), make_compressed('.jpg', 'jpeg')
    topic = topics.COMPRESSED_IMAGE

    def is_flying() -> bool:
        return bool(commands) and not is_standing(commands)

    for fault, words in FAULTS:
        commands.clear()
        probe.wait_until(is_flying, lambda: sensors.shoot(topic, good))
        probe.wait_until(
            lambda words=words: words in find_problem(diagnostics) and is_standing(commands),
            lambda fault=fault: sensors.shoot(topic, fault),
        )
    commands.clear()
    probe.wait_until(is_flying, lambda: sensors.shoot(topic, good))


def test_sizes_that_an_encoding_cannot_have_are_findings_and_the_node_lives(join: Join) -> None:
    probe = join_policy(join)
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    sensors, good = Sensors(probe), make_raw('rgb8', ROWS['rgb8'])
    for encoding, size, words in (
        ('yuv422', (127, 72), 'image.data: yuv422 image must have an even width'),
        ('bayer_rggb8', (1, 1), 'image.data: bayer_rggb8 image must have at least 3x3 pixels'),
        ('rgb8', (0, 0), 'image.data: the image is empty: it has 0x0 pixels'),
    ):

        def make(stamp: float, encoding: str = encoding, size: tuple[int, int] = size) -> Image:
            step = size[0] * NUM_CHANNELS[encoding]
            message = Image(encoding=encoding, width=size[0], height=size[1], step=step)
            message.header.stamp = stamp_from_seconds(stamp)
            message.data = array('B', bytes(step * size[1]))
            return message

        commands.clear()
        probe.wait_until(
            lambda: bool(commands) and not is_standing(commands),
            lambda: sensors.shoot(topics.IMAGE, good),
        )
        probe.wait_until(
            lambda words=words: words in find_problem(diagnostics) and is_standing(commands),
            lambda make=make: sensors.shoot(topics.IMAGE, make),
        )


def test_images_that_come_in_the_other_way_are_named(join: Join) -> None:
    probe = join_policy(join)
    diagnostics, sensors = probe.listen(topics.DIAGNOSTICS), Sensors(probe)
    words = 'but /camera/image_raw/compressed is there: set image_transport:=compressed'
    probe.wait_until(
        lambda: words in find_problem(diagnostics),
        lambda: sensors.shoot(topics.COMPRESSED_IMAGE, make_compressed('.jpg', 'jpeg')),
    )


def test_name_of_a_topic_says_that_it_is_compressed() -> None:
    image, compressed = topics.IMAGE.type, topics.COMPRESSED_IMAGE.type
    for name, transport, wanted, kind in (
        ('/front/image', 'raw', '/front/image', image),
        ('/front/image', 'compressed', '/front/image/compressed', compressed),
        ('/front/image/compressed', 'raw', '/front/image/compressed', compressed),
        ('/front/image/compressed', 'compressed', '/front/image/compressed', compressed),
    ):
        topic = topics.choose_image_topic(name, transport)
        assert (topic.name, topic.type) == (wanted, kind)
    with pytest.raises(ValueError, match=r"one of \['raw', 'compressed'\], got 'theora'"):
        topics.choose_image_topic('/front/image', 'theora')


def test_camera_under_another_name_is_heard_compressed(join: Join) -> None:
    probe = join_policy(
        join, remap={'camera/image_raw': '/front/image'}, image_transport='compressed'
    )
    commands, sensors = probe.listen(topics.RAW_COMMAND), Sensors(probe)
    front = topics.Topic('/front/image/compressed', CompressedImage, topics.LATEST_FRAME)
    probe.wait_until(
        lambda: commands, lambda: sensors.shoot(front, make_compressed('.jpg', 'jpeg'))
    )
