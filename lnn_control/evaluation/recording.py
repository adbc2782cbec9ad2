# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A trial in an environment recorded as a flight, with all that the vehicle saw and did."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.flight import Flight, compress_view, pack_views
from lnn_control.core.frames import rotation_world_from_level
from lnn_control.evaluation.trial import Moment, TrialEnvironment, TrialResult, run_trial
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import RunnerSettings

MAX_IMAGES = 1500
"""Images that a recording keeps; of a longer flight every second one, or every third."""

FAR = 1000.0
"""Recorded clearance where there is no obstacle [m]."""


@dataclass(frozen=True, eq=False)
class RecordedTrial:
    """A result with the flight it was measured from.

    :param clearances: distance of the vehicle's middle to the nearest solid at each pose [m].
    """

    result: TrialResult
    flight: Flight
    clearances: NDArray[np.float64]


def record_trial(
    env: TrialEnvironment,
    policy: Policy,
    seed: int,
    settings: RunnerSettings | None = None,
    look: Callable[[], NDArray[np.uint8]] | None = None,
) -> RecordedTrial:
    """Fly one seed as :func:`run_trial` does, with the same result, and record it.

    There is one pose and one command an image. Velocities are in the levelled body frame.

    :param env: whose `info` also has velocity, yaw and target_position.
    :param look: draws what the camera would see now with more pixels, for people.
    :raises DomainError: if the policy was not trained for this environment.
    """
    recorder = _Recorder(look)
    begun_at = time.monotonic()
    result = run_trial(env, policy, seed, settings, recorder)
    return recorder.finish(result, time.monotonic() - begun_at)


@dataclass
class _Recorder:
    """Keeps what a trial shows it."""

    look: Callable[[], NDArray[np.uint8]] | None = None
    images: list[NDArray[np.uint8]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    commands: list[NDArray[np.float32]] = field(default_factory=list)
    asked: list[NDArray[np.float32]] = field(default_factory=list)
    neurons: list[NDArray[np.float32]] = field(default_factory=list)
    saliency: list[NDArray[np.uint8]] = field(default_factory=list)
    views: list[NDArray[np.uint8]] = field(default_factory=list)
    truths: list[Mapping[str, Any]] = field(default_factory=list)

    def note(self, moment: Moment) -> None:
        """Keep image, what of it counts, command, neurons and truth."""
        self.images.append(moment.sensed['image'])
        self.elapsed.append(float(moment.sensed['elapsed_time'][0]))
        self.commands.append(moment.command)
        self.asked.append(moment.runner.asked.to_array())
        self.neurons.append(moment.runner.read_neurons())
        found = moment.runner.read_saliency(moment.sensed['image'])
        if found is not None:
            self.saliency.append(np.rint(255 * found).astype(np.uint8))
        if self.look is not None:
            self.views.append(compress_view(self.look()))
        self.truths.append(moment.info)

    def end(self, info: Mapping[str, Any]) -> None:
        """Keep the last truth."""
        self.truths.append(info)

    def finish(self, result: TrialResult, wall_duration: float) -> RecordedTrial:
        """Return everything as a flight."""
        # The first image is exposed at the start; each later one an elapsed time after the last.
        image_times = np.cumsum(self.elapsed) - self.elapsed[0]
        pose_times, yaws = self._gather('time'), self._gather('yaw')
        velocities = [
            rotation_world_from_level(yaw).T @ velocity
            for yaw, velocity in zip(yaws, self._gather('velocity'), strict=True)
        ]
        num_readings = len(self.neurons) if self.neurons[0].size else 0
        every = -(-len(self.images) // MAX_IMAGES)
        views, view_ends = pack_views(self.views[::every])
        flight = Flight(
            images=np.array(self.images[::every]),
            image_times=image_times[::every],
            positions_world=self._gather('position'),
            yaws=yaws,
            velocities=np.array(velocities),
            pose_times=pose_times,
            commands=np.array(self.commands),
            asked=np.array(self.asked),
            # Flown from when its image has arrived.
            command_times=pose_times[:-1],
            neurons=np.array(self.neurons[:num_readings] or np.zeros((0, 0)), dtype=np.float32),
            neuron_times=image_times[:num_readings],
            latencies=np.zeros(0),
            outcome=result.outcome,
            duration=result.duration,
            wall_duration=wall_duration,
            distances=self._gather('distance_to_target'),
            targets_world=self._gather('target_position'),
            saliency=np.array(self.saliency[::every] or np.zeros((0, 0, 0)), dtype=np.uint8),
            views=views,
            view_ends=view_ends,
        )
        return RecordedTrial(result, flight, np.minimum(self._gather('clearance'), FAR))

    def _gather(self, name: str) -> NDArray[np.float64]:
        return np.array([truth[name] for truth in self.truths], dtype=np.float64)
