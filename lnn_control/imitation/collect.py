# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly episodes and record them: the expert flies, or a policy flies and the expert labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.streams import stream
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.retry import Retry, describe_start
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


# Of a vehicle that does not say [m/s, rad/s].
_USUAL_COMMAND = (1.0, 0.8, 0.2, 0.5)
_SWITCH_TIME = 2.0
# ROS time has no negative numbers, and samples are stamped before the first image [s].
_FIRST_STAMP = 1.0


def collect_episode(
    env: ExpertEnvironment,
    seed: int,
    settings: CollectSettings,
    runner: PolicyRunner | None = None,
    retry: Retry | None = None,
) -> Episode:
    """Fly one episode and label every image with the expert's command.

    Its metadata is the environment's setup, command limits, seed, pilot and outcome. Where the
    environment gives `privileged` in its info or `segmentation`, these are recorded as well.

    :param env: whose `info` stamps what was sensed: `image_stamp` and `imu_stamps`. That of its
        reset may hold the vehicle's `usual_command`, by which the disturbance is measured.
    :param seed: of the world and of the disturbance.
    :param runner: of the policy that flies; None lets the expert fly.
    :param retry: an earlier flight of the seed that is repeated at first; None begins anew. It is
        recorded from shortly before the two part, and the metadata say so.
    :raises DomainError: if the policy was not trained for this environment.
    :raises ValueError: if the environment does not repeat the earlier flight.
    """
    sensed, info = env.reset(seed=seed)
    metadata = {name: str(value) for name, value in info.get('setup', {}).items()}
    metadata['command_limits'] = ' '.join(f'{limit:g}' for limit in env.action_space.high)
    usual = np.array(info.get('usual_command', _USUAL_COMMAND), dtype=np.float32)
    rng = stream(seed, 'collection') if retry is None else retry.generator
    controls = _Controls(settings, rng, usual, retry is None or retry.expert_first)
    if runner is not None:
        runner.start(info)
    recorder = _Recorder()
    if retry is not None:
        sensed, info = _repeat(env, retry, runner, recorder, (sensed, info))
        metadata |= describe_start(retry, info['image_stamp'])
    is_over = False
    while not is_over:
        label = env.expert_command()
        command = None if runner is None else runner.step_sensed(sensed).to_array()
        action = controls.mix(label, command, float(sensed['elapsed_time'][0]))
        action = np.clip(action, env.action_space.low, env.action_space.high)
        recorder.note(sensed, info, action, label)
        sensed, _, terminated, truncated, info = env.step(action)
        is_over = terminated or truncated
    pilot = runner.policy.name if runner is not None else 'expert'
    return recorder.finish(
        metadata | {'seed': str(seed), 'pilot': pilot, 'outcome': str(info['outcome'])}
    )


@dataclass
class _Controls:
    """Who has the controls, and what disturbs them.

    :param usual: speeds of each axis, by which the disturbance is measured, shape (4,).
    :param expert_flies: at first.
    """

    settings: CollectSettings
    rng: np.random.Generator
    usual: NDArray[np.float32]
    expert_flies: bool = True
    drift: NDArray[np.float32] = field(default_factory=lambda: np.zeros(4, dtype=np.float32))

    def mix(
        self, label: NDArray[np.float32], command: NDArray[np.float32] | None, elapsed: float
    ) -> NDArray[np.float32]:
        """Return what is flown, shape (4,).

        :param label: the expert's command. :param command: the policy's, None without one.
        :param elapsed: since the last image [s].
        """
        # Who flies: the expert, or the two in turns that last two seconds on average.
        action = label
        if command is not None:
            if self.rng.random() < elapsed / _SWITCH_TIME:
                self.expert_flies = bool(self.rng.random() < self.settings.expert_share)
            action = label if self.expert_flies else command
        # What is flown wanders about that: an Ornstein-Uhlenbeck process.
        keep = np.exp(-elapsed / self.settings.noise_time)
        kick = np.sqrt(1 - keep**2) * self.settings.noise * self.rng.standard_normal(4)
        self.drift = (keep * self.drift + kick).astype(np.float32)
        return action + self.drift * self.usual


_Sensed = tuple[dict[str, NDArray[Any]], dict[str, Any]]


def _repeat(
    env: ExpertEnvironment,
    retry: Retry,
    runner: PolicyRunner | None,
    recorder: '_Recorder',
    start: _Sensed,
) -> _Sensed:
    """Fly the commands of an earlier flight again, and return what is sensed after them.

    The policy sees it all, so that its memory is as if it had flown. Its last part is recorded.

    :raises ValueError: if that does not lead where the earlier flight was.
    """
    sensed, info = start
    first = len(retry.commands) - retry.num_recorded
    for number, command in enumerate(retry.commands):
        if runner is not None:
            runner.step_sensed(sensed)
        if number >= first:
            recorder.note(sensed, info, command, env.expert_command())
        sensed, _, terminated, truncated, info = env.step(command)
        if terminated or truncated:
            break
    else:
        # What the expert would do follows from where the vehicle is and how it moves.
        if np.allclose(env.expert_command(), retry.label, atol=1e-3):
            return sensed, info
    raise ValueError(
        'the same seed and commands must lead to the same flight, but went elsewhere: the earlier '
        'one was recorded with another version, or the task is not repeatable; go on with '
        '--retries 0'
    )


@dataclass
class _Recorder:
    """Keeps what is recorded of every image."""

    sensed: list[Mapping[str, NDArray[Any]]] = field(default_factory=list)
    info: list[Mapping[str, Any]] = field(default_factory=list)
    flown: list[NDArray[np.float32]] = field(default_factory=list)
    labels: list[NDArray[np.float32]] = field(default_factory=list)

    def note(
        self,
        sensed: Mapping[str, NDArray[Any]],
        info: Mapping[str, Any],
        action: NDArray[np.float32],
        label: NDArray[np.float32],
    ) -> None:
        """Keep what was sensed and flown, and what the expert would have flown."""
        wanted = {'image', 'imu', 'segmentation'}
        self.sensed.append({name: sensed[name] for name in wanted & sensed.keys()})
        wanted = {'image_stamp', 'imu_stamps', 'privileged'}
        self.info.append({name: info[name] for name in wanted & info.keys()})
        self.flown.append(action)
        self.labels.append(label)

    def finish(self, metadata: dict[str, str]) -> Episode:
        """Return everything as an episode.

        :raises ValueError: if the environment does not stamp what it senses.
        """
        if not {'image_stamp', 'imu_stamps'} <= self.info[0].keys():
            raise ValueError(
                'info of the environment must hold image_stamp and imu_stamps beside each '
                f'observation, got {sorted(self.info[0])}'
            )
        imu_stamps = np.concatenate([info['imu_stamps'] for info in self.info])
        has_truth, has_classes = 'privileged' in self.info[0], 'segmentation' in self.sensed[0]
        return Episode(
            images=self._stack('image'),
            image_stamps=np.array([info['image_stamp'] for info in self.info]) + _FIRST_STAMP,
            imu=np.concatenate([sensed['imu'] for sensed in self.sensed]),
            imu_stamps=imu_stamps + _FIRST_STAMP,
            flown=np.stack(self.flown).astype(np.float32),
            labels=np.stack(self.labels).astype(np.float32),
            metadata=metadata,
            privileged=np.stack([i['privileged'] for i in self.info]) if has_truth else None,
            segmentation=self._stack('segmentation') if has_classes else None,
        )

    def _stack(self, name: str) -> NDArray[Any]:
        return np.stack([sensed[name] for sensed in self.sensed])
