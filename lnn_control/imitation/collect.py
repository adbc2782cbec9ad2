# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly episodes and record them: the expert flies, or a policy flies and the expert labels."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.streams import stream
from lnn_control.imitation.episode import Episode
from lnn_control.policies.runner import PolicyRunner


class ExpertEnvironment(Protocol):
    """A Gymnasium environment of camera and IMU that knows an expert for its own state."""

    action_space: Any

    def reset(self, *, seed: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start an episode."""

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Fly an action."""

    def expert_command(self) -> NDArray[np.float32]:
        """Return what the expert would command now, shape (4,)."""


@dataclass(frozen=True)
class CollectSettings:
    """Who flies, and how much it is disturbed."""

    noise: float = 0.3
    """Standard deviation of the disturbance that is added to what is flown, but not to the labels,
    as a share of each axis's usual speed (DART, Laskey et al., CoRL 2017)."""
    noise_time: float = 0.8
    """Correlation time of the disturbance [s]."""
    expert_share: float = 0.3
    """When a policy flies, the share of time that the expert has the controls, in stretches of
    about two seconds (DAgger, Ross et al., AISTATS 2011)."""

    def __post_init__(self) -> None:
        check_number('noise', self.noise, 0.0, 5.0)
        check_number('noise_time', self.noise_time, 0.05, 60.0, 's')
        check_number('expert_share', self.expert_share, 0.0, 1.0)


_USUAL_COMMAND = np.array([1.0, 0.8, 0.2, 0.5], dtype=np.float32)
_SWITCH_TIME = 2.0


def collect_episode(
    env: ExpertEnvironment,
    seed: int,
    settings: CollectSettings,
    runner: PolicyRunner | None = None,
) -> Episode:
    """Fly one episode and label every image with the expert's command.

    :param seed: of the world and of the disturbance.
    :param runner: of the policy that flies; None lets the expert fly.
    :raises DomainError: if the policy was not trained for this environment.
    """
    rng = stream(seed, 'collection')
    sensed, info = env.reset(seed=seed)
    setup = {name: str(value) for name, value in info.get('setup', {}).items()}
    setup['command_limits'] = ' '.join(f'{limit:g}' for limit in env.action_space.high)
    if runner is not None:
        runner.start(info)
    drift = np.zeros(4, dtype=np.float32)
    expert_flies = True
    stamp = 0.0
    images, stamps, imu, imu_stamps, flown, labels = [], [], [], [], [], []
    is_over = False
    while not is_over:
        elapsed = float(sensed['elapsed_time'][0])
        label = env.expert_command()
        action = label
        if runner is not None:
            command = runner.step_sensed(sensed)
            if rng.random() < elapsed / _SWITCH_TIME:
                expert_flies = bool(rng.random() < settings.expert_share)
            action = label if expert_flies else command.to_array()
        keep = np.exp(-elapsed / settings.noise_time)
        kick = np.sqrt(1 - keep**2) * settings.noise * rng.standard_normal(4)
        drift = (keep * drift + kick).astype(np.float32)
        limits = env.action_space
        action = np.clip(action + drift * _USUAL_COMMAND, limits.low, limits.high)
        num_imu = len(sensed['imu'])
        images.append(sensed['image'])
        stamps.append(stamp)
        imu.append(sensed['imu'])
        imu_stamps.append(stamp - elapsed * (np.arange(num_imu)[::-1] / num_imu))
        flown.append(action)
        labels.append(label)
        sensed, _, terminated, truncated, info = env.step(action)
        stamp += float(sensed['elapsed_time'][0])
        is_over = terminated or truncated
    # Stamps start at 1 s: ROS time has no negative numbers.
    return Episode(
        images=np.stack(images),
        image_stamps=np.array(stamps) + 1.0,
        imu=np.concatenate(imu),
        imu_stamps=np.concatenate(imu_stamps) + 1.0,
        flown=np.stack(flown).astype(np.float32),
        labels=np.stack(labels).astype(np.float32),
        metadata=setup
        | {
            'seed': str(seed),
            'pilot': runner.policy.name if runner is not None else 'expert',
            'outcome': str(info['outcome']),
        },
    )
