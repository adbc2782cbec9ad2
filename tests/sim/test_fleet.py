# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Several vehicles in one world see each other, run into each other and disturb nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VelocityCommand
from sim.craft import Start
from sim.disturbances import GustingWind
from sim.fleet import Fleet
from sim.physics import Physics
from sim.renderers import Label, make_renderer
from sim.sensors.image_noise import ImageNoise
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera
from sim.settings import SimulationSettings
from sim.simulation import Simulation
from sim.vehicles import VEHICLES
from sim.vehicles.looks import draw_box
from sim.worlds.world import Cylinder
from tests.sim.test_renderers import EYE, build, build_lone_cube, every_renderer

HOVER = VelocityCommand()
HERE = Start((0.0, 0.0))
Make = Callable[..., Fleet]


@pytest.fixture
def make_fleet() -> Iterator[Make]:
    """Return a function that makes fleets; all are closed in the end."""
    made = []

    def make(number: int = 2, vehicle: Any = 'quadrotor', **settings: Any) -> Fleet:
        chosen = {'renderer': 'none', **settings}
        made.append(Fleet(SimulationSettings(**chosen), vehicle=vehicle, number=number))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


def see(fleet: Fleet) -> list[Any]:
    """Return what every camera saw first."""
    return fleet.advance([HOVER] * len(fleet.crafts), fleet.delivery_time)


def fly(fleet: Fleet, *commands: VelocityCommand, duration: float) -> list[Any]:
    return [fleet.advance(commands, 0.05) for _ in range(round(duration / 0.05))]


@every_renderer
def test_vehicle_in_front_of_the_camera_is_seen_and_one_behind_is_not(name, make_fleet):
    clean = {'layers': True, 'image_noise': ImageNoise(0, 0, 0), 'camera_latency': 0.0}
    fleet, world = make_fleet(renderer=name, **clean), build()
    seen = []
    for x in (1.2, -1.2):
        fleet.reset(world, 0, [HERE, Start((x, 0.1))])
        seen.append(see(fleet)[0])
    ahead, behind = seen
    is_vehicle = ahead.layers.labels == Label.VEHICLE
    assert 60 < is_vehicle.sum() < 600
    assert not (behind.layers.labels == Label.VEHICLE).any()
    # Nothing but its own pixels changes, and these it covers with what it is.
    differs = (ahead.image.pixels != behind.image.pixels).any(axis=2)
    assert differs[is_vehicle].mean() > 0.9
    assert not differs[~is_vehicle].any()
    depth = ahead.layers.depth[is_vehicle]
    assert 0.85 < depth.min() < 1.05
    assert depth.max() < 1.55


@every_renderer
def test_vehicle_never_sees_itself_but_others_see_it(name, make_fleet):
    # From half a metre behind it and above, where it would be right in the picture.
    mount = CameraMount((-0.6, 0.0, 0.25), pitch=0.2)
    fleet = make_fleet(renderer=name, layers=True, mount=mount)
    fleet.reset(build(), 0, [HERE, Start((-1.0, 0.0))])
    own, others = ((frame.layers.labels == Label.VEHICLE).sum() for frame in see(fleet))
    assert own == 0
    assert others > 20


@every_renderer
def test_vehicle_is_drawn_where_it_is_and_as_it_lies(name):
    camera = PinholeCamera(480, 270)
    renderer = make_renderer(name, camera)
    renderer.load(build_lone_cube((4.0, 30.0, 1.5), size=0.1))
    renderer.load_vehicles([draw_box((-0.1, -0.8, -0.2), (0.1, 0.8, 0.2))] * 2)
    spans = []
    for roll, y in ((0.0, 1.0), (np.pi / 2, -1.0)):
        pose = (np.add(EYE, (4.0, y, 0.0)), quaternion_from_euler(roll, 0.0, 0.0))
        renderer.place_vehicles([None, pose])
        labels = renderer.render_layers(EYE, np.eye(3)).labels
        rows, columns = np.nonzero(labels == Label.VEHICLE)
        middle = camera.project(np.array([[-y, 0.0, 3.9]]))[0]
        assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(middle, abs=4.0)
        spans.append((np.ptp(columns) + 1, np.ptp(rows) + 1))
    renderer.place_vehicles([None, None])
    assert not (renderer.render_layers(EYE, np.eye(3)).labels == Label.VEHICLE).any()
    renderer.close()
    # 1.6 m by 0.4 m from 3.9 m away, then the other way round.
    expected = np.array((1.6, 0.4)) * camera.focal_length_px / 3.9
    assert spans[0] == pytest.approx(expected, abs=4.0)
    assert spans[1] == pytest.approx(expected[::-1], abs=4.0)


