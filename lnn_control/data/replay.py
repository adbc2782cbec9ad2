# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded episode through a policy, offline: what it would have commanded, and how far off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.domain import FlightSetup
from lnn_control.core.messages import CameraImage
from lnn_control.imitation.episode import StreamedEpisode
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings

_NUM_MAPS = 4


@dataclass(frozen=True, eq=False)
class Replay:
    """What a policy answers to an episode.

    :param answers: vx, vy, vz, yaw rate to every image, shape (n, 4).
    :param differences: of that from what was recorded, shape (n, 4).
    :param neurons: its activity after every image, shape (n, m).
    :param saliency: number of an image -> how much each of its pixels counted to the encoder, 0
        to 1, shape (height, width); empty of a policy that cannot tell.
    """

    answers: NDArray[np.float32]
    differences: NDArray[np.float32]
    neurons: NDArray[np.float32]
    saliency: tuple[tuple[int, NDArray[np.float32]], ...]

    @property
    def rms(self) -> NDArray[np.float64]:
        """Root mean square of the differences of each axis [m/s, rad/s], shape (4,)."""
        return np.sqrt(np.mean(self.differences.astype(np.float64) ** 2, axis=0))


def measure_rms(replays: Sequence[Replay]) -> NDArray[np.float64]:
    """Return the root mean square of the differences of all images together, shape (4,)."""
    rows = np.concatenate([replay.differences for replay in replays]).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(rows**2, axis=0)))


def replay_episode(
    episode: StreamedEpisode, policy: Policy, allow_untrained: bool = False
) -> Replay:
    """Give a policy every image and inertial sample of an episode and note its commands.

    :param allow_untrained: replay also what it was not trained for.
    :raises DomainError: if it was not trained for the episode's task, vehicle or camera.
    :raises ValueError: if the images do not fit it, or nobody says their field of view.
    """
    runner = PolicyRunner(policy, RunnerSettings(allow_untrained=allow_untrained))
    runner.reset(describe_setup(episode))
    if runner.doubt and not allow_untrained:
        raise ValueError(
            f'{runner.doubt}: camera.fov_deg in the contract says it (or --allow-untrained)'
        )
    samples = list(zip(episode.imu_stamps.tolist(), episode.imu, strict=True))
    chosen = np.linspace(0, len(episode) - 1, min(_NUM_MAPS, len(episode)) + 1).astype(int)[1:]
    answers, neurons, maps = [], [], []
    next_sample = 0
    images = zip(episode.image_stamps.tolist(), episode.read_images(), strict=True)
    for place, (stamp, pixels) in enumerate(images):
        # As over the air: what was felt up to the image comes before it.
        while next_sample < len(samples) and samples[next_sample][0] <= stamp + 5e-7:
            sample_stamp, row = samples[next_sample]
            runner.add_imu(sample_stamp, row[:3], row[3:])
            next_sample += 1
        command = runner.step(CameraImage(pixels, stamp))
        assert command is not None  # an episode's stamps increase
        answers.append(command.to_array())
        neurons.append(np.asarray(runner.read_neurons(), np.float32).reshape(-1))
        looked_at = runner.read_saliency(pixels) if place in chosen else None
        if looked_at is not None:
            maps.append((place, looked_at))
    rows = np.array(answers, np.float32)
    return Replay(rows, rows - episode.labels, np.array(neurons, np.float32), tuple(maps))


def describe_setup(episode: StreamedEpisode) -> FlightSetup:
    """Return what an episode says of its flight; what it leaves open is unknown."""
    said = episode.metadata
    numbers = ('camera_fov_deg', 'camera_pitch_deg', 'camera_rate', 'camera_latency')
    return FlightSetup(
        task=said.get('task'),
        vehicle=said.get('vehicle'),
        **{name: float(said[name]) for name in numbers if name in said},
    )
