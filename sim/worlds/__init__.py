# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural worlds to fly and drive in, built from a seed."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.registry import Registry
from sim.worlds.seasons import SEASONS
from sim.worlds.world import Layout, World

WorldBuilder: TypeAlias = Callable[[str, Layout, np.random.Generator], World]
"""Returns a world from a season, what the task asks of it and a generator: the same state of the
generator gives the same world. It keeps the layout's places free and reachable, draws the target
that the layout names, and raises a ValueError where it cannot."""


def _check_builder(entry: object) -> None:
    if not callable(entry):
        raise ValueError(
            f'expected a function (season, layout, generator) -> World, got {entry!r}'
        )


WORLDS: Registry[WorldBuilder] = Registry(
    'world',
    'lnn_control.worlds',
    {
        'forest': 'sim.worlds.forest:build_forest',
        'road': 'sim.worlds.road:build_road',
        'urban': 'sim.worlds.urban:build_urban',
        'varied_forest': 'sim.worlds.varied_forest:build_varied_forest',
    },
    _check_builder,
)
"""Name of a world -> what builds it."""


def check_world(name: str, season: str) -> None:
    """Check that there is a world and a season of these names.

    :raises ValueError: if not; the message lists what there is.
    """
    WORLDS.find(name)
    if season not in SEASONS:
        raise ValueError(f'season must be one of {sorted(SEASONS)}, got {season!r}')


def check_density(name: str, density: float) -> None:
    """Check that a world can be as dense as that: of ours the forest alone.

    A world of another package finds the density in its layout, to use or to refuse.

    :raises ValueError: if not.
    """
    check_number('density', density, 0.1, 8.0)
    if density != 1.0 and WORLDS.is_own(name) and name != 'forest':
        raise ValueError(f'density can be chosen in the forest only, got {density} for {name!r}')


def build_world(name: str, season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a world by its name and season; the same generator state gives the same world.

    :raises ValueError: if no world or season has that name, or it cannot be built as asked.
    """
    check_world(name, season)
    check_density(name, layout.density)
    world = WORLDS.find(name)(season, layout, generator)
    if not isinstance(world, World):
        raise ValueError(f'world {name!r} must build a sim.worlds.World, got {world!r}')
    return world


__all__ = [
    'SEASONS',
    'WORLDS',
    'Layout',
    'World',
    'WorldBuilder',
    'build_world',
    'check_density',
    'check_world',
]
