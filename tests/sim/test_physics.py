# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pybullet
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VehicleState
from sim.physics import CYLINDER_SIDES, PHYSICS_RATE, Physics
from sim.vehicles.quadrotor import Quadrotor
from sim.worlds.world import Box, Cylinder


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics() as physics:
        yield physics


def cast_ray(physics: Physics, start, end) -> np.ndarray | None:
    """Return where a ray first hits something, None where it hits nothing."""
    body, _, _, position, _ = physics.client.rayTest(list(start), list(end))[0]
    return np.array(position) if body >= 0 else None


def add_ball(physics: Physics, position, radius: float = 0.1) -> int:
    shape = physics.client.createCollisionShape(pybullet.GEOM_SPHERE, radius=radius)
    ball = physics.client.createMultiBody(1.0, shape, basePosition=list(position))
    physics.client.changeDynamics(ball, -1, linearDamping=0.0, angularDamping=0.0)
    return ball


def test_body_falls_with_standard_gravity(physics, make_world):
    physics.load(make_world())
    ball = add_ball(physics, (0, 0, 50))
    steps = round(2 * PHYSICS_RATE)
    for _ in range(steps):
        physics.step()
    # Semi-implicit Euler: the sum 1 + 2 + ... + n instead of n^2 / 2.
    fallen = GRAVITY / PHYSICS_RATE**2 * steps * (steps + 1) / 2
    (_, _, z), _ = physics.client.getBasePositionAndOrientation(ball)
    assert 50 - z == pytest.approx(fallen, rel=1e-9)
    assert physics.client.getBaseVelocity(ball)[0][2] == pytest.approx(-2 * GRAVITY)


def test_cylinder_is_solid_all_around_and_nowhere_thinner_than_drawn(physics, make_world):
    trunk = Cylinder(x=3.0, y=-2.0, radius=0.3, height=8.0)
    physics.load(make_world(trunk))
    centre = np.array([trunk.x, trunk.y, 1.5])
    for angle in np.linspace(0, 2 * np.pi, 37):
        outwards = np.array([np.cos(angle), np.sin(angle), 0.0])
        hit = cast_ray(physics, centre + 5 * outwards, centre)
        thickness = np.linalg.norm(hit - centre)
        assert 0.3 - 1e-4 <= thickness <= 0.3 / np.cos(np.pi / CYLINDER_SIDES) + 1e-4
    top = cast_ray(physics, (3.0, -2.0, 20.0), (3.0, -2.0, 0.1))
    assert top[2] == pytest.approx(8.0, abs=1e-4)


def test_box_stands_turned_by_its_yaw(physics, make_world):
    # Length 4 along a direction of 30 degrees, width 2 across it.
    yaw = np.radians(30)
    physics.load(make_world(Box(5.0, 1.0, length=4.0, width=2.0, height=3.0, yaw=yaw)))
    centre = np.array([5.0, 1.0, 1.0])
    along = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    across = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    for direction, half in ((along, 2.0), (-along, 2.0), (across, 1.0), (-across, 1.0)):
        hit = cast_ray(physics, centre + 6 * direction, centre)
        assert np.linalg.norm(hit - centre) == pytest.approx(half, abs=1e-4)


def test_solid_above_the_ground_leaves_room_below(physics, make_world):
    physics.load(make_world(Box(4.0, 0.0, 1.0, 1.0, height=2.0, bottom=2.5)))
    assert cast_ray(physics, (0, 0, 2.0), (8, 0, 2.0)) is None
    assert cast_ray(physics, (0, 0, 3.0), (8, 0, 3.0)) == pytest.approx([3.5, 0, 3.0], abs=1e-4)


def test_target_can_be_hit_at_its_height_only(physics, make_world):
    physics.load(make_world(target=(10.0, 0.0)))
    hit = cast_ray(physics, (0, 0, 0.45), (20, 0, 0.45))
    assert hit == pytest.approx([9.7, 0, 0.45], abs=1e-3)
    assert cast_ray(physics, (0, 0, 0.95), (20, 0, 0.95)) is None


def test_loading_replaces_what_was_there(physics, make_world):
    physics.load(make_world(Cylinder(5.0, 0.0, 0.3, 8.0)))
    bodies = physics.client.getNumBodies()
    physics.load(make_world(Cylinder(0.0, 5.0, 0.3, 8.0)))
    assert physics.client.getNumBodies() == bodies
    assert cast_ray(physics, (0, 0, 3), (8, 0, 3)) is None
    assert cast_ray(physics, (0, 0, 3), (0, 8, 3)) is not None


def measure_memory() -> float:
    """Return the resident memory of this process [MiB]."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGESIZE') / 2**20


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='needs /proc')
def test_loading_many_worlds_keeps_the_memory(physics, make_world):
    rng = np.random.default_rng(0)

    def load() -> None:
        trunks = [Cylinder(x, y, 0.2, 8.0) for x, y in rng.uniform(-20, 20, (150, 2))]
        physics.load(make_world(*trunks))
        Quadrotor(physics).spawn(VehicleState(np.array([0.0, 0.0, 20.0])))

    for _ in range(5):
        load()
    before = measure_memory()
    for _ in range(30):
        load()
    assert measure_memory() - before < 20.0  # a leak is beyond 100


def test_contact_is_seen_with_solids_ground_and_target_only_when_touching(physics, make_world):
    physics.load(make_world(Cylinder(5.0, 0.0, 0.3, 8.0)))
    places = {(0, 0, 3): False, (5.38, 0, 3): True, (2, 2, 0.09): True, (10, 0.38, 0.4): True}
    balls = {place: add_ball(physics, place) for place in places}
    physics.step()
    assert {place: physics.has_contact(ball) for place, ball in balls.items()} == places


def test_contact_is_named_by_what_is_touched_there(physics, make_world):
    trunk, sign = Cylinder(5.0, 0.0, 0.3, 8.0, kind='trunk'), Box(-5, 0, 1, 1, 1, kind='sign')
    physics.load(make_world(trunk, sign, Cylinder(5.0, 3.0, 0.3, 8.0)))
    places = {(5.38, 0, 3): 'trunk', (-5.58, 0, 0.5): 'sign', (-5.4, 0.4, 1.08): 'sign'}
    places |= {(5.0, 3.38, 1): 'obstacle', (2, 2, 0.09): 'ground', (10, 0.38, 0.4): 'target'}
    places |= {(0, 0, 3): None}
    balls = {place: add_ball(physics, place) for place in places}
    physics.step()
    assert {place: physics.name_contact(ball) for place, ball in balls.items()} == places


def test_closing_twice_is_allowed(make_world):
    physics = Physics()
    physics.load(make_world())
    physics.close()
    physics.close()
