# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A forest to train in, whose colours and light are drawn anew for every seed, and where posts,
crates and walls of any paint stand in place of plants.

What is learned here is not the look of a tree but that of something in the way: appearance drawn
widely enough makes the real one just another draw (domain randomisation, Tobin et al., IROS 2017).
Grown from the summer it stays one of leafy trees on dark ground: no street, no snow and no bare
tree is in it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.worlds.forest import grow_forest
from sim.worlds.labels import Label
from sim.worlds.meshes import label_mesh, make_box, make_quad, make_tube, merge_meshes
from sim.worlds.placement import Ground, cover_box, is_reachable
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.textures import FOREST_TILES, Colour, Picture, Tile, draw_noise
from sim.worlds.world import Box, Cylinder, Instance, Layout, Light, Mesh, Solid, World

PLAIN_SHARE = 0.25
"""Share of the seeds whose forest is left as it is."""
MOST_REPLACED = 0.6
"""Greatest share of a forest's plants that other things stand for."""
MOST_WALLS = 8
WALL_GAP = 1.6
"""Free space [m] between a wall or crate and anything else."""
WALL_ATTEMPTS = 24
POST, CRATE, WALL = 'post', 'crate', 'wall'
"""What the things that are no plants are called by whoever hits them."""
PAINTS = ('wood', 'rock', 'fern', 'bark_b')
"""Tiles of the atlas that are painted anew."""
_BRIGHTEST_GROUND = 0.6


@dataclass(frozen=True)
class _Thing:
    """Something that is no plant.

    :param mesh: standing on z = 0 in its own frame [m]. :param solid: what can be hit.
    """

    mesh: Mesh
    solid: Solid
    yaw: float


