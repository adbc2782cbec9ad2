# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The one thing that steps a policy: windows, elapsed time, memory, and whether it may fly.

It takes stamped images and inertial samples as they come, or what a Gymnasium environment sensed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.appearance import AppearanceWatch
from lnn_control.core.contract import InertialWatch, describe_findings
from lnn_control.core.domain import DomainError, FlightSetup, check_domain
from lnn_control.core.messages import CameraImage, ImuSamples, VelocityCommand
from lnn_control.core.observation import Crop, ImuBuffer, Observation, View
from lnn_control.core.safety import ZERO, CommandLimits, limit_command
from lnn_control.policies.policy import Policy


@dataclass(frozen=True)
class RunnerSettings:
    """How stamps are read, and what is let pass.

    :param first_elapsed_time: what the policy is told at its first image [s].
    :param max_gap: a longer time between two images starts the policy afresh [s].
    :param allow_untrained: fly also what the policy was not trained for.
    :param is_limited: pass commands through the limits that stand between a policy and a vehicle
        elsewhere too: `safety_limits` of an environment's info, or the usual ones.
    :param checks_inertial: look at the inertial samples of the first second: in another unit or
        frame than trained nothing flies. Not for callers that look themselves, all the time.
    """

    first_elapsed_time: float = 0.05
    max_gap: float = 1.0
    allow_untrained: bool = False
    is_limited: bool = False
    checks_inertial: bool = True


