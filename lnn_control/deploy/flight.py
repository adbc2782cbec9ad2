# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded flight: what a policy saw and answered, as test vectors for its exports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import NUM_IMU_FEATURES, Observation, Preprocessing
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner

GAP = 2.0
"""How long nothing is seen, once in a flight [s]."""
_JITTER = 0.003  # of the stamps of images, standard deviation [s]


@dataclass(frozen=True, eq=False)
class RecordedFlight:
    """What a policy was shown, image by image.

    :param images: uint8 RGB of the policy's own size, shape (n, height, width, 3).
    :param imu: inertial features, float32 of shape (n, 12).
    :param elapsed_time: before each image [s], float32 of shape (n,).
    :param starts: whether the memory is cleared before an image, shape (n,).
    """

    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    starts: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.images)
        shapes = {
            'imu': (count, NUM_IMU_FEATURES),
            'elapsed_time': (count,),
            'starts': (count,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f'{name} of a flight with {count} images must have shape {shape}, got '
                    f'{getattr(self, name).shape}'
                )
        if not (count and self.starts[0]):
            raise ValueError('a flight must have an image, and the first one starts it')
        if not (np.isfinite(self.elapsed_time).all() and (self.elapsed_time > 0).all()):
            raise ValueError('elapsed_time of a flight must be positive seconds')

    def __len__(self) -> int:
        return len(self.images)

    def observe(self, index: int) -> Observation:
        """Return what the policy is shown with an image."""
        return Observation(self.images[index], self.imu[index])


def answer_flight(policy: Policy, flight: RecordedFlight) -> NDArray[np.float32]:
    """Return a policy's commands [m/s, rad/s] to a recorded flight, shape (n, 4)."""
    commands, state = [], policy.initial_state()
    for index in range(len(flight)):
        if flight.starts[index]:
            state = policy.initial_state()
        elapsed = float(flight.elapsed_time[index])
        command, state = policy(flight.observe(index), state, elapsed)
        commands.append(command.to_array())
    return np.array(commands, dtype=np.float32)


def write_vectors(flight: RecordedFlight, commands: NDArray[np.float32]) -> NDArray[Any]:
    """Return a flight and the commands to it as rows that any language reads, little-endian."""
    rows = np.zeros(len(flight), dtype=describe_row(flight.images.shape[1:]))
    rows['elapsed_time'] = flight.elapsed_time
    rows['starts'] = flight.starts
    rows['imu'] = flight.imu
    rows['command'] = commands
    rows['image'] = flight.images
    return rows


def read_vectors(path: Path, size: Preprocessing) -> tuple[RecordedFlight, NDArray[np.float32]]:
    """Return the flight of a file of test vectors and the commands to it.

    :param size: of the policy's images.
    """
    rows = np.fromfile(path, dtype=describe_row((size.height_px, size.width_px, 3)))
    starts = rows['starts'] != 0
    flight = RecordedFlight(rows['image'], rows['imu'], rows['elapsed_time'], starts)
    return flight, rows['command']


def describe_row(image_shape: tuple[int, ...]) -> np.dtype[Any]:
    """Return the layout of an image's row in a file of test vectors."""
    return np.dtype(
        [
            ('elapsed_time', '<f4'),
            ('starts', '<u4'),
            ('imu', '<f4', (NUM_IMU_FEATURES,)),
            ('command', '<f4', (4,)),
            ('image', 'u1', image_shape),
        ]
    )


def record_flight(
    env: Any, policy: Policy, num_images: int, first_seed: int, rng: np.random.Generator
) -> RecordedFlight:
    """Fly a policy closed loop and return what it was shown.

    Images are lost at random, so that the elapsed times are uneven. Halfway the next seed is
    flown; soon after, nothing is seen for two seconds, while the vehicle hovers.

    :param env: a Gymnasium environment with camera and IMU.
    :param first_seed: of its episodes; the next one follows where one is over.
    :raises DomainError: if the policy was not trained for this environment.
    """
    recorder, is_over, seed = _Recorder(env, PolicyRunner(policy)), True, first_seed
    for index in range(num_images):
        if is_over or index == num_images // 2:
            recorder.start(seed)
            seed += 1
        # Near the start, where a vehicle can hover unseen.
        is_gap = index == num_images // 2 + 3
        time = GAP if is_gap else 0.0
        num_lost = 0 if is_gap else int(rng.choice(4, p=[0.6, 0.2, 0.1, 0.1]))
        is_over = recorder.step(time, num_lost, float(rng.normal(0.0, _JITTER)))
    return recorder.finish()


class _Recorder:
    """Flies an environment and keeps what the policy is shown."""

    def __init__(self, env: Any, runner: PolicyRunner) -> None:
        self._env, self._runner = env, runner
        self._seen: list[Observation] = []
        self._elapsed: list[float] = []
        self._starts: list[bool] = []

    def start(self, seed: int) -> None:
        """Begin an episode."""
        self._sensed, info = self._env.reset(seed=seed)
        self._runner.start(info)
        self._state = self._runner.policy.initial_state()
        self._is_start = True
        self._time = float(self._sensed['elapsed_time'][0])

    def step(self, gap: float, num_lost: int, jitter: float) -> bool:
        """Answer an image, fly until the next one that is seen; return whether that was the end.

        :param gap: fly blind for so long, hovering [s]. :param num_lost: images in between.
        :param jitter: added to the elapsed time of this image [s].
        """
        samples = ImuSamples(self._sensed['imu'][:, :3], self._sensed['imu'][:, 3:])
        observation = self._runner.observe(self._sensed['image'], samples)
        elapsed = float(np.float32(max(self._time + jitter, 0.001)))
        command, self._state = self._runner.policy(observation, self._state, elapsed)
        self._seen.append(observation)
        self._elapsed.append(elapsed)
        self._starts.append(self._is_start)
        self._is_start, self._time = False, 0.0
        action, rows = command.to_array() * (gap == 0.0), []
        while True:
            self._sensed, _, terminated, truncated, _ = self._env.step(action)
            rows.append(self._sensed['imu'])
            self._time += float(self._sensed['elapsed_time'][0])
            if terminated or truncated:
                # What was seen last stays the last image of this episode.
                return True
            if self._time >= gap - 1e-9 and num_lost == 0:
                self._sensed = {**self._sensed, 'imu': np.concatenate(rows)}
                return False
            num_lost = max(num_lost - 1, 0)

    def finish(self) -> RecordedFlight:
        """Return everything as a flight."""
        return RecordedFlight(
            np.array([each.image for each in self._seen]),
            np.array([each.imu for each in self._seen]),
            np.array(self._elapsed, dtype=np.float32),
            np.array(self._starts),
        )
