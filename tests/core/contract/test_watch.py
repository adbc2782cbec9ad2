# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lnn_control.core.contract import (
    Level,
    SensorWatch,
    WatchSettings,
    check_inertial_header,
    describe_findings,
)
from lnn_control.core.frames import GRAVITY


@dataclass
class Sensors:
    """A camera and an IMU that a watch follows, on a clock of their own."""

    watch: SensorWatch
    now: float = 100.0
    stamp_offset: float = 0.0
    imu_offset: float = 0.0
    period: float = 0.05
    samples: int = 10
    is_frozen: bool = False
    is_moving: bool = True
    age: float = 0.02

    def run(self, num_images: int) -> list[str]:
        """Deliver images with the samples between them and return the names found then."""
        noise = np.random.default_rng(int(self.now * 20))
        for i in range(num_images):
            for k in range(self.samples):
                now = self.now + self.period * (k + 1) / self.samples
                rates, force = noise.normal(0, 0.05, 3), noise.normal([0, 0, GRAVITY], 0.2)
                self.watch.add_inertial(now + self.imu_offset, now, rates, force, self.is_moving)
            self.now += self.period
            seed = 7 if self.is_frozen else i
            pixels = np.random.default_rng(seed).integers(0, 256, (72, 128, 3), np.uint8)
            stamp = self.now + self.stamp_offset
            self.watch.add_image(stamp, self.now, pixels, self.is_moving, self.age)
        return self.find()

    def find(self) -> list[str]:
        return [finding.name for finding in self.watch.find(self.now)]


@pytest.fixture
def sensors() -> Sensors:
    return Sensors(SensorWatch(WatchSettings(camera_rate=(20.0, 20.0)), begin=100.0))


def test_message_without_an_image_is_a_finding_until_one_can_be_read(sensors: Sensors) -> None:
    assert sensors.run(5) == []
    for problem in ('got 7 bytes', 'got 9 bytes'):
        sensors.now += 0.05
        sensors.watch.add_unreadable(sensors.now, sensors.now, problem)
        # Told once, however the next ones are damaged: and the camera is not silent.
        assert [found.measured for found in sensors.watch.find(sensors.now)] == ['got 7 bytes']
    assert sensors.run(1) == []
    sensors.watch.add_unreadable(sensors.now, sensors.now, 'got 9 bytes')
    assert sensors.find() == ['image.data']


def test_sensors_as_trained_are_judged_and_pass(sensors: Sensors) -> None:
    assert not sensors.watch.has_judged
    assert sensors.run(4) == []
    assert sensors.watch.has_judged
    assert sensors.run(100) == []


def test_silence_is_found_before_and_after_the_first_message(sensors: Sensors) -> None:
    sensors.now += 0.6
    assert sensors.find() == ['image.silent', 'imu.silent']
    assert sensors.run(5) == []
    sensors.samples = 0
    assert sensors.run(3) == []
    assert sensors.run(2) == ['imu.silent']


@pytest.mark.parametrize(
    ('change', 'name'),
    [
        ({'is_frozen': True}, 'image.frozen'),
        ({'imu_offset': 5.0}, 'imu.clock'),
        ({'stamp_offset': 5.0}, 'imu.clock'),
        ({'age': 5.0}, 'image.age'),
        ({'period': 0.1}, 'image.rate'),
        ({'period': 0.02}, 'image.rate'),
        ({'samples': 1}, 'imu.rate'),
    ],
)
def test_what_is_wrong_is_found_within_a_second(
    change: dict[str, Any], name: str, sensors: Sensors
) -> None:
    assert sensors.run(20) == []
    for key, value in change.items():
        setattr(sensors, key, value)
    assert name in sensors.run(20)


def test_frozen_image_is_found_at_its_second_repetition(sensors: Sensors) -> None:
    sensors.run(10)
    sensors.is_frozen = True
    assert sensors.run(2) == []
    assert sensors.run(1) == ['image.frozen']
    sensors.is_frozen = False
    assert sensors.run(1) == []


