# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles that share a world, advanced by commands: the clock of the simulator."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from lnn_control.core.fleet import name_vehicles
from lnn_control.core.messages import VelocityCommand
from sim.craft import Craft, Equipment, SensorFrame, Start
from sim.disturbances import Disturbance, check_disturbances
from sim.physics import Physics
from sim.release import release_with, return_memory
from sim.renderers import Renderer, make_renderer
from sim.settings import IMU_TICKS, PHYSICS_TICKS, TICK_RATE, SimulationSettings
from sim.vehicles import Vehicle, find_vehicle
from sim.worlds.world import World

VehicleFactory = Callable[[Physics], Vehicle]


class Fleet:
    """Vehicles of one kind in one world: each sees the others and can run into them.

    Every vehicle has a target of its own, which the others neither see nor touch. Where no task
    moves it, all stand where the world has put it, which is as one.

    Close it when done; one that is dropped closes itself. It cannot be copied.

    :param disturbances: what makes flights harder, in the order of its effect on images; for each
        vehicle they are drawn anew.
    :param vehicle: one of sim.vehicles.VEHICLES, `module:Class`, or what makes one.
    :param number: of vehicles.
    :ivar crafts: the vehicles with their sensors.
    :ivar is_closed: whether they can fly no more.
    """

    def __init__(
        self,
        settings: SimulationSettings | None = None,
        disturbances: Sequence[Disturbance] = (),
        vehicle: str | VehicleFactory = 'quadrotor',
        number: int = 1,
    ) -> None:
        make_vehicle = find_vehicle(vehicle) if isinstance(vehicle, str) else vehicle
        names = name_vehicles(number)
        self.settings = settings or SimulationSettings()
        checked = check_disturbances(disturbances)
        self.renderer = make_renderer(self.settings.renderer, self.settings.camera)
        self.physics = Physics()
        shared = (self.physics, self.renderer)
        self.crafts = tuple(
            Craft(Equipment(self.settings, checked, make_vehicle(self.physics), *shared), i, name)
            for i, name in enumerate(names)
        )
        self._camera_ticks = round(TICK_RATE / self.settings.camera_rate)
        self._world: World | None = None
        self._tick = 0
        self.is_closed = False
        self._release = release_with(self, partial(_free, self.renderer, self.physics))

    def reset(self, world: World, seed: int, starts: Sequence[Start]) -> None:
        """Put every vehicle at its start, at rest, and restart the clock at 0.

        :param seed: of sensor and thrust noise, and of the disturbances.
        :param starts: one a vehicle.
        :raises ValueError: if there is another number of starts, or vehicles touch there.
        :raises RuntimeError: if the fleet is closed.
        """
        self._check_open()
        if len(starts) != len(self.crafts):
            raise ValueError(f'expected {len(self.crafts)} starts, one a vehicle, got {starts!r}')
        self.renderer.load(world)
        self.physics.load(world, num_targets=len(self.crafts))
        self._world = world
        self._tick = 0
        for craft, start in zip(self.crafts, starts, strict=True):
            craft.reset(world, seed, start)
        if len(self.crafts) > 1:
            bodies = {craft.vehicle.body: craft.name for craft in self.crafts}
            self.physics.tell_apart(bodies)
            self.renderer.load_vehicles([craft.vehicle.make_look() for craft in self.crafts])

    @property
    def tick(self) -> int:
        """Simulated time since the reset, in ticks."""
        return self._tick

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return self._tick / TICK_RATE

    @property
    def delivery_time(self) -> float:
        """How long to advance after a reset to get the first image [s]."""
        return self.crafts[0].delivery_ticks / TICK_RATE

    @property
    def world(self) -> World:
        """The world that is loaded.

        :raises RuntimeError: before the first reset.
        """
        if self._world is None:
            raise RuntimeError('no world is loaded: call reset(world, seed) first')
        return self._world

    def advance(self, commands: Sequence[VelocityCommand], duration: float) -> list[SensorFrame]:
        """Let every vehicle fly its command; return what the sensors of each delivered.

        :param commands: one a vehicle. :param duration: [s], a multiple of 1/1200 s.
        :raises ValueError: if the duration is not positive or no such multiple, or if there is
            another number of commands.
        :raises RuntimeError: before the first reset or if the fleet is closed.
        """
        ticks = round(duration * TICK_RATE)
        if ticks < 1 or abs(ticks - duration * TICK_RATE) > 1e-6:
            raise ValueError(
                f'duration must be a positive multiple of 1/{TICK_RATE} s, got {duration!r}'
            )
        self._check_open()
        _ = self.world
        crafts = self.crafts
        if len(commands) != len(crafts):
            raise ValueError(f'expected {len(crafts)} commands, one a vehicle, got {commands!r}')
        for craft in crafts:
            craft.begin_frame()
        for _ in range(ticks):
            if self._tick % self._camera_ticks == 0:
                self._expose()
            self._tick += 1
            # At the end of its interval, so that nothing is ahead of the clock.
            if self._tick % PHYSICS_TICKS == 0:
                self._step_physics(commands)
            if self._tick % IMU_TICKS == 0:
                for craft in crafts:
                    craft.measure(self.time)
            for craft in crafts:
                if craft.pending and craft.pending[0][0] <= self._tick:
                    craft.deliver()
        return [craft.take_frame(self.time) for craft in crafts]

    def _step_physics(self, commands: Sequence[VelocityCommand]) -> None:
        for craft, command in zip(self.crafts, commands, strict=True):
            craft.push(command)
        self.physics.step()
        for craft in self.crafts:
            craft.feel_step()

    def _expose(self) -> None:
        """Let every camera take an image: of the other vehicles, but not of its own."""
        if len(self.crafts) == 1:
            self.crafts[0].expose(self._tick)
            return
        poses = [craft.vehicle.read_pose() for craft in self.crafts]
        for craft in self.crafts:
            self.renderer.place_vehicles(
                [
                    None if other is craft else pose
                    for other, pose in zip(self.crafts, poses, strict=True)
                ]
            )
            craft.show_target()
            craft.expose(self._tick)

    def _check_open(self) -> None:
        if self.is_closed:
            raise RuntimeError('the simulation is closed: make a new one')

    def __reduce__(self) -> NoReturn:
        raise TypeError('a simulation cannot be copied: make a new one by the same arguments')

    def close(self) -> None:
        """Free renderer and physics. Closing twice is allowed."""
        self.is_closed = True
        self._release()


def _free(renderer: Renderer, physics: Physics) -> None:
    renderer.close()
    physics.close()
    return_memory()
