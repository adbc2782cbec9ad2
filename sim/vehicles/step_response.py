# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How a vehicle answers when its command jumps: rise, overshoot, settling, what is left over."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.frames import rotation_world_from_level, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.vehicle import Vehicle

AXES = {'forward': 'm/s', 'left': 'm/s', 'up': 'm/s', 'yaw rate': 'rad/s'}
"""What a command is made of, in its order -> the unit."""

SETTLED = 0.05
"""Share of the step within which a response counts as settled."""

_REST = 1.0
_LEAD = 5.0
_FINAL = 1.0
_FLIGHT_HEIGHT = 30.0


@dataclass(frozen=True)
class Step:
    """One entry of a command that jumps from 0 to its size.

    :param axis: one of AXES. :param size: [m/s] or [rad/s], not 0.
    :param cruise: forward speed commanded before and after [m/s]; cars turn only on the move.
    :param duration: for which the response is watched [s].
    """

    axis: str
    size: float
    cruise: float = 0.0
    duration: float = 6.0

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise ValueError(f'axis must be one of {list(AXES)}, got {self.axis!r}')
        check_number('size', self.size, -100.0, 100.0)
        if self.size == 0:
            raise ValueError('size must not be 0, there would be no step')
        check_number('cruise', self.cruise, -100.0, 100.0, 'm/s')
        if self.cruise and self.axis == 'forward':
            raise ValueError(f'cruise must be 0 for a step forward, got {self.cruise!r}')
        check_number('duration', self.duration, 2 * _FINAL, 600.0, 's')

    @property
    def command(self) -> VelocityCommand:
        """The command after the jump."""
        values = [self.cruise, 0.0, 0.0, 0.0]
        values[list(AXES).index(self.axis)] = self.size
        return VelocityCommand(*values)

    def describe(self) -> str:
        """Return the step in words."""
        words = f'{self.axis} 0 to {self.size:g} {AXES[self.axis]}'
        return f'{words} at {self.cruise:g} m/s' if self.cruise else words


@dataclass(frozen=True, eq=False)
class StepResponse:
    """What came of a step. The jump is at time 0.

    :param times: rising, the last one at least 2 s [s], shape (n,).
    :param values: of the axis that jumped, shape (n,).
    """

    step: Step
    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        times = check_array('times', self.times, (None,))
        object.__setattr__(self, 'times', times)
        object.__setattr__(self, 'values', check_array('values', self.values, times.shape))
        if len(times) < 2 or (np.diff(times) <= 0).any() or times[-1] < 2 * _FINAL:
            raise ValueError(f'times must rise and reach {2 * _FINAL:g} s, got {times}')

    @property
    def rise_time(self) -> float:
        """Time from 10 % to 90 % of the step [s], infinite if it never gets there."""
        return self._find_crossing(0.9) - self._find_crossing(0.1)

    @property
    def overshoot(self) -> float:
        """How far it goes beyond the step, as a share of the step; 0 if it does not."""
        return max(0.0, float(self._shares.max()) - 1.0)

    @property
    def settling_time(self) -> float:
        """Time after which it stays within 5 % of the step [s], infinite if it does not."""
        outside = np.flatnonzero(np.abs(self._shares - 1.0) > SETTLED)
        if len(outside) == 0:
            return 0.0
        last = int(outside[-1])
        return float(self.times[last + 1]) if last + 1 < len(self.times) else math.inf

    @property
    def final_error(self) -> float:
        """Mean of the last second minus what is commanded, in the unit of the axis."""
        final = self.times > self.times[-1] - _FINAL
        return float(self.values[final].mean()) - self.step.size

    @property
    def _shares(self) -> NDArray[np.float64]:
        return np.asarray(self.values / self.step.size)

    def _find_crossing(self, level: float) -> float:
        """Return when the response first reaches a share of the step [s]."""
        above = self._shares >= level
        if not above.any():
            return math.inf
        index = int(np.argmax(above))
        if index == 0:
            return float(self.times[0])
        around = slice(index - 1, index + 1)
        return float(np.interp(level, self._shares[around], self.times[around]))


def choose_steps(vehicle: type[Vehicle]) -> list[Step]:
    """Return steps worth flying: all axes for aircraft, forward and yaw for what rolls."""
    speed, _, _, yaw_rate = vehicle.command_limits
    if vehicle.rest_height > 0.0:
        return [
            Step('forward', speed / 2, duration=12.0),
            Step('forward', speed, duration=12.0),
            Step('yaw rate', yaw_rate / 4, cruise=speed / 2),
        ]
    return [
        Step('forward', 1.0),
        Step('forward', speed),
        Step('left', 1.0),
        Step('left', speed),
        Step('up', 1.0),
        Step('up', -1.0),
        Step('yaw rate', 1.0),
    ]


def measure_response(make_vehicle: Callable[[Physics], Vehicle], step: Step) -> StepResponse:
    """Return how a vehicle on level ground, or 30 m above it, answers in still air.

    :param make_vehicle: such as Quadrotor, or anything in sim.vehicles.VEHICLES.
    """
    with Physics() as physics:
        physics.clear()
        vehicle = make_vehicle(physics)
        height = vehicle.rest_height or _FLIGHT_HEIGHT
        vehicle.spawn(VehicleState(np.array([0.0, 0.0, height])))
        lead = _LEAD if step.cruise else _REST
        for _ in range(round(lead * PHYSICS_RATE)):
            vehicle.push(VelocityCommand(vx=step.cruise))
            physics.step()
        axis, values = list(AXES).index(step.axis), []
        num_steps = round(step.duration * PHYSICS_RATE)
        for _ in range(num_steps):
            values.append(read_motion(vehicle)[axis])
            vehicle.push(step.command)
            physics.step()
        values.append(read_motion(vehicle)[axis])
    return StepResponse(step, np.arange(num_steps + 1) / PHYSICS_RATE, np.array(values))


def read_motion(vehicle: Vehicle) -> NDArray[np.float64]:
    """Return forward, left, up velocity [m/s] in the level frame and yaw rate [rad/s]."""
    state = vehicle.read_state(0.0)
    level = rotation_world_from_level(yaw_from_quaternion(state.orientation_world))
    return np.append(level.T @ state.velocity_world, state.angular_velocity[2])