class PolicyRunner:
    """Runs a policy image by image.

    The elapsed time is the difference of the image stamps. An image that repeats the last stamp
    is skipped; a stamp that goes back or jumps ahead starts the policy with a fresh memory.

    What flies is checked against what the policy was trained for: the task, the vehicle and the
    camera at the start, its field of view once more at the first image, whose aspect ratio has a
    say. A wider view than trained is cropped to the widest trained. The inertial samples are
    checked once, after a second: later a vehicle may have tumbled, and no result may depend on it.

    :ivar asked: what the policy itself commanded last, before any limit.
    """

    def __init__(self, policy: Policy, settings: RunnerSettings | None = None) -> None:
        self.policy = policy
        self.settings = settings or RunnerSettings()
        self.num_starts = 0
        self._limits = CommandLimits()
        self.reset(FlightSetup())

    def reset(self, setup: FlightSetup | None = None) -> None:
        """Forget everything seen.

        :param setup: of what is about to fly; None keeps the one before, and what is known of its
            camera by now is judged with the first image.
        :raises DomainError: if the policy was not trained for it.
        """
        self._imu = ImuBuffer()
        self._state = self.policy.initial_state()
        self._stamp: float | None = None
        self._commanded = self.asked = ZERO
        self._inertial = InertialWatch()
        self._appearance = AppearanceWatch(self.policy.domain.appearance)
        self._is_moving = False
        self.num_imu_samples = 0
        self._crops: dict[tuple[int, int], Crop] = {}
        if setup is None:
            return
        self.setup = setup
        if not self.settings.allow_untrained:
            # What of its width the camera's image keeps is known with the first one only, but
            # it sees no more than this.
            check_domain(self.policy.domain, self.setup, self.policy.name)

    def start(self, info: Mapping[str, Any]) -> None:
        """Begin an episode of an environment.

        :param info: of its reset; under 'setup' the fields of a FlightSetup that are known, under
            'safety_limits' those of its vehicle's CommandLimits.
        :raises DomainError: if the policy was not trained for it.
        """
        self._limits = CommandLimits(**info.get('safety_limits', {}))
        self.reset(FlightSetup.of(info.get('setup')))
        self.num_starts += 1

    def warm_up(self) -> None:
        """Let the policy decide twice on nothing, so that its first command is not late.

        :raises ValueError: if it cannot. :raises FloatingPointError: if it commands no number.
        """
        preprocessing = self.policy.preprocessing
        shape = (preprocessing.height_px, preprocessing.width_px, 3)
        nothing = preprocessing.observe(
            np.zeros(shape, np.uint8),
            ImuSamples(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)),
        )
        state = self.policy.initial_state()
        for _ in range(2):
            _, state = self.policy(nothing, state, self.settings.first_elapsed_time)

    def set_fov(self, fov_deg: float) -> None:
        """Take note of the camera's field of view across its whole width.

        :raises ValueError: if it is impossible.
        """
        if fov_deg != self.setup.camera_fov_deg:
            self.setup = replace(self.setup, camera_fov_deg=fov_deg)
            self._crops.clear()

    @property
    def doubt(self) -> str:
        """What has to be known before the policy flies, and what to do; empty if nothing has."""
        if self.policy.domain.camera_fov_deg is None or self.setup.camera_fov_deg is not None:
            return ''
        return (
            'the field of view of the camera is not known: publish camera_info, or set '
            'camera_fov_deg'
        )

    @property
    def novelty(self) -> float | None:
        """How far the last second's images are from the training, 1 as its own seldom are.

        None where nobody knows: before a second, or of a policy that does not say what it saw.
        """
        return self._appearance.novelty

    def add_imu(
        self, stamp: float, rates: NDArray[np.floating], force: NDArray[np.floating]
    ) -> None:
        """Take note of one inertial sample [s, rad/s, m/s^2].

        :raises ValueError: if a value is not finite.
        """
        self._imu.add(stamp, rates, force)

    def step(self, image: CameraImage) -> VelocityCommand | None:
        """Return the command for an image, None if it was seen before.

        :raises DomainError: if the camera sees less than in training, or the IMU is another.
        :raises ValueError: if the image does not fit the policy.
        :raises FloatingPointError: if the command is not finite; the policy then starts afresh.
        """
        elapsed = None if self._stamp is None else image.stamp - self._stamp
        if elapsed == 0.0:
            return None
        samples = self._imu.take(image.stamp)
        if elapsed is None or not 0.0 < elapsed <= self.settings.max_gap:
            self._state = self.policy.initial_state()
            self.num_starts += 1
            elapsed = self.settings.first_elapsed_time
        command = self._decide(image.pixels, samples, elapsed)
        self._stamp = image.stamp
        return command

    def step_sensed(self, sensed: Mapping[str, NDArray[Any]]) -> VelocityCommand:
        """Return the command for what an environment sensed.

        :param sensed: `image`, uint8 RGB; `imu`, body rates [rad/s] and specific force [m/s^2]
            since the last image, shape (n, 6); `elapsed_time` since then [s], shape (1,).
        :raises DomainError: if the camera sees less than in training, or the IMU is another.
        :raises ValueError: if the image does not fit the policy.
        :raises FloatingPointError: if the command is not finite; the policy then starts afresh.
        """
        samples = ImuSamples(sensed['imu'][:, :3], sensed['imu'][:, 3:])
        return self._decide(sensed['image'], samples, float(sensed['elapsed_time'][0]))

    def _decide(
        self, pixels: NDArray[np.uint8], samples: ImuSamples, elapsed: float
    ) -> VelocityCommand:
        self._check_inertial(samples)
        observation = self.observe(pixels, samples)
        self._appearance.add(observation.image)
        self.num_imu_samples = len(samples)
        try:
            command, self._state = self.policy(observation, self._state, elapsed)
        except FloatingPointError:
            self._state, self._stamp = self.policy.initial_state(), None
            raise
        if not isinstance(command, VelocityCommand):
            raise ValueError(
                f'policy {self.policy.name} must return a VelocityCommand and its next state, got '
                f'{type(command).__name__} as the command'
            )
        self.asked = command
        self._is_moving = command != ZERO
        if self.settings.is_limited:
            command = limit_command(command, self._commanded, elapsed, self._limits)
            self._commanded = command
        return command

    def observe(self, pixels: NDArray[np.uint8], samples: ImuSamples) -> Observation:
        """Return what the policy is shown of an image and the inertial samples before it.

        :raises DomainError: if the camera sees less than in training.
        :raises ValueError: if the image does not fit the policy.
        """
        return self.policy.preprocessing.observe(pixels, samples, self._choose_crop(pixels))

    def _check_inertial(self, samples: ImuSamples) -> None:
        """Look at the first second of inertial samples.

        :raises DomainError: if they are of another unit or frame than trained.
        """
        watch, settings = self._inertial, self.settings
        if not settings.checks_inertial or settings.allow_untrained:
            return
        if not watch.has_judged:
            watch.add(samples.angular_velocity, samples.linear_acceleration, self._is_moving)
        if watch.findings:
            findings = describe_findings(watch.findings)
            raise DomainError(
                f'policy {self.policy.name} was trained with another IMU: {findings}'
            )

    def _choose_crop(self, pixels: NDArray[np.uint8]) -> Crop:
        """Return which part of the image the policy is given; checked once a size."""
        height, width = pixels.shape[:2]
        if (width, height) not in self._crops:
            widest, fov_deg = self.policy.domain.widest_fov_deg, self.setup.camera_fov_deg
            is_known = widest is not None and fov_deg is not None
            view = View(fov_deg, widest) if is_known else None  # type: ignore[arg-type]
            crop = self.policy.preprocessing.choose_crop(width, height, view)
            if fov_deg is not None and not self.settings.allow_untrained:
                seen = FlightSetup(camera_fov_deg=crop.measure_fov_deg(width, fov_deg))
                check_domain(self.policy.domain, seen, self.policy.name)
            self._crops[width, height] = crop
        return self._crops[width, height]

    def read_saliency(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return how much each pixel of the camera's image counts to the policy, 0 to 1.

        :param pixels: uint8 RGB, shape (height, width, 3).
        :return: shape (height, width), 0 where the policy is not shown the image; None of a policy
            that cannot tell.
        """
        crop = self._choose_crop(pixels)
        nothing = np.zeros((0, 3), np.float32)
        preprocessing = self.policy.preprocessing
        observation = preprocessing.observe(pixels, ImuSamples(nothing, nothing), crop)
        found = self.policy.map_saliency(observation.image)
        if found is None:
            return None
        import cv2

        rows = slice(crop.top, crop.top + crop.height)
        columns = slice(crop.left, crop.left + crop.width)
        placed = np.zeros(pixels.shape[:2], np.float32)
        placed[rows, columns] = cv2.resize(found, (crop.width, crop.height))
        return placed

    def read_neurons(self) -> NDArray[np.float32]:
        """Return the state of every neuron after the last image."""
        return self.policy.neuron_activity(self._state)
