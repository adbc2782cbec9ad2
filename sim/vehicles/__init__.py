# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles: rigid bodies with drives and the controllers that make them follow commands."""

from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry, check_subclass
from sim.lazy import import_on_demand

if TYPE_CHECKING:
    from sim.vehicles.car import Car
    from sim.vehicles.quadrotor import Quadrotor
    from sim.vehicles.rover import Rover
    from sim.vehicles.vehicle import Vehicle

__getattr__ = import_on_demand(
    __name__, {'Car': 'car', 'Quadrotor': 'quadrotor', 'Rover': 'rover', 'Vehicle': 'vehicle'}
)


def _check_vehicle(entry: object) -> None:
    from sim.vehicles.vehicle import Vehicle

    check_subclass(Vehicle)(entry)
    missing = [name for name in ('name', 'command_limits') if not hasattr(entry, name)]
    if missing:
        raise ValueError(f'a vehicle must say {", ".join(missing)}')


VEHICLES: 'Registry[type[Vehicle]]' = Registry(
    'vehicle',
    'lnn_control.vehicles',
    {
        'quadrotor': 'sim.vehicles.quadrotor:Quadrotor',
        'rover': 'sim.vehicles.rover:Rover',
        'car': 'sim.vehicles.car:Car',
    },
    _check_vehicle,
)
"""Name of a vehicle -> its class, a subclass of :class:`sim.vehicles.vehicle.Vehicle`."""


def find_vehicle(vehicle: 'str | type[Vehicle]') -> 'type[Vehicle]':
    """Return the class of a vehicle that is given by its name, as `module:Class` or itself.

    :raises ValueError: if there is no such vehicle.
    """
    return VEHICLES.find(vehicle) if isinstance(vehicle, str) else vehicle


__all__ = ['VEHICLES', 'Car', 'Quadrotor', 'Rover', 'Vehicle', 'find_vehicle']
