# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of camera and IMU as the policy takes them, watched for what is not as it should be."""

import math
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rclpy.subscription import Subscription
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, Imu

from lnn_control.core.contract import (
    Finding,
    SensorWatch,
    WatchSettings,
    check_colour,
    check_inertial_header,
    report_lens,
)
from lnn_control.core.image_messages import name_encoding
from lnn_control.core.lens import Lens, read_calibration
from lnn_control.core.messages import CameraImage
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    image_from_message,
    nanoseconds_from_stamp,
    read_imu,
    seconds_from_stamp,
)

AnyImage: TypeAlias = Image | CompressedImage
Sample = tuple[float, NDArray[np.float64], NDArray[np.float64]]
# Of an IMU whose rate is not known yet, and more than half its period [s].
_SAMPLE_PERIOD = 0.005
# A sample that was taken so short ago by the wall [s] says that the IMU is alive: a process that
# was held up hears of the time that has passed only after what came meanwhile.
_FRESH = 0.05


def take_waiting(subscription: Subscription) -> Iterator[Any]:
    """Yield what waits in a subscription's queue now, the oldest first.

    A round of the executor for each message costs several times what is done with it.
    """
    for _ in range(topics.SAMPLES.depth):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, False)
        if taken is None:
            return
        yield taken[0]


class SensorInputs:
    """Reads messages, straightens images and follows both sensors.

    :param begin: when it begins to listen [s].
    :param image_topic: tells whether images were rectified by whoever publishes them.
    """

    def __init__(self, settings: WatchSettings, begin: float, image_topic: str = '') -> None:
        self._watch = SensorWatch(settings, begin)
        self._lens: Lens | None = None
        self._lens_doubts: tuple[Finding, ...] = ()
        self._image_topic = image_topic
        self._sampled_until = 0.0
        self._sampled_at = begin
        self._taken_at = -math.inf
        self._settings = settings
        self.image_age = 0.0

    @property
    def has_judged(self) -> bool:
        """Whether both sensors were looked at."""
        return self._watch.has_judged

    @property
    def doubts_inertial(self) -> bool:
        """Whether the latest inertial samples are not as they should be."""
        return self._watch.doubts_inertial

    def find(self, now: float) -> tuple[Finding, ...]:
        """Return all that is not as it should be now."""
        found = (*self._watch.find(now), *self._lens_doubts)
        return tuple(one for one in found if one.name != 'imu.silent' or not self._is_fresh)

    @property
    def _is_fresh(self) -> bool:
        """Whether a sample was taken just now, however far simulated time has jumped since."""
        return time.monotonic() - self._taken_at < min(_FRESH, self._settings.inertial_silence)

    def read_lens(self, message: CameraInfo) -> float:
        """Return the field of view across the image, straightened from now on [deg].

        :raises ValueError: if the calibration tells none: tell :meth:`doubt_lens`.
        """
        calibration = read_calibration(message, self._image_topic)
        if self._lens is None or calibration != self._lens.calibration:
            self._lens = Lens(calibration)
        self._lens_doubts = ()
        return self._lens.fov_deg

    def doubt_lens(self, problem: str) -> None:
        """Take note that the latest calibration tells nothing: a finding until one does.

        :param problem: what is wrong with it.
        """
        self._lens_doubts = (report_lens(problem),)

    def read_inertial(self, message: Imu, now: float, is_moving: bool) -> Sample:
        """Return stamp [s], body rates [rad/s] and specific force [m/s^2] of a message.

        :param now: when it came [s]. :param is_moving: whether the vehicle is told to move.
        """
        stamp, rates, force = read_imu(message)
        header = check_inertial_header(
            message.header.frame_id,
            message.angular_velocity_covariance,
            message.linear_acceleration_covariance,
        )
        self._watch.add_inertial(stamp, now, rates, force, is_moving, tuple(header))
        self._sampled_until, self._sampled_at = stamp, now
        self._taken_at = time.monotonic()
        return stamp, rates, force

    def has_samples_of(self, message: AnyImage) -> bool:
        """Return whether the inertial samples up to an image have come."""
        stamp = seconds_from_stamp(message.header.stamp)
        return self._sampled_until > stamp - 1.5 * _SAMPLE_PERIOD

    def is_without_samples(self, now: float) -> bool:
        """Return whether there is no IMU to wait for."""
        return now - self._sampled_at > self._settings.inertial_silence and not self._is_fresh

    def read_image(
        self, message: AnyImage, now: float, is_moving: bool, clock: Time
    ) -> CameraImage | None:
        """Return the straightened image of a message; None, and a finding, if it holds none.

        :param now: when it came [s]. :param clock: the time that stamps are compared with.
        """
        try:
            image = image_from_message(message)
            straight = image
            if self._lens is not None:
                straight = CameraImage(self._lens.straighten(image.pixels), image.stamp)
        except ValueError as error:
            stamp = seconds_from_stamp(message.header.stamp)
            self._watch.add_unreadable(stamp, now, str(error))
            return None
        age_ns = clock.nanoseconds - nanoseconds_from_stamp(message.header.stamp)
        # Before the first message on /clock simulated time is zero: nobody knows it.
        age = age_ns * 1e-9 if clock.nanoseconds else None
        self.image_age = age if age is not None else 0.0
        header = tuple(check_colour(name_encoding(message), image.pixels))
        self._watch.add_image(image.stamp, now, image.pixels, is_moving, age, header)
        return straight
