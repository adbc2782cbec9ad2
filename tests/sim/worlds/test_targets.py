# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of target can be seen, fits its solid and can be hit."""

from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.frames import rotation_world_from_level
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import Physics
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.vehicles.quadrotor import Quadrotor
from sim.worlds import Layout, World, build_world
from sim.worlds.targets import TARGETS
from sim.worlds.world import Mesh

every_kind = pytest.mark.parametrize('kind', sorted(TARGETS))
every_free_world = pytest.mark.parametrize('name', ['forest', 'urban'])


def build(kind: str, name: str = 'forest') -> World:
    layout = Layout((0.0, 0.0), (6.0, 0.0), kind)
    return build_world(name, 'summer', layout, np.random.default_rng(0))


def list_levels(mesh: Mesh) -> list[Mesh]:
    return [mesh] if mesh.coarse is None else [mesh, *list_levels(mesh.coarse)]


@every_kind
def test_mesh_fills_its_solid_and_stays_inside(kind):
    world = build(kind)
    target = world.target
    for level in list_levels(world.meshes[target.instance.mesh]):
        x, y, z = level.vertices.T
        assert np.hypot(x, y).max() == pytest.approx(target.radius, abs=0.15)
        assert np.hypot(x, y).max() <= target.radius + 0.02
        assert z.max() == pytest.approx(target.height, abs=0.06)
        assert -0.02 < z.min() < 0.05


@every_kind
@every_free_world
def test_target_is_seen_from_some_metres_away(kind, name):
    world = build(kind, name)
    # Nothing but the target and the ground, so that no tree hides it.
    ground = tuple(o for o in world.instances if np.ptp(world.meshes[o.mesh].vertices[:, 2]) < 0.2)
    with_target = replace(world, instances=ground)
    hidden = replace(world.target.instance, z=-10.0)
    without = replace(with_target, target=replace(world.target, instance=hidden))
    renderer = make_renderer('tiny', PinholeCamera())
    images = []
    for one in (with_target, without):
        renderer.load(one)
        images.append(renderer.render(np.array([0.0, 0.0, 1.5]), rotation_world_from_level(0.0)))
    renderer.close()
    differs = np.abs(images[0].astype(int) - images[1].astype(int)).max(axis=2) > 40
    assert differs.sum() >= 12
    rows, columns = np.nonzero(differs)
    assert abs(columns.mean() - 63.5) < 4
    assert rows.min() > 30


def test_kinds_look_different():
    pictures = [build(kind).atlas.tobytes() for kind in TARGETS]
    assert len(set(pictures)) == len(TARGETS)
    assert len({build(kind).meshes[kind].vertices.tobytes() for kind in TARGETS}) == len(TARGETS)


@every_kind
def test_vehicle_that_flies_into_the_target_collides(kind):
    world = build(kind)
    target = world.target
    height = target.height / 2
    x = target.position[0] - target.radius - 1.0
    with Physics() as physics:
        physics.load(replace(world, solids=()))
        vehicle = Quadrotor(physics)
        vehicle.spawn(
            VehicleState(np.array([x, 0.0, height + 0.2]), np.array([0.0, 0.0, 0.0, 1.0]))
        )
        rng = np.random.default_rng(0)
        has_hit = False
        for _ in range(480):
            vehicle.push(VelocityCommand(1.5, 0.0, 0.0, 0.0), rng)
            physics.step()
            has_hit = has_hit or physics.has_contact(vehicle.body)
    assert has_hit


@every_kind
@pytest.mark.parametrize('seed', range(4))
def test_solids_leave_room_around_the_target(kind, seed):
    layout = Layout((0.0, 0.0), (9.0, 0.0), kind)
    for name in ('forest', 'urban'):
        world = build_world(name, 'summer', layout, np.random.default_rng(seed))
        nearest = min(
            float(np.hypot(s.x - 9.0, s.y)) for s in world.solids if s.bottom + s.height > 0.15
        )
        assert nearest >= max(2.5, world.target.radius + 1.9)


def test_unknown_kind_lists_the_valid_ones():
    with pytest.raises(
        ValueError, match=r"target must be one of \['backpack', 'car', 'chair'.*'sofa'.*\*.obj"
    ):
        Layout((0.0, 0.0), (9.0, 0.0), 'sofa')