def test_camera_whose_images_are_published_four_times_each_is_not_frozen() -> None:
    watch = SensorWatch(WatchSettings(camera_rate=None), begin=0.0)
    noise = np.random.default_rng(0)
    for i in range(60):
        now = i / 60.0
        watch.add_inertial(now, now, noise.normal(size=3), noise.normal(size=3), True)
        pixels = np.random.default_rng(i // 4).integers(0, 256, (72, 128, 3), np.uint8)
        watch.add_image(now, now, pixels, True, 0.02)
        assert 'image.frozen' not in {finding.name for finding in watch.find(now)}


def test_frozen_image_stays_found_while_the_vehicle_stands_for_it(sensors: Sensors) -> None:
    sensors.run(10)
    sensors.is_frozen = True
    assert sensors.run(5) == ['image.frozen']
    sensors.is_moving = False
    assert sensors.run(20) == ['image.frozen']
    sensors.is_frozen = False
    assert sensors.run(1) == []


def test_bench_that_plays_back_one_moment_is_not_called_frozen(sensors: Sensors) -> None:
    pixels, up = np.full((72, 128, 3), 120, np.uint8), np.array([0.0, 0.0, GRAVITY])
    for i in range(600):
        now = sensors.now = 100.0 + 0.005 * i
        sensors.watch.add_inertial(now, now, np.zeros(3), up, True)
        if i % 10 == 0:
            sensors.watch.add_image(now, now, pixels, True, 0.02)
    assert sensors.find() == []


def test_inertial_unit_that_repeats_itself_is_found(sensors: Sensors) -> None:
    up = np.array([0.0, 0.0, GRAVITY])
    for i in range(600):
        now = sensors.now = 100.0 + 0.005 * i
        sensors.watch.add_inertial(now, now, np.zeros(3), up, True)
        if i % 10 == 0:
            pixels = np.random.default_rng(i).integers(0, 256, (72, 128, 3), np.uint8)
            sensors.watch.add_image(now, now, pixels, True, 0.02)
    assert sensors.find() == ['imu.frozen']
    # The vehicle stands for it, and the samples are no better.
    for _ in range(200):
        sensors.watch.add_inertial(now, now, np.zeros(3), up, False)
    assert sensors.find() == ['imu.frozen']
    for k in range(40):
        sensors.watch.add_inertial(now, now, np.full(3, 0.001 * k), up, False)
    assert sensors.find() == []


def test_vehicle_that_stands_may_see_the_same_for_ever(sensors: Sensors) -> None:
    sensors.is_moving, sensors.is_frozen = False, True
    assert sensors.run(30) == []


def test_rate_after_a_pause_is_that_of_what_came_since(sensors: Sensors) -> None:
    assert sensors.run(30) == []
    sensors.now += 10.0  # between two trials
    assert {name for k in range(10) for name in sensors.run(3)} == set()


def test_rates_warn_and_the_worst_comes_first(sensors: Sensors) -> None:
    sensors.period, sensors.age = 0.1, 5.0
    sensors.run(25)
    findings = sensors.watch.find(sensors.now)
    levels = {finding.name: finding.level for finding in findings}
    assert levels == {'image.age': Level.ERROR, 'image.rate': Level.WARN}
    text = describe_findings(findings)
    assert text.index('image.age') < text.index('image.rate')
    assert '10 images a second, expected 20 to 20, as trained' in text


def test_finding_that_lasts_is_told_in_the_same_words(sensors: Sensors) -> None:
    sensors.run(20)
    sensors.now += 3.0
    first = sensors.watch.find(sensors.now)
    assert sensors.watch.find(sensors.now + 8.0) == first


def test_header_of_the_latest_sample_counts(sensors: Sensors) -> None:
    sensors.run(10)
    header = tuple(check_inertial_header('imu_optical_frame', [0.0] * 9, [0.0] * 9))
    up = np.array([0.0, 0.0, GRAVITY])
    sensors.watch.add_inertial(sensors.now, sensors.now, np.zeros(3), up, True, header)
    assert sensors.find() == ['imu.frame']


@pytest.mark.parametrize(
    'make', [lambda: WatchSettings(image_silence=0.0), lambda: WatchSettings(least_imu_rate=-1.0)]
)
def test_settings_must_be_possible(make: Callable[[], WatchSettings]) -> None:
    with pytest.raises(ValueError, match='must be a finite number'):
        make()


@pytest.mark.parametrize('rate', [50, 200, 1000])
def test_force_in_g_is_found_within_a_fifth_of_a_second_at_any_rate(rate: int) -> None:
    watch = SensorWatch(WatchSettings(), begin=0.0)
    noise = np.random.default_rng(0)

    def feel(begin: float, seconds: float, force: float) -> float:
        """Return when the watch doubts what it is told, infinity if it does not [s]."""
        for number in range(1, round(seconds * rate) + 1):
            now = begin + number / rate
            specific = noise.normal([0.0, 0.0, force], 0.02)
            watch.add_inertial(now, now, noise.normal(0, 0.05, 3), specific)
            if watch.doubts_inertial:
                return now - begin
        return float('inf')

    assert feel(0.0, 1.0, GRAVITY) == float('inf')
    assert 0.05 < feel(1.0, 1.0, 1.0) <= 0.25
