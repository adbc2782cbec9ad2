# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A vehicle that is heavier, lighter or weaker than its autopilot believes."""

from dataclasses import dataclass

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import VehicleDisturbance
from sim.vehicles.vehicle import Condition


@dataclass(frozen=True)
class MassChange(VehicleDisturbance):
    """Change the vehicle's mass, and its inertia in proportion; the controller is not retuned.

    :param factor: true mass over the controller's, 0.5 to 1.5.
    """

    factor: float = 1.2

    def __post_init__(self) -> None:
        check_number('factor', self.factor, 0.5, 1.5)

    @property
    def condition(self) -> Condition:
        """The changed mass."""
        return Condition(mass_factor=self.factor)


@dataclass(frozen=True)
class BatterySag(VehicleDisturbance):
    """Let every rotor give less thrust than it was asked for, as on a drained battery.

    :param loss: missing share of the thrust, 0 to 0.5.
    """

    loss: float = 0.2

    def __post_init__(self) -> None:
        check_number('loss', self.loss, 0.0, 0.5)

    @property
    def condition(self) -> Condition:
        """The reduced thrust."""
        return Condition(thrust_factor=1.0 - self.loss)


HEAVIER = (MassChange(1.1), MassChange(1.2), MassChange(1.3))
LIGHTER = (MassChange(0.9), MassChange(0.8), MassChange(0.7))
BATTERY_SAG = (BatterySag(0.1), BatterySag(0.2), BatterySag(0.3))