def test_what_a_vehicle_sees_does_not_depend_on_the_renderer(make_fleet):
    world, shown = build(), []
    for name in ('tiny', 'gl'):
        try:
            fleet = make_fleet(renderer=name, layers=True, camera=PinholeCamera(256, 144))
        except (OSError, ModuleNotFoundError) as error:
            pytest.skip(str(error))
        fleet.reset(world, 0, [HERE, Start((2.0, 0.3), 0.7)])
        shown.append(see(fleet)[0].layers.labels == Label.VEHICLE)
    either, both = np.logical_or(*shown).sum(), np.logical_and(*shown).sum()
    assert either > 80
    assert both > 0.97 * either


def test_vehicles_collide_and_each_is_told_with_whom(make_fleet, make_world):
    fleet = make_fleet(number=3)
    starts = [HERE, Start((3.0, 0.0), np.pi), Start((0.0, 5.0))]
    fleet.reset(make_world(), 0, starts)
    ahead = VelocityCommand(vx=1.0)
    fly(fleet, ahead, ahead, HOVER, duration=1.0)
    assert [craft.hit for craft in fleet.crafts] == [None, None, None]
    fly(fleet, ahead, ahead, HOVER, duration=1.5)
    assert [craft.hit for craft in fleet.crafts] == ['vehicle2', 'vehicle1', None]
    assert [craft.was_run_into for craft in fleet.crafts] == [True, True, False]
    # They are solid: neither has flown through the other.
    first, second = (craft.vehicle.read_position()[0] for craft in fleet.crafts[:2])
    assert first < second


def test_solids_keep_their_names_where_there_are_several_vehicles(make_fleet, make_world):
    fleet = make_fleet()
    fleet.reset(make_world(Cylinder(3.0, 0.0, 0.3, 4.0, kind='pine')), 0, [HERE, Start((0.0, 3))])
    fly(fleet, VelocityCommand(vx=2.0), VelocityCommand(vz=-1.0), duration=3.0)
    assert [craft.hit for craft in fleet.crafts] == ['pine', 'ground']
    assert not any(craft.was_run_into for craft in fleet.crafts)


def gather(fleet: Fleet, frames: list[Any]) -> list[list[bytes]]:
    """Return for each vehicle all that its sensors gave and where it ended, as bytes."""
    return [
        [
            *(frame[i].imu.linear_acceleration.tobytes() for frame in frames),
            *(frame[i].image.pixels.tobytes() for frame in frames if frame[i].image is not None),
            craft.vehicle.read_position().tobytes(),
        ]
        for i, craft in enumerate(fleet.crafts)
    ]


def test_same_seed_gives_the_same_flights(make_fleet):
    world, starts = build(), [HERE, Start((2.0, 0.5), 0.3)]
    commands = VelocityCommand(vx=0.5), VelocityCommand(vx=1.0, yaw_rate=0.3)
    runs = []
    for seed in (4, 4, 5):
        fleet = make_fleet(renderer='tiny', camera=PinholeCamera(32, 18))
        fleet.reset(world, seed, starts)
        runs.append(gather(fleet, fly(fleet, *commands, duration=0.5)))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_every_vehicle_has_noise_of_its_own(make_fleet, make_world):
    fleet = make_fleet(image_noise=ImageNoise(exposure=0.0))
    fleet.reset(make_world(), 0, [HERE, Start((0.0, 3.0))])
    first, second = see(fleet)
    # Side by side they feel the same, and without a renderer both see black.
    felt = [frame.imu.angular_velocity for frame in (first, second)]
    assert (felt[0] != felt[1]).mean() > 0.9
    assert (first.image.pixels != second.image.pixels).mean() > 0.2


def test_vehicle_out_of_sight_changes_nothing_for_the_first(make_fleet):
    world, ahead = build(), VelocityCommand(vx=0.5, yaw_rate=0.2)
    settings = {'renderer': 'tiny', 'camera': PinholeCamera(32, 18)}
    fleet = make_fleet(**settings)
    fleet.reset(world, 4, [Start(world.layout.start, 0.1, 1.6), Start((-4.0, 0.0))])
    together = gather(fleet, fly(fleet, ahead, HOVER, duration=0.5))[0]
    alone = Simulation(SimulationSettings(**settings))
    alone.reset(world, 4, 0.1, 1.6)
    frames = [alone.advance(ahead, 0.05) for _ in range(10)]
    assert together == [
        *(frame.imu.linear_acceleration.tobytes() for frame in frames),
        *(frame.image.pixels.tobytes() for frame in frames if frame.image is not None),
        alone.state.position_world.tobytes(),
    ]
    alone.close()


def test_wind_is_drawn_anew_for_each_vehicle(make_world):
    fleet = Fleet(SimulationSettings(renderer='none'), [GustingWind(4.0, 2.0)], number=2)
    fleet.reset(make_world(), 0, [HERE, Start((0.0, 3.0))])
    fly(fleet, HOVER, HOVER, duration=1.0)
    moved = [
        craft.vehicle.read_position() - (0.0, y, 1.5)
        for craft, y in zip(fleet.crafts, (0.0, 3.0), strict=True)
    ]
    fleet.close()
    assert np.linalg.norm(moved[0] - moved[1]) > 0.01


