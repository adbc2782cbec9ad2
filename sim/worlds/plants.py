# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What stands and lies in a forest, and where: trees, undergrowth, rocks and logs."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.worlds.placement import CLEARANCE, Area, Ground, cover_box, is_reachable
from sim.worlds.redraw import draw_until
from sim.worlds.trees import TREE_HEIGHT
from sim.worlds.world import Box, Cylinder, Layout, Solid

TREES_PER_SQUARE_METRE = 0.062
MOST_PLANTS = 200
LOW_PER_SQUARE_METRE = 0.035
"""Rocks and logs that are tried; about a third of them find room."""
GAP = 1.7
"""Free space [m] between any two solids, at density 1 and below."""
MOST_ATTEMPTS = 8
"""Forests that are drawn until there is a way from start to target."""
NUM_VARIANTS = 3
SPECIES = ('oak', 'birch', 'pine')
SPECIES_SHARE = (0.4, 0.35, 0.25)
TRUNK_RADII = {'oak': (0.16, 0.22, 0.27), 'birch': (0.1, 0.13, 0.16), 'pine': (0.14, 0.18, 0.22)}
KINDS_SHARE = {
    **{species: 0.83 * share for species, share in zip(SPECIES, SPECIES_SHARE, strict=True)},
    'sapling': 0.06,
    'bush': 0.05,
    'shrub': 0.06,
}
TREE_SCALE, BUSH_SCALE, ROCK_SCALE, LOG_SCALE = (
    (0.86, 1.25),
    (0.8, 1.2),
    (0.45, 1.05),
    (0.85, 1.15),
)
ROUND = {'sapling': (0.6, 2.3), 'bush': (0.5, 0.85), 'shrub': (0.6, 1.9), 'rock': (0.55, 0.6)}
"""Radius and height [m] at scale 1."""
NAMES = dict.fromkeys(SPECIES, 'trunk') | {
    'sapling': 'sapling',
    'bush': 'bush',
    'shrub': 'bush',
    'rock': 'rock',
    'log': 'fallen trunk',
}
"""What each kind is called by whoever hits it."""
LOGS = ((2.4, 0.17), (3.2, 0.21), (2.8, 0.26))
"""Length and radius [m] of the fallen trunks at scale 1."""


@dataclass(frozen=True)
class Plant:
    """Something that stands or lies in the forest before it is known how it looks."""

    kind: str
    variant: int
    x: float
    y: float
    yaw: float
    scale: float

    @property
    def mesh(self) -> str:
        """Key of its mesh."""
        return f'{self.kind}_{self.variant}'

    @property
    def solid(self) -> Solid:
        """What a vehicle can hit."""
        if self.kind == 'log':
            length, radius = (self.scale * size for size in LOGS[self.variant])
            size = (length, 2 * radius, 2 * radius)
            return Box(self.x, self.y, *size, self.yaw, kind=NAMES['log'])
        radius, height = ROUND.get(self.kind) or (
            TRUNK_RADII[self.kind][self.variant],
            TREE_HEIGHT,
        )
        radius, height = radius * self.scale, height * self.scale
        return Cylinder(self.x, self.y, radius, height, kind=NAMES[self.kind])

    @property
    def circles(self) -> list[tuple[float, float, float]]:
        """Circles (x, y, radius) [m] that cover its solid."""
        solid = self.solid
        if isinstance(solid, Cylinder):
            return [(solid.x, solid.y, solid.radius)]
        return cover_box(solid)


def place_plants(
    layout: Layout, area: Area, generator: np.random.Generator
) -> tuple[list[Plant], list[Plant]]:
    """Return what stands high enough to be flown into, and the rocks and logs between it.

    :raises ValueError: if the layout's density leaves no way.
    """

    def draw() -> tuple[list[Plant], list[Plant]]:
        ground = Ground(layout, GAP / max(1.0, layout.density))
        high = _draw_plants(layout, area, ground, generator)
        return high, _draw_low(area, ground, generator)

    def is_good(plants: tuple[list[Plant], list[Plant]]) -> bool:
        high, low = plants
        return is_reachable([plant.solid for plant in (*high, *low)], layout, area)

    return draw_until(
        draw,
        is_good,
        MOST_ATTEMPTS,
        f'density {layout.density} leaves no way {2 * CLEARANCE} m wide to all of '
        f'{layout.describe()}: choose a lower one, 1 is usual',
    )


def _draw_plants(
    layout: Layout, area: Area, ground: Ground, generator: np.random.Generator
) -> list[Plant]:
    size = (area[1] - area[0]) * (area[3] - area[2])
    density = layout.density * TREES_PER_SQUARE_METRE * generator.uniform(0.85, 1.15)
    count = min(round(size * density), round(MOST_PLANTS * max(1.0, layout.density)))
    line = _draw_points_in_the_way(layout, generator)
    anywhere = generator.uniform((area[0], area[2]), (area[1], area[3]), (3 * count, 2))
    plants: list[Plant] = []
    for x, y in np.concatenate([line, anywhere]):
        plant = _draw_plant(float(x), float(y), generator)
        if len(plants) < count and _take(ground, plant):
            plants.append(plant)
    return plants


def _draw_low(area: Area, ground: Ground, generator: np.random.Generator) -> list[Plant]:
    count = round((area[1] - area[0]) * (area[3] - area[2]) * LOW_PER_SQUARE_METRE)
    points = generator.uniform((area[0], area[2]), (area[1], area[3]), (count, 2))
    things = []
    for x, y in points.tolist():
        kind, scales = ('log', LOG_SCALE) if generator.random() < 0.4 else ('rock', ROCK_SCALE)
        variant = int(generator.integers(NUM_VARIANTS))
        yaw, scale = float(generator.uniform(-np.pi, np.pi)), float(generator.uniform(*scales))
        things.append(Plant(kind, variant, x, y, yaw, scale))
    return [thing for thing in things if _take(ground, thing)]


def _take(ground: Ground, plant: Plant) -> bool:
    """Take the ground that a plant covers if it is free and return whether it was."""
    circles = plant.circles
    if not all(ground.is_free(*circle) for circle in circles):
        return False
    ground.add(circles)
    return True


def _draw_points_in_the_way(layout: Layout, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return points in the ways from start to target and stops, one every 2.5 m."""
    return np.concatenate(
        [
            _draw_points_near_line(np.array(begin), np.array(end), generator)
            for begin, end in pairwise(layout.route)
        ]
    )


def _draw_points_near_line(
    begin: NDArray[np.float64], end: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    length = float(np.linalg.norm(end - begin))
    along = (end - begin) / length
    count = max(1, int((length - 4.5) / 2.5))
    share = generator.uniform(2.2, max(length - 2.7, 2.2), count)
    aside = generator.normal(0, 0.6, count)
    return begin + share[:, None] * along + aside[:, None] * np.array([-along[1], along[0]])


def _draw_plant(x: float, y: float, generator: np.random.Generator) -> Plant:
    kinds = list(KINDS_SHARE)
    kind = kinds[int(generator.choice(len(kinds), p=list(KINDS_SHARE.values())))]
    variant = int(generator.integers(NUM_VARIANTS))
    scale = float(generator.uniform(*(TREE_SCALE if kind in SPECIES else BUSH_SCALE)))
    return Plant(kind, variant, x, y, float(generator.uniform(-np.pi, np.pi)), scale)
