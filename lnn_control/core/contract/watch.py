# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Follows a camera and an IMU over time: silence, rates, gaps, frozen content, clocks.

The only state of the contract. Times of arrival are those of a steady clock, so that silence is
noticed when every other clock stands.
"""

import math
import zlib
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.contract.findings import Finding, Level
from lnn_control.core.contract.images import (
    check_light,
    check_stamp,
    report_unreadable,
    thin_out,
)
from lnn_control.core.contract.inertial import check_inertial

# Of a vehicle's IMU: 0.16 s at 200 Hz, judged a hundred times a second.
_WINDOW, _STRIDE = 32, 2
# A slower one is judged by what it felt in that time, from so many samples on; of a faster one
# those are judged that are so far apart [s].
_SPAN, _FEWEST, _GAP = 0.16, 8, 0.0045
# Messages whose arrival a rate is measured over.
_RATE_MESSAGES = 20
# The latest messages whose stamps are compared with those of the other sensor.
_OFFSET_MESSAGES = 5
# Identical images in a row that count as frozen: chance repeats none of a moving camera. So long
# [s], too: drivers that publish more often than the camera looks repeat each image a few times.
_FROZEN_IMAGES, _FROZEN_TIME = 3, 0.08
_GREATEST_CLOCK_OFFSET = 0.5


@dataclass(frozen=True)
class WatchSettings:
    """What is asked of the sensors' timing.

    :param max_image_age: [s]; None where stamps and clock cannot be compared.
    :param camera_rate: least and greatest images a second [Hz]; None for any.
    :param image_silence: so long without an image is a finding [s].
    :param inertial_silence: likewise without an inertial sample [s].
    :param least_imu_rate: samples a second [Hz].
    """

    max_image_age: float | None = 0.5
    camera_rate: tuple[float, float] | None = None
    image_silence: float = 0.5
    inertial_silence: float = 0.15
    least_imu_rate: float = 40.0

    def __post_init__(self) -> None:
        check_number('image_silence', self.image_silence, 0.01, 60.0, 's')
        check_number('inertial_silence', self.inertial_silence, 0.01, 60.0, 's')
        check_number('least_imu_rate', self.least_imu_rate, 0.0, 1e4, 'Hz')


class InertialWatch:
    """Judges the latest samples, over and over. It needs no times: evaluations have it too.

    :param window: samples that a judgement is made of. :param stride: new ones until the next.
    :param fewest: samples that are enough where :meth:`add` is told that they were felt for long.
    """

    def __init__(self, window: int = 200, stride: int = 200, fewest: int | None = None) -> None:
        self._window, self._stride = window, stride
        self._fewest = window if fewest is None else fewest
        self._rows: deque[tuple[NDArray[np.floating], NDArray[np.floating], bool]] = deque()
        self._num_samples = self._num_new = 0
        self._findings: tuple[Finding, ...] = ()
        self._has_judged = False

    @property
    def has_judged(self) -> bool:
        """Whether enough samples have come for a judgement."""
        return self._has_judged

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the latest judgement has found."""
        return self._findings

    def add(
        self,
        rates: NDArray[np.floating],
        force: NDArray[np.floating],
        is_moving: bool,
        period: float = 0.0,
    ) -> None:
        """Take note of samples.

        :param rates: [rad/s], shape (n, 3). :param force: [m/s^2], shape (n, 3).
        :param is_moving: whether the vehicle is told to move.
        :param period: from sample to sample [s]; 0 where nobody knows.
        """
        self._rows.append((rates, force, is_moving))
        self._num_samples += len(rates)
        self._num_new += len(rates)
        window = self._window
        if period * window > _SPAN:
            window = max(self._fewest, math.ceil(_SPAN / period))
        while self._num_samples - len(self._rows[0][0]) >= window:
            self._num_samples -= len(self._rows.popleft()[0])
        if self._num_samples >= window and self._num_new >= self._stride:
            self._judge()

    def _judge(self) -> None:
        num_moving = sum(len(rates) for rates, _, is_moving in self._rows if is_moving)
        # A vehicle that stands because they were frozen tells nothing about them.
        was_frozen = any(finding.name == 'imu.frozen' for finding in self._findings)
        self._findings = tuple(
            check_inertial(
                np.concatenate([rates for rates, _, _ in self._rows]),
                np.concatenate([force for _, force, _ in self._rows]),
                is_moving=was_frozen or 2 * num_moving > self._num_samples,
            )
        )
        self._num_new, self._has_judged = 0, True


