# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How a tyre holds on to the ground.

The single contact point model with relaxation length (Pacejka, Tire and Vehicle Dynamics, 3rd
edition, chapter 7): the tread deflects with the speed at which it slides and is renewed with the
speed at which it rolls. On the move that is a force proportional to the slip angle, at standstill
it is a spring, so that a parked vehicle stays where it is.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from lnn_control.core.checks import check_number
from lnn_control.core.frames import GRAVITY


def check_positive(parameters: Any) -> None:
    """Check every number of a dataclass, also those in tuples.

    :raises ValueError: if one is not finite or not positive.
    """
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if not isinstance(value, Tyre):
            for number in value if isinstance(value, tuple) else (value,):
                check_number(field.name, number, 1e-9, 1e9)


class WheelDrive(NamedTuple):
    """What one wheel is made to do for a physics step.

    :param angle: steering angle, positive to the left [rad].
    :param speed: speed of the tread that a motor keeps up [m/s]; 0 for a brake.
    :param hold: largest force with which motor or brake does so [N].
    :param push: force of a drive at the tread [N].
    """

    angle: float
    speed: float
    hold: float
    push: float


class Deflection(NamedTuple):
    """How far the tread of a tyre is bent forwards and to the left [m]."""

    forward: float = 0.0
    left: float = 0.0


@dataclass(frozen=True)
class Tyre:
    """Four equal tyres of a vehicle; every force is proportional to the load on the wheel.

    :param friction: largest force over load.
    :param slip_stiffness: force over load for each radian of slip angle, and for unit slip.
    :param relaxation_length: rolling distance in which a force builds up [m].
    :param damping_ratio: of the vehicle that swings on standing tyres. A tyre that rolls needs
        no damper, so this one fades out.
    """

    friction: float
    slip_stiffness: float
    relaxation_length: float
    damping_ratio: float = 0.5

    def __post_init__(self) -> None:
        check_positive(self)

    def grip(
        self,
        deflection: Deflection,
        drive: WheelDrive,
        load: float,
        velocity: tuple[float, float],
        elapsed_time: float,
    ) -> tuple[tuple[float, float], Deflection]:
        """Return the force on the wheel, forwards and to the left [N], and the deflection after.

        :param load: force that presses the tyre on the ground [N], positive.
        :param velocity: of the wheel over the ground, forwards and to the left [m/s].
        :param elapsed_time: [s].
        """
        length = self.relaxation_length
        stiffness = self.slip_stiffness / length
        # At this rate [rad/s] a vehicle swings whose whole weight is on such tyres.
        rate = math.sqrt(GRAVITY * stiffness)
        rolling = max(abs(drive.speed), abs(velocity[0]))
        fading = max(0.0, 1.0 - 2.0 * rolling / (length * rate))
        damping = 2.0 * self.damping_ratio * rate / GRAVITY * fading
        slip = velocity[0] - drive.speed
        # Implicit in the renewal, which would be unstable at high speed otherwise.
        x = deflection.forward + elapsed_time * slip
        x /= 1.0 + elapsed_time * abs(drive.speed) / length
        y = deflection.left + elapsed_time * velocity[1]
        y /= 1.0 + elapsed_time * rolling / length
        forward = -stiffness * x - damping * slip
        left = -stiffness * y - damping * velocity[1]
        hold = drive.hold / load
        if abs(forward) > hold:
            forward = math.copysign(hold, forward)
            x = -forward / stiffness
        forward += drive.push / load
        total = math.hypot(forward, left)
        if total > self.friction:
            scale = self.friction / total
            forward, left, x, y = forward * scale, left * scale, x * scale, y * scale
        return (load * forward, load * left), Deflection(x, y)
