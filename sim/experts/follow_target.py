# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows map and walk: flies in the target's tracks, looking at it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert
from sim.experts.flight import FlightParameters, compose_command, find_band
from sim.obstacles import Obstacles
from sim.routes import Walk
from sim.worlds.world import World

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class FollowParameters(FlightParameters):
    """How the expert follows.

    :param gap: way along the tracks to keep behind the target [m].
    :param gain: speed per distance from where to be [1/s]. :param max_speed: [m/s].
    :param look_ahead: farthest point of the tracks to fly to [m].
    :param reaction: time after which what is near counts, as velocities change slowly [s].
    :param tight: free space below which it flies no nearer to a surface [m].
    :param roomy: free space from which on surfaces do not matter [m].
    :param person_tight: likewise for the target [m]. :param person_roomy: likewise [m].
    """

    gap: float = 3.0
    gain: float = 0.8
    max_speed: float = 1.8
    look_ahead: float = 1.5
    reaction: float = 0.4
    tight: float = 0.5
    roomy: float = 1.1
    person_tight: float = 1.2
    person_roomy: float = 2.0
    yaw_gain: float = 2.0
    max_yaw_rate: float = 1.5


class FollowTargetExpert(Expert):
    """Flies where the target has walked, a little behind it: that way is free, and sees it.

    :param world: with a walk in its layout. :param duration: of the walk [s].
    """

    def __init__(
        self, world: World, duration: float, parameters: FollowParameters | None = None
    ) -> None:
        self.parameters = p = parameters or FollowParameters()
        self._walk = Walk.of(world.layout)
        self._duration = duration
        self._radius = world.target.radius
        self._obstacles = Obstacles(world, *find_band(p.altitude))
        # The tracks lead on from where the vehicle starts.
        self._tracks = np.vstack([world.layout.start, self._walk.places])
        steps = np.linalg.norm(np.diff(self._tracks, axis=0), axis=1)
        self._way = np.concatenate([[0.0], np.cumsum(steps)])

    def shortest_path(self, position: Vector) -> float:
        """Return how far the target walks [m]."""
        return self._walk.measure_length(self._duration)

    def __call__(self, state: VehicleState, progress: Any) -> VelocityCommand:
        """Return the expert's command in a state, with the target where the progress says."""
        position = state.position_world[:2]
        person, person_velocity = self._walk.locate(progress.time)
        velocity = self._pursue(position, person, float(np.hypot(*person_velocity)))
        drift = self.parameters.reaction * state.velocity_world[:2]
        velocity = self._avoid_solids(position + drift, velocity)
        offset = position + drift - person - self.parameters.reaction * person_velocity
        velocity = person_velocity + self._avoid_person(offset, velocity - person_velocity)
        to_person = person - position
        heading = float(np.arctan2(to_person[1], to_person[0]))
        return compose_command(state, velocity, heading, self.parameters)

    def _pursue(self, position: Vector, person: Vector, pace: float) -> Vector:
        """Return the velocity [m/s] that leads to the place behind the target and stays there."""
        p = self.parameters
        goal_way = self._find_way(person) - p.gap
        own_way = self._find_way(position)
        aim, _ = self._look_up(float(np.clip(goal_way, own_way - 1.0, own_way + p.look_ahead)))
        _, along = self._look_up(goal_way)
        velocity = pace * along + p.gain * (aim - position)
        return np.asarray(velocity * min(1.0, p.max_speed / max(np.hypot(*velocity), 1e-9)))

    def _find_way(self, place: Vector) -> float:
        """Return the way along the tracks [m] to where they are nearest to a place."""
        begin, steps = self._tracks[:-1], np.diff(self._tracks, axis=0)
        share = ((place - begin) * steps).sum(axis=1) / (steps**2).sum(axis=1)
        share = np.clip(share, 0.0, 1.0)
        distance = np.hypot(*(place - begin - share[:, None] * steps).T)
        nearest = int(distance.argmin())
        way = self._way[nearest : nearest + 2]
        return float(way[0] + share[nearest] * (way[1] - way[0]))

    def _look_up(self, way: float) -> tuple[Vector, Vector]:
        """Return the place a way along the tracks [m], and the unit vector along them there."""
        ends = (way - 0.5, way, way + 0.5)
        behind, here, ahead = np.column_stack(
            [np.interp(ends, self._way, column) for column in self._tracks.T]
        )
        along = ahead - behind
        return here, along / max(np.hypot(*along), 1e-9)

    def _avoid_solids(self, place: Vector, velocity: Vector) -> Vector:
        p = self.parameters
        around = place + 0.05 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        distance = self._obstacles.distance(around)
        if distance[0] >= p.roomy:
            return velocity
        slope = np.array([distance[1] - distance[2], distance[3] - distance[4]])
        away = slope / max(np.hypot(*slope), 1e-9)
        return deflect(velocity, away, float(distance[0]), p.tight, p.roomy)

    def _avoid_person(self, offset: Vector, velocity: Vector) -> Vector:
        """Return a velocity relative to the target [m/s] that leads no nearer than it should.

        :param offset: of the vehicle from the target [m]. :param velocity: relative too [m/s].
        """
        p = self.parameters
        distance = float(np.hypot(*offset))
        away = offset / max(distance, 1e-9)
        room = distance - self._radius
        return deflect(velocity, away, room, p.person_tight, p.person_roomy)


def deflect(velocity: Vector, away: Vector, distance: float, tight: float, roomy: float) -> Vector:
    """Return a velocity that does not lead into a surface: it slides along, or backs off.

    :param velocity: [m/s], shape (2,). :param away: unit vector from the surface.
    :param distance: to the surface [m]. :param tight: distance from which on nothing of the
        velocity leads nearer [m]; below, it leads away. :param roomy: distance up to which the
        velocity stays as it is [m].
    """
    room = float(np.clip((distance - tight) / (roomy - tight), 0.0, 1.0))
    inward = max(-float(velocity @ away), 0.0)
    outward = float(np.clip(2.0 * (tight - distance), 0.0, 1.0))
    return np.asarray(velocity + ((1.0 - room) * inward + outward) * away)
