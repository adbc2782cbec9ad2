# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where further vehicles start when several do the same task in one world."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.obstacles import Obstacles
from sim.worlds.placement import CLEARANCE, STEP_HEIGHT, distance_to_path, is_reachable
from sim.worlds.redraw import GaveUpError
from sim.worlds.world import World

APART = 3.0
"""Least distance [m] between the starts of two vehicles."""
ROOM = 1.2
"""Least distance [m] of such a start from solids and from the target's walk."""
FARTHER = (0.75, 1.25)
"""Least and greatest distance from the target over that of the first start."""
NEAREST = 4.0
"""Least distance [m] of a start from the target, as :class:`sim.worlds.world.Layout` has it."""
MOST_DRAWS = 1000
_ENOUGH_IN_SIGHT = 100
_SIGHT_STEP = 0.2

Place = tuple[float, float]


def move_start(world: World, place: Place) -> World:
    """Return the world with another start: nothing else in it changes."""
    return replace(world, layout=replace(world.layout, start=place))


def draw_around_target(
    world: World,
    taken: Sequence[Place],
    band: tuple[float, float],
    generator: np.random.Generator,
) -> Place:
    """Return a start about as far from the target as the first one, anywhere around it.

    There is room around it and a way to the target; the target is in sight if such a place turns
    up soon enough.

    :param taken: starts of the vehicles before, the first one first [m].
    :param band: heights between which solids are in the way [m].
    :raises GaveUpError: if there is no such place.
    """
    target = np.array(world.layout.target)
    distance = float(np.linalg.norm(target - taken[0]))
    near = Obstacles(world, 0.0, max(band[1], 2.0))
    fallback: Place | None = None
    for number in range(MOST_DRAWS):
        angle = generator.uniform(-np.pi, np.pi)
        away = max(distance * generator.uniform(*FARTHER), NEAREST + 0.01)
        x, y = target + away * np.array([np.cos(angle), np.sin(angle)])
        place = float(x), float(y)
        if not _has_room(world, place, taken, near) or not _has_way(world, place, band):
            continue
        if _is_in_sight(world, place, Obstacles(world, *band)):
            return place
        fallback = fallback or place
        if number > _ENOUGH_IN_SIGHT:
            return fallback
    if fallback is not None:
        return fallback
    raise GaveUpError(
        f'finds no start for vehicle {len(taken) + 1}, about {distance:.0f} m from the target '
        f'and {APART:g} m from the others: choose fewer vehicles, another seed or another world'
    )


def _has_room(world: World, place: Place, taken: Sequence[Place], near: Obstacles) -> bool:
    x, y = place
    x_min, x_max, y_min, y_max = world.area
    if not (x_min + ROOM < x < x_max - ROOM and y_min + ROOM < y < y_max - ROOM):
        return False
    if min(np.hypot(x - other[0], y - other[1]) for other in taken) < APART:
        return False
    walk = world.layout.walk
    if walk and distance_to_path(np.array([place]), walk)[0] < ROOM:
        return False
    return bool(near.distance(np.array([place]))[0] > ROOM)


def _has_way(world: World, place: Place, band: tuple[float, float]) -> bool:
    layout = replace(world.layout, start=place)
    step_height = min(band[0], STEP_HEIGHT)
    return is_reachable(world.solids, layout, world.area, CLEARANCE, step_height)


def _is_in_sight(world: World, place: Place, obstacles: Obstacles) -> bool:
    """Return whether nothing solid stands between a place and the target."""
    sight: NDArray[np.float64] = np.subtract(world.layout.target, place)
    length = float(np.linalg.norm(sight))
    shares = np.arange(0.0, 1.0, _SIGHT_STEP / length)
    return bool((obstacles.distance(place + shares[:, None] * sight) > 0.1).all())