class _Arrivals:
    """When the latest messages of one sensor came, and how their stamps differ from that [s].

    :param silence: a pause, no slow rate: what came before it counts no more.
    """

    def __init__(self, begin: float, silence: float) -> None:
        self.last, self._silence = begin, silence
        self.has_come = False
        self._times: deque[float] = deque(maxlen=_RATE_MESSAGES)
        self._offsets: deque[float] = deque(maxlen=_OFFSET_MESSAGES)

    def add(self, stamp: float, now: float) -> None:
        if now - self.last > self._silence:
            self._times.clear()
        self.last, self.has_come = now, True
        self._times.append(now)
        self._offsets.append(stamp - now)

    def measure_rate(self) -> float | None:
        """Return messages a second, None before there are enough."""
        if len(self._times) < _RATE_MESSAGES:
            return None
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-9)

    def measure_offset(self) -> float | None:
        """Return how far the stamps are ahead of the arrival [s], None before there are any."""
        return float(np.median(self._offsets)) if len(self._offsets) >= 3 else None


class SensorWatch:
    """Follows camera and IMU of a vehicle.

    :param begin: when it begins to listen, on a steady clock [s], as all times of arrival.
    """

    def __init__(self, settings: WatchSettings, begin: float) -> None:
        self._settings = settings
        self._images = _Arrivals(begin, settings.image_silence)
        self._samples = _Arrivals(begin, settings.inertial_silence)
        self._inertial = InertialWatch(_WINDOW, _STRIDE, _FEWEST)
        self._felt_at = -math.inf
        self._period = 0.0
        self._header: tuple[Finding, ...] = ()
        self._stamp: float | None = None
        self._print = 0
        self._num_same, self._same_since = 0, begin
        self._is_frozen = False
        self._felt: tuple[float, ...] = ()
        self._has_felt_change = self._has_seen_change = False
        self._found: tuple[Finding, ...] = ()
        self._unreadable: Finding | None = None

    @property
    def doubts_inertial(self) -> bool:
        """Whether the latest inertial samples are not as they should be."""
        return bool(self._inertial.findings or self._header)

    @property
    def has_judged(self) -> bool:
        """Whether both sensors have been heard of enough to be judged."""
        return self._inertial.has_judged and self._images.has_come

    def add_image(
        self,
        stamp: float,
        now: float,
        pixels: NDArray[np.uint8],
        is_moving: bool = False,
        age: float | None = None,
        header: tuple[Finding, ...] = (),
    ) -> None:
        """Take note of an image.

        :param stamp: [s]. :param now: when it came. :param pixels: RGB, shape (height, width, 3).
        :param is_moving: whether the vehicle is told to move, so that no image is like the last.
        :param age: by the clock that stamps are made with; None where nobody knows the time.
        :param header: what its message says of itself that is not as it should be.
        """
        found = check_stamp(stamp, self._stamp, age, self._settings.max_image_age)
        found += [*header, *check_light(pixels), *self._check_frozen(pixels, is_moving, now)]
        self._found, self._stamp = tuple(found), stamp
        self._unreadable = None
        self._images.add(stamp, now)

    def add_unreadable(self, stamp: float, now: float, problem: str) -> None:
        """Take note of a message that holds no image.

        :param stamp: [s]. :param now: when it came. :param problem: what is wrong with it.
        """
        # One damaged in another way is no news: the first is told until an image can be read.
        self._unreadable = self._unreadable or report_unreadable(problem)
        self._found = (self._unreadable,)
        self._images.add(stamp, now)

    def add_inertial(
        self,
        stamp: float,
        now: float,
        rates: NDArray[np.floating],
        force: NDArray[np.floating],
        is_moving: bool = False,
        header: tuple[Finding, ...] = (),
    ) -> None:
        """Take note of one inertial sample.

        :param rates: [rad/s], shape (3,). :param force: [m/s^2], shape (3,).
        :param header: what its message says of itself that is not as it should be.
        """
        self._samples.add(stamp, now)
        felt = (*rates.tolist(), *force.tolist())
        self._has_felt_change |= felt != self._felt
        self._felt = felt
        self._header = header
        passed = stamp - self._felt_at
        if 0.0 < passed < _GAP and all(map(math.isfinite, felt)):
            return
        self._felt_at = stamp
        # A pause is no slow rate, and a stamp that goes back no fast one.
        if 0.0 < passed < self._settings.inertial_silence:
            self._period += 0.1 * (passed - self._period)
        # What the camera sees must change too: on a bench that plays back one moment nothing does.
        self._inertial.add(
            rates.reshape(1, 3),
            force.reshape(1, 3),
            is_moving and self._has_seen_change,
            self._period,
        )

    def find(self, now: float) -> tuple[Finding, ...]:
        """Return all that is not as it should be now."""
        return (
            *self._check_silence(now),
            *self._found,
            *self._header,
            *self._inertial.findings,
            *self._check_rates(),
            *check_clocks(self._images.measure_offset(), self._samples.measure_offset()),
        )

    def _check_frozen(
        self, pixels: NDArray[np.uint8], is_moving: bool, now: float
    ) -> list[Finding]:
        """Count the images in a row that show the very same while the vehicle moves.

        What the IMU feels must change meanwhile: where one moment is played back nothing does.
        """
        fingerprint = zlib.crc32(np.ascontiguousarray(thin_out(pixels)).data)
        self._has_seen_change = fingerprint != self._print
        # A vehicle that stands because they were frozen tells nothing about them.
        may_freeze = self._is_frozen or (is_moving and self._has_felt_change)
        is_same = may_freeze and not self._has_seen_change
        self._has_felt_change = False
        if is_same:
            self._num_same += 1
        else:
            self._num_same, self._same_since = 1, now
        self._print = fingerprint
        lasts = now - self._same_since >= _FROZEN_TIME
        self._is_frozen = self._num_same >= _FROZEN_IMAGES and lasts
        if not self._is_frozen:
            return []
        return [
            Finding(
                'image.frozen',
                'images show the very same while the vehicle is told to move',
                'images that change',
                'look at the driver of the camera, it repeats itself',
            )
        ]

    def _check_silence(self, now: float) -> list[Finding]:
        sensors = (
            ('image', self._images, self._settings.image_silence, 'camera/image_raw'),
            ('imu', self._samples, self._settings.inertial_silence, 'imu/data_raw'),
        )
        findings = []
        for name, arrivals, most, topic in sensors:
            if now - arrivals.last > most:
                # Without the time that it lasts: it is one finding, told once.
                findings.append(
                    Finding(
                        f'{name}.silent',
                        f'no message for more than {most:g} s',
                        f'messages on {topic}',
                        f'start the driver, or name its topic with {name}_topic:=',
                    )
                )
        return findings

    def _check_rates(self) -> list[Finding]:
        findings = []
        rate, wanted = self._images.measure_rate(), self._settings.camera_rate
        if rate is not None and wanted is not None:
            low, high = wanted[0] * 0.8, wanted[1] * 1.25
            if not low <= rate <= high:
                trained = f'{wanted[0]:.4g} to {wanted[1]:.4g}, as trained'
                cure = 'set the rate of the camera, and look for a slow link or a busy machine'
                found = f'{_round(rate)} images a second'
                findings.append(Finding('image.rate', found, trained, cure, Level.WARN))
        rate, least = self._samples.measure_rate(), self._settings.least_imu_rate
        if rate is not None and rate < least:
            found, cure = f'{_round(rate)} samples a second', 'raise the rate of the IMU'
            expected = f'at least {least:g}'
            findings.append(Finding('imu.rate', found, expected, cure, Level.WARN))
        return findings


def check_clocks(image_offset: float | None, inertial_offset: float | None) -> list[Finding]:
    """Check that camera and IMU are stamped by the same clock.

    :param image_offset: how far the stamps of images are ahead of their arrival [s]; None where
        nobody knows. :param inertial_offset: likewise of samples.
    """
    if image_offset is None or inertial_offset is None:
        return []
    ahead = inertial_offset - image_offset
    if abs(ahead) <= _GREATEST_CLOCK_OFFSET:
        return []
    words = 'ahead of' if ahead > 0 else 'behind'
    return [
        Finding(
            'imu.clock',
            f'the stamps of the IMU are {_round(abs(ahead))} s {words} those of the camera',
            f'within {_GREATEST_CLOCK_OFFSET:g} s',
            'let both drivers stamp with the same clock',
        )
    ]


def _round(value: float) -> str:
    """Return a number with two digits: what wavers a little is not told anew each time."""
    return f'{value:.2g}'
