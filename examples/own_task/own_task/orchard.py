# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A world in one file: an orchard, fruit trees in rows with grass and harvest bins between."""

import numpy as np
from numpy.typing import NDArray

from sim.worlds.labels import Label
from sim.worlds.meshes import (
    add_shade,
    chain_levels,
    find_coarsest,
    label_mesh,
    make_blob,
    make_box,
    make_flakes,
    make_quad,
    make_tube,
    merge_meshes,
)
from sim.worlds.placement import Area, Ground, cover_box, is_reachable, span_area
from sim.worlds.redraw import draw_until
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.targets import draw_target, make_target, place_target
from sim.worlds.textures import (
    Atlas,
    Picture,
    Tile,
    draw_bark,
    draw_blotches,
    draw_leaves,
    draw_noise,
    draw_panorama,
    draw_shade,
    mix,
)
from sim.worlds.world import Box, Cylinder, Instance, Layout, Mesh, Solid, World

ROW, SPACING = 4.5, 3.6
"""From one row of trees to the next, and from tree to tree in a row [m]."""
CROWN, TREE_HEIGHT = 0.95, 3.0
"""Radius and height of a tree [m]."""
BIN = (1.2, 1.0, 0.75)
"""Length, width and height of a harvest bin [m]."""
BEYOND = 14.0
"""How far the rows go on beyond the vehicle's area [m]."""
TILES = {
    'ground': Tile(0, 0, 128, 128),
    'leaves': Tile(128, 0, 64, 64),
    'bark': Tile(192, 0, 32, 64),
    'wood': Tile(128, 64, 64, 32),
    'shade': Tile(192, 64, 64, 64),
    'target': Tile(0, 128, 32, 32),
    'metal': Tile(32, 128, 32, 32),
}


