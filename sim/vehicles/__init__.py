# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles: rigid bodies with drives and the controllers that make them follow commands."""

from sim.vehicles.car import Car
from sim.vehicles.quadrotor import Quadrotor
from sim.vehicles.rover import Rover
from sim.vehicles.vehicle import Vehicle

VEHICLES: dict[str, type[Vehicle]] = {vehicle.name: vehicle for vehicle in (Quadrotor, Rover, Car)}

__all__ = ['VEHICLES', 'Car', 'Quadrotor', 'Rover', 'Vehicle']