def build_varied_forest(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a varied forest; the same generator state gives the same one.

    :param season: whose look is varied; what stands where does not depend on it.
    """
    forest_seed, look_seed, thing_seed = generator.integers(2**63, size=3)
    rng = np.random.default_rng(look_seed)
    is_plain = bool(rng.random() < PLAIN_SHARE)
    look = SEASONS[season] if is_plain else vary_look(SEASONS[season], rng)
    forest = grow_forest(season, look, layout, np.random.default_rng(forest_seed))
    forest = replace(forest, name='varied_forest')
    return forest if is_plain else _furnish(forest, np.random.default_rng(thing_seed))


# Colours and light.


def vary_look(look: Season, generator: np.random.Generator) -> Season:
    """Return a season whose every colour is drawn anew, near or far from what it was."""
    return replace(
        look,
        leaves=(_vary(look.leaves[0], generator), _vary(look.leaves[1], generator)),
        needles=_vary(look.needles, generator),
        bush=_vary(look.bush, generator),
        ground=_darken(_vary(look.ground, generator)),
        litter=_darken(_vary(look.litter, generator)),
        litter_count=int(look.litter_count * generator.uniform(0.0, 2.5)),
        grass=_darken(_vary(look.grass, generator)),
        fern=_vary((look.fern,), generator)[0],
        shade=float(generator.uniform(0.1, 1.0)),
        skyline=_vary((look.skyline,), generator)[0],
        light=_vary_light(look.light, generator),
        cloud_cover=float(generator.uniform(0.0, 1.0)),
        tint=_vary_tint(look.tint, generator),
    )


def _vary(colours: tuple[Colour, ...], generator: np.random.Generator) -> tuple:
    """Return colours of one thing moved together towards one that is drawn."""
    share = generator.uniform(0.0, 0.8)
    drawn = generator.uniform(0.05, 0.75, 3)
    gain = np.exp(0.3 * generator.standard_normal())
    table = np.array(colours)
    # What sets them apart from each other stays, or foliage would be of one flat colour.
    spread = table.mean(axis=1, keepdims=True) / table.mean()
    moved = gain * ((1 - share) * table + share * drawn * spread)
    return tuple(tuple(map(float, row)) for row in np.clip(moved, 0.02, 0.95))


def _darken(colours: tuple[Colour, ...]) -> tuple:
    """Return colours of which none is bright, so that no ground looks like snow."""
    brightest = max(sum(colour) / 3 for colour in colours)
    factor = min(1.0, _BRIGHTEST_GROUND / brightest)
    return tuple(tuple(factor * value for value in colour) for colour in colours)


def _vary_light(light: Light, generator: np.random.Generator) -> Light:
    """Return light of another height and strength of the sun, another sky and other air."""
    elevation = generator.uniform(0.25, 1.2)
    sun = generator.uniform(0.35, 0.95) * np.exp(0.15 * generator.standard_normal(3))
    zenith, horizon = _vary((light.sky_zenith, light.sky_horizon), generator)
    return Light(
        (float(np.cos(elevation)), 0.0, float(np.sin(elevation))),
        tuple(map(float, np.clip(sun, 0.1, 1.0))),  # type: ignore[arg-type]
        float(generator.uniform(0.4, 0.65)),
        zenith,
        horizon,
        float(generator.uniform(45.0, 100.0)),
    )


def _vary_tint(tint: Colour, generator: np.random.Generator) -> Colour:
    """Return the colour of a season's light, a little off."""
    factors = np.clip(np.exp(0.12 * generator.standard_normal(3)), 0.65, 1.25)
    red, green, blue = np.array(tint) * factors
    return float(red), float(green), float(blue)


# Things.


def _furnish(forest: World, generator: np.random.Generator) -> World:
    """Return a forest in which other things stand for some plants, and walls for some others."""
    walls = _draw_walls(forest, generator)
    share = generator.uniform(0.0, MOST_REPLACED)
    things: list[_Thing] = []
    kept: list[Solid] = []
    for solid in forest.solids:
        if not _has_room(solid, walls):
            continue
        if isinstance(solid, Cylinder) and generator.random() < share:
            things.append(_draw_round_thing(solid, generator))
        else:
            kept.append(solid)
    # Plants of which the solid is gone are gone; what has no solid stays.
    gone = {(solid.x, solid.y) for solid in forest.solids} - {(one.x, one.y) for one in kept}
    plants = [one for one in forest.instances if (one.x, one.y) not in gone]
    things += walls
    named = {f'thing_{index}': thing for index, thing in enumerate(things)}
    return replace(
        forest,
        meshes=forest.meshes | {name: thing.mesh for name, thing in named.items()},
        instances=(*plants, *(_place(name, thing, generator) for name, thing in named.items())),
        solids=(*kept, *(thing.solid for thing in things)),
        atlas=_paint(forest.atlas, generator),
    )


def _place(name: str, thing: _Thing, generator: np.random.Generator) -> Instance:
    """Return a thing where its solid is, in some light or shade."""
    brightness = float(generator.uniform(0.55, 1.0))
    return Instance(name, thing.solid.x, thing.solid.y, 0.0, thing.yaw, 1.0, brightness)


def _draw_round_thing(plant: Cylinder, generator: np.random.Generator) -> _Thing:
    """Return a post or a crate on the ground that a plant covers, no wider than that."""
    tile = _choose_paint(generator)
    is_slender = plant.radius < 0.35
    height = float(generator.uniform(1.2, 6.0) if is_slender else generator.uniform(0.4, 3.2))
    yaw = float(generator.uniform(-np.pi, np.pi))
    if generator.random() < 0.5:
        side = float(np.sqrt(2.0)) * plant.radius
        mesh = make_box((side, side, height), tile, _choose_paint(generator))
        solid: Solid = Box(plant.x, plant.y, side, side, height, yaw, kind=CRATE)
    else:
        mesh = _make_post(plant.radius, height, tile)
        solid = Cylinder(plant.x, plant.y, plant.radius, height, kind=POST)
    return _Thing(label_mesh(mesh, Label.OBJECT), solid, yaw)


def _make_post(radius: float, height: float, tile: Tile) -> Mesh:
    """Return a round post with a lid [m]."""
    sides = 8
    tube = make_tube([[0, 0, 0], [0, 0, height]], [radius, radius], sides, tile)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = [(radius * np.cos(a), radius * np.sin(a), height) for a in angle]
    lid = [
        make_quad([ring[0], ring[i], ring[i + 1], ring[(i + 2) % sides]], tile)
        for i in range(1, sides - 1, 2)
    ]
    return merge_meshes(tube, *lid)


def _draw_walls(forest: World, generator: np.random.Generator) -> list[_Thing]:
    """Return walls and large crates, half of them where the way would lead; plants make room."""
    layout = forest.layout
    ground = Ground(layout, WALL_GAP)
    walls: list[_Thing] = []
    count = int(generator.integers(MOST_WALLS + 1))
    for _ in range(WALL_ATTEMPTS):
        if len(walls) == count:
            break
        box = _draw_box(forest, generator)
        circles = cover_box(box)
        if not all(ground.is_free(*circle) for circle in circles):
            continue
        # There must still be a way around it.
        if not is_reachable([*(wall.solid for wall in walls), box], layout, forest.area):
            continue
        ground.add(circles)
        mesh = label_mesh(_make_wall(box, generator), Label.OBJECT)
        walls.append(_Thing(mesh, box, box.yaw))
    return walls


def _has_room(solid: Solid, walls: list[_Thing]) -> bool:
    """Return whether a solid keeps the gap to all walls."""
    others = [circle for wall in walls for circle in _cover(wall.solid)]
    return all(
        np.hypot(x - other_x, y - other_y) - radius - other_radius > WALL_GAP
        for x, y, radius in _cover(solid)
        for other_x, other_y, other_radius in others
    )


def _cover(solid: Solid) -> list[tuple[float, float, float]]:
    """Return circles (x, y, radius) [m] that cover a solid's footprint."""
    if isinstance(solid, Cylinder):
        return [(solid.x, solid.y, solid.radius)]
    return cover_box(solid)


def _draw_box(forest: World, generator: np.random.Generator) -> Box:
    """Return a box of any proportions; half of them stand about the straight way."""
    begin, end = (np.array(place) for place in forest.layout.route[:2])
    if generator.random() < 0.5:
        along = begin + generator.uniform(0.1, 0.9) * (end - begin)
        x, y = along + generator.normal(0.0, 2.0, 2)
    else:
        x, y = generator.uniform(forest.area[::2], forest.area[1::2])
    is_thin = generator.random() < 0.4
    length = float(generator.uniform(1.2, 6.0))
    width = float(generator.uniform(0.2, 0.5) if is_thin else generator.uniform(0.6, 2.2))
    height = float(generator.uniform(0.7, 4.5))
    yaw = float(generator.uniform(-np.pi, np.pi))
    return Box(float(x), float(y), max(length, width), width, height, yaw, kind=WALL)


def _make_wall(box: Box, generator: np.random.Generator) -> Mesh:
    """Return a box whose paint repeats along its length."""
    side, top = _choose_paint(generator), _choose_paint(generator)
    count = max(1, round(box.length / max(box.width, 1.5)))
    length = box.length / count
    parts = [
        make_box(
            (length, box.width, box.height),
            side,
            top,
            ((index - (count - 1) / 2) * length, 0.0, 0.0),
        )
        for index in range(count)
    ]
    return merge_meshes(*parts)


def _choose_paint(generator: np.random.Generator) -> Tile:
    return FOREST_TILES[PAINTS[int(generator.integers(len(PAINTS)))]]


def _paint(atlas: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return an atlas whose paints are drawn anew."""
    painted = atlas.copy()
    for name in PAINTS:
        tile = FOREST_TILES[name]
        picture = _draw_paint((tile.height, tile.width), generator)
        rows, columns = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
        painted[rows, columns] = np.clip(picture, 0.0, 1.0) * 255
    return painted


def _draw_paint(size: tuple[int, int], generator: np.random.Generator) -> Picture:
    """Return two colours in stripes, panels or patches, or one of them alone, weathered."""
    low, high = generator.uniform(0.03, 0.95, (2, 3))
    rows, columns = np.indices(size)
    period = int(2 ** generator.integers(2, 5))
    patterns = (
        np.zeros(size),
        (rows // (period // 2)) % 2,
        (columns // (period // 2)) % 2,
        (rows % period < period // 4) | (columns % period < period // 4),
        draw_noise(generator, size, 4) > 0.5,
    )
    share = np.asarray(patterns[int(generator.integers(len(patterns)))], dtype=np.float64)
    picture = low + share[..., None] * (high - low)
    weather = 0.75 + 0.5 * draw_noise(generator, size, 4, 3)
    return picture * weather[..., None]