def build_orchard(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return an orchard in a season; the same generator state gives the same orchard."""
    look = SEASONS[season]
    # A stream for each, so that a season changes the looks and nothing else.
    places, shapes, pictures = (
        np.random.default_rng(seed) for seed in generator.integers(2**63, size=3)
    )
    area = span_area(layout, 60.0, 40.0, 12.0)
    things, solids = draw_until(
        lambda: place_things(layout, area, places),
        lambda drawn: is_reachable(drawn[1], layout, area),
        attempts=20,
        advice=f'no orchard leaves a way to {layout.describe()}: choose another distance',
    )
    yaw = float(shapes.uniform(-np.pi, np.pi))
    return World(
        name='orchard',
        season=season,
        layout=layout,
        meshes=make_target(layout, TILES) | make_meshes(look, shapes),
        instances=(*place_ground(area), *place_backdrop(area, shapes), *things),
        solids=tuple(solids),
        target=place_target(layout, yaw),
        light=look.light,
        atlas=draw_atlas(look, layout, pictures),
        panorama=draw_sky(look, pictures),
        area=area,
        ceiling=2.5,
    )


def list_spots(area: Area, margin: float) -> NDArray[np.float64]:
    """Return where trees are planted as x, y [m], shape (n, 2): rows along x, none at y = 0."""
    x_min, x_max, y_min, y_max = area
    x = np.arange(np.ceil((x_min - margin) / SPACING), (x_max + margin) / SPACING) * SPACING
    y = np.arange(np.ceil((y_min - margin) / ROW), (y_max + margin) / ROW) * ROW + ROW / 2
    return np.stack(np.meshgrid(x, y, indexing='ij'), axis=-1).reshape(-1, 2)


def place_things(
    layout: Layout, area: Area, generator: np.random.Generator
) -> tuple[list[Instance], list[Solid]]:
    """Return trees and bins, drawn and solid, that leave the layout's places free."""
    ground = Ground(layout, gap=0.3)
    instances: list[Instance] = []
    solids: list[Solid] = []
    # Trees stand a little off their spot, and a few are missing.
    spots = list_spots(area, 0.0)
    for x, y in (spots + generator.uniform(-0.2, 0.2, spots.shape)).tolist():
        variant, yaw = int(generator.integers(3)), float(generator.uniform(-np.pi, np.pi))
        if generator.random() < 0.94 and ground.take(x, y, CROWN):
            instances.append(Instance(f'tree_{variant}', x, y, 0.0, yaw))
            solids.append(Cylinder(x, y, CROWN, TREE_HEIGHT, kind='fruit tree'))
    # Bins stand beside the middle of a lane, two on top of each other.
    lanes = np.arange(np.ceil(area[2] / ROW), area[3] / ROW) * ROW
    for x in np.arange(area[0] + 2, area[1] - 2, 2.5).tolist():
        y = float(generator.choice(lanes) + generator.choice((-1.2, 1.2)))
        turn = float(generator.uniform(-0.2, 0.2))
        box = Box(x, y, BIN[0], BIN[1], 2 * BIN[2], turn, kind='pair of bins')
        # The circle around a box is wider than the box.
        if all(ground.is_free(*circle, gap=-0.3) for circle in cover_box(box)):
            ground.add(cover_box(box))
            instances.append(Instance('bins', box.x, box.y, 0.0, box.yaw))
            solids.append(box)
    return instances, solids


def place_ground(area: Area) -> list[Instance]:
    """Return tiles of ground, each with a stretch of a row along its middle."""
    x_min, x_max, y_min, y_max = area
    far = BEYOND + ROW
    return [
        Instance('ground', float(x) * ROW, (float(y) + 0.5) * ROW)
        for x in np.arange(np.floor((x_min - far) / ROW), (x_max + far) / ROW)
        for y in np.arange(np.floor((y_min - far) / ROW), (y_max + far) / ROW)
    ]


def place_backdrop(area: Area, generator: np.random.Generator) -> list[Instance]:
    """Return the trees beyond the area, which nothing reaches: coarse meshes and no solids."""
    x, y = list_spots(area, BEYOND).T
    is_outside = (x < area[0]) | (x > area[1]) | (y < area[2]) | (y > area[3])
    return [
        Instance(f'tree_{int(generator.integers(3))}_far', float(x), float(y))
        for x, y in zip(x[is_outside], y[is_outside], strict=True)
    ]


def make_meshes(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    """Return everything but the target, by name; each mesh says what it is."""
    half = ROW / 2
    corners = [[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]]
    wood = TILES['wood']
    bins = merge_meshes(
        make_box(BIN, wood, wood),
        make_box((0.96 * BIN[0], 0.96 * BIN[1], BIN[2]), wood, wood, (0.0, 0.0, BIN[2])),
    )
    meshes = {
        'ground': label_mesh(make_quad(corners, TILES['ground']), Label.GROUND),
        'bins': label_mesh(bins, Label.OBJECT),
    }
    for variant in range(3):
        tree = label_mesh(make_tree(look, generator), Label.TREE)
        meshes[f'tree_{variant}'] = add_shade(tree, 0.85, TILES['shade'])
        meshes[f'tree_{variant}_far'] = find_coarsest(tree)
    return meshes


def make_tree(look: Season, generator: np.random.Generator) -> Mesh:
    """Return a fruit tree at three levels of detail, bare where the season is."""
    leaves, bark = TILES['leaves'], TILES['bark']
    turns = generator.uniform(0, 2 * np.pi) + np.arange(5) * 2 * np.pi / 5
    tips = [
        np.array([0.4 * np.cos(turn), 0.4 * np.sin(turn), generator.uniform(1.5, 2.2)])
        for turn in turns
    ]
    limbs = [make_tube([[0, 0, 0.6], tip], [0.07, 0.03], 4, bark) for tip in tips]
    trunk = make_tube([[0, 0, 0], [0, 0, 1.0]], [0.11, 0.08], 6, bark)
    if look.is_bare:
        ends = generator.uniform((-0.4, -0.4, 0.2), (0.4, 0.4, 0.8), (6, len(tips), 3)) + tips
        twigs = [
            make_tube([tip, end], [0.03, 0.008], 3, bark)
            for row in ends
            for tip, end in zip(tips, row, strict=True)
        ]
        return chain_levels(
            merge_meshes(trunk, *limbs, *twigs),
            merge_meshes(trunk, *limbs, *twigs[::2]),
            merge_meshes(trunk, *limbs),
        )
    middles = [*tips, np.array([0.0, 0.0, 2.1])]
    near = [make_blob(generator, middle, (0.55, 0.55, 0.65), leaves) for middle in middles]
    flakes = make_flakes(generator, (0, 0, 1.9), (0.55, 0.55, 0.65), leaves, 40, 0.08)
    whole = (CROWN, CROWN, 1.1)
    return chain_levels(
        merge_meshes(trunk, *near, flakes),
        merge_meshes(trunk, make_blob(generator, (0, 0, 1.9), whole, leaves, 1)),
        merge_meshes(trunk, make_blob(generator, (0, 0, 1.9), whole, leaves, 0)),
    )


def draw_atlas(look: Season, layout: Layout, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture that all meshes share, in the colours of the season."""
    atlas = Atlas(TILES)
    atlas.fill('ground', draw_ground(look, generator, atlas.size('ground')))
    atlas.fill('leaves', draw_leaves(generator, atlas.size('leaves'), look.leaves[0]))
    bark = draw_bark(generator, atlas.size('bark'), (0.2, 0.15, 0.11), (0.5, 0.42, 0.34))
    atlas.fill('bark', bark)
    planks = mix(draw_noise(generator, (64, 64), 4)[:32], (0.5, 0.36, 0.2), (0.76, 0.6, 0.38))
    planks[::8] *= 0.45
    atlas.fill('wood', planks)
    soil = draw_ground(look, generator, (128, 128))[32:96, 32:96]
    atlas.fill('shade', draw_shade(soil, 0.5))
    draw_target(layout, atlas)
    atlas.fill('metal', np.full((*atlas.size('metal'), 3), 0.25))
    return atlas.finish(look.tint)


def draw_ground(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Return grass with a strip of soil along the middle and ruts of a tractor beside it."""
    grass = mix(draw_noise(generator, size, 8, 4), *look.ground)
    grass = draw_blotches(generator, size, look.litter, look.litter_count // 2, 1.6, grass)
    soil = mix(draw_noise(generator, size, 8, 4), (0.26, 0.19, 0.13), (0.46, 0.36, 0.26))
    aside = np.abs(np.linspace(-ROW / 2, ROW / 2, size[0]))[:, None, None]
    ragged = aside + 0.5 * (draw_noise(generator, size, 8, 3)[..., None] - 0.5)
    bare = np.clip((0.75 - ragged) * 5, 0, 1) + 0.6 * np.clip(1 - np.abs(ragged - 1.6) * 6, 0, 1)
    bare = bare * (1 - look.snow)
    return grass * (1 - bare) + soil * bare


def draw_sky(look: Season, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the sky above rolling hills."""
    hills = 0.05 + 0.08 * draw_noise(generator, (32, 512), 1, 2)[0]
    return draw_panorama(generator, look.light, look.cloud_cover, hills, look.skyline)
