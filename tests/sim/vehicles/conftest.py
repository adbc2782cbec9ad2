# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drives vehicles through bare worlds and keeps every state."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from lnn_control.core.frames import euler_from_quaternion, quaternion_from_euler
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles import Vehicle
from sim.vehicles.vehicle import Condition
from sim.worlds.world import Instance, Layout, World


@dataclass(frozen=True)
class Drive:
    """How to drive: start, surroundings and duration."""

    duration: float = 4.0
    start: VehicleState | None = None
    world: World | None = None
    condition: Condition | None = None
    seed: int | None = None
    wind: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Track:
    """Every state of a drive, 240 a second, the start included."""

    positions: np.ndarray
    velocities: np.ndarray
    rates: np.ndarray
    eulers: np.ndarray
    touched: np.ndarray

    @property
    def accelerations(self) -> np.ndarray:
        return np.diff(self.velocities, axis=0) * PHYSICS_RATE

    @property
    def speeds(self) -> np.ndarray:
        return np.hypot(self.velocities[:, 0], self.velocities[:, 1])


Driver = Callable[..., Track]


def start_at(vehicle, x=0.0, y=0.0, yaw=0.0, speed=0.0) -> VehicleState:
    """Return a state on level ground, on the move if wanted."""
    return VehicleState(
        np.array([x, y, vehicle.rest_height]),
        quaternion_from_euler(0.0, 0.0, yaw),
        speed * np.array([np.cos(yaw), np.sin(yaw), 0.0]),
    )


@pytest.fixture(scope='module')
def physics() -> Iterator[Physics]:
    with Physics() as physics:
        yield physics


@pytest.fixture
def world(make_world) -> Callable[..., World]:
    """Return a function that makes a world of solids, its target far away."""

    def make(*solids):
        bare = make_world(*solids)
        target = replace(bare.target, instance=Instance('chair', 500.0, 500.0))
        return replace(bare, layout=Layout((0.0, 0.0), (50.0, 50.0)), target=target)

    return make


@pytest.fixture
def drive(physics, world) -> Driver:
    """Return a function that drives a command, or a function of time, and returns the track."""

    def run(kind: type[Vehicle], command, how: Drive | None = None) -> Track:
        how = how or Drive()
        physics.load(how.world or world())
        vehicle = kind(physics)
        vehicle.spawn(how.start or start_at(kind), how.condition)
        rng = None if how.seed is None else np.random.default_rng(how.seed)
        states, touched = [vehicle.read_state(0.0)], [physics.has_contact(vehicle.body)]
        for step in range(round(how.duration * PHYSICS_RATE)):
            now = command(step / PHYSICS_RATE) if callable(command) else command
            vehicle.push(VelocityCommand(*now), rng, how.wind)
            physics.step()
            states.append(vehicle.read_state(0.0))
            touched.append(physics.has_contact(vehicle.body))
        return Track(
            np.array([state.position_world for state in states]),
            np.array([state.velocity_world for state in states]),
            np.array([state.angular_velocity for state in states]),
            np.array([euler_from_quaternion(state.orientation_world) for state in states]),
            np.array(touched),
        )

    return run
