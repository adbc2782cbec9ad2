# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural worlds to fly and drive in, built from a seed."""

from collections.abc import Callable

import numpy as np

from lnn_control.core.checks import check_number
from sim.worlds.forest import build_forest
from sim.worlds.road import build_road
from sim.worlds.seasons import SEASONS
from sim.worlds.urban import build_urban
from sim.worlds.world import Layout, World

WORLDS: dict[str, Callable[[str, Layout, np.random.Generator], World]] = {
    'forest': build_forest,
    'road': build_road,
    'urban': build_urban,
}


def check_world(name: str, season: str) -> None:
    """Check that there is a world and a season of these names.

    :raises ValueError: if not; the message lists what there is.
    """
    if name not in WORLDS:
        raise ValueError(f'world must be one of {sorted(WORLDS)}, got {name!r}')
    if season not in SEASONS:
        raise ValueError(f'season must be one of {sorted(SEASONS)}, got {season!r}')


def check_density(name: str, density: float) -> None:
    """Check that a world can be as dense as that.

    :raises ValueError: if not.
    """
    check_number('density', density, 0.1, 8.0)
    if density != 1.0 and name != 'forest':
        raise ValueError(f'density can be chosen in the forest only, got {density} for {name!r}')


def build_world(name: str, season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a world by its name and season; the same generator state gives the same world.

    :raises ValueError: if no world or season has that name, or its density leaves no way.
    """
    check_world(name, season)
    check_density(name, layout.density)
    return WORLDS[name](season, layout, generator)


__all__ = ['SEASONS', 'WORLDS', 'Layout', 'World', 'build_world', 'check_density', 'check_world']