@every_renderer
def test_every_vehicle_sees_and_touches_its_own_target_alone(name, make_fleet):
    fleet = make_fleet(renderer=name, layers=True)
    fleet.reset(replace(build(), solids=()), 0, [HERE, Start((0.0, 1.5))])
    first, second = fleet.crafts
    # Of the first right in the way of both, of the second out of everybody's way.
    first.move_target(2.5, 0.75, 0.0)
    second.move_target(-15.0, 0.0, 0.0)
    seen = [(frame.layers.labels == Label.TARGET).sum() for frame in see(fleet)]
    assert seen[0] > 50
    assert seen[1] == 0
    assert [craft.sees_target for craft in fleet.crafts] == [True, False]
    second.move_target(2.5, 0.75, 0.0)
    assert second.sees_target
    second.move_target(-15.0, 0.0, 0.0)
    aside = VelocityCommand(vx=2.0, vy=-0.6, vz=-0.7)
    fly(fleet, HOVER, aside, duration=1.65)
    assert second.vehicle.read_position()[0] > 2.0
    assert second.hit is None
    fly(fleet, VelocityCommand(vx=2.0, vy=0.6, vz=-0.7), HOVER, duration=2.0)
    assert first.hit == 'target'


def test_vehicles_that_touch_at_the_start_are_refused(make_fleet, make_world):
    fleet = make_fleet()
    with pytest.raises(ValueError, match='must not touch at the start, but vehicle1 and vehicle2'):
        fleet.reset(make_world(), 0, [HERE, Start((0.3, 0.0))])
    fleet.reset(make_world(), 0, [HERE, Start((0.9, 0.0))])
    fly(fleet, HOVER, HOVER, duration=0.2)
    assert not any(craft.has_collided for craft in fleet.crafts)


def test_wrong_numbers_are_refused(make_fleet, make_world):
    with pytest.raises(ValueError, match='vehicles must be a whole number from 1 to 8, got 9'):
        make_fleet(number=9)
    fleet = make_fleet()
    with pytest.raises(ValueError, match='expected 2 starts, one a vehicle'):
        fleet.reset(make_world(), 0, [HERE])
    fleet.reset(make_world(), 0, [HERE, Start((3.0, 0.0))])
    with pytest.raises(ValueError, match='expected 2 commands, one a vehicle'):
        fleet.advance([HOVER], 0.05)


def test_renderer_that_draws_no_vehicles_says_so(make_fleet, make_world, blank_renderer):
    fleet = make_fleet(renderer=blank_renderer)
    with pytest.raises(ValueError, match="renderer 'blank' draws no other vehicles: choose tiny"):
        fleet.reset(make_world(), 0, [HERE, Start((3.0, 0.0))])


@pytest.mark.parametrize('name', sorted(VEHICLES))
def test_look_of_a_vehicle_is_as_large_as_what_collides(name, make_world):
    with Physics() as physics:
        physics.load(make_world())
        vehicle = spawn(VEHICLES.find(name)(physics), Start((0.0, 0.0), 0.0, 5.0))
        look = vehicle.make_look()
        low, high = np.array(physics.client.getAABB(vehicle.body)) - (0.0, 0.0, 5.0)
    assert look.mesh.label is Label.VEHICLE
    # Wheels carry the vehicle as rays do: they are seen, but do not collide.
    wheels = np.array([(x, y, z - r) for x, y, z, r in getattr(vehicle, 'hubs', [])])
    corners = look.mesh.vertices
    assert corners.max(axis=0) == pytest.approx(high, abs=0.06)
    floor = low[2] if not len(wheels) else min(low[2], wheels[:, 2].min())
    assert corners.min(axis=0) == pytest.approx([*low[:2], floor], abs=0.06)


def spawn(vehicle: Any, start: Start) -> Any:
    from lnn_control.core.messages import VehicleState

    position = np.array([*start.place, start.altitude])
    vehicle.spawn(VehicleState(position, quaternion_from_euler(0.0, 0.0, start.yaw)))
    return vehicle


def test_vehicle_without_a_look_of_its_own_is_a_box_of_its_size(make_world):
    from sim.vehicles.quadrotor import Quadrotor
    from sim.vehicles.vehicle import Vehicle

    with Physics() as physics:
        physics.load(make_world())
        vehicle = spawn(Quadrotor(physics), Start((1.0, 2.0), 0.8, 1.5))
        look = Vehicle.make_look(vehicle)
        assert vehicle.read_position() == pytest.approx([1.0, 2.0, 1.5])
    p = vehicle.parameters
    width = 2 * (p.arm + p.propeller_radius)
    assert np.ptp(look.mesh.vertices, axis=0) == pytest.approx([width, width, 0.12], abs=0.02)
