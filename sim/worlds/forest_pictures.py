# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a forest: ground in sun and shade, foliage, bark and the sky above."""

import numpy as np
from numpy.typing import NDArray

from sim.worlds.seasons import Season
from sim.worlds.shade import Floor
from sim.worlds.targets import draw_target
from sim.worlds.textures import (
    FOREST_TILES,
    Atlas,
    Colour,
    Picture,
    draw_bark,
    draw_birch,
    draw_blotches,
    draw_leaves,
    draw_noise,
    draw_panorama,
    draw_shade,
    mix,
    scale_colour,
)
from sim.worlds.world import Layout, Light

SNOW: Colour = (0.92, 0.95, 1.0)


def draw_atlas(
    look: Season, layout: Layout, floor: Floor, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the atlas of the forest in a season, with the light that falls on the floor."""
    atlas = Atlas(FOREST_TILES)
    for name, light in zip(('ground', 'ground_b'), floor.light, strict=True):
        ground = _draw_ground(look, generator, atlas.size(name))
        atlas.fill(name, ground * (1 - look.shade * (1 - light[..., None])))
    for name, colours in zip(('leaves_a', 'leaves_b'), look.leaves, strict=True):
        atlas.fill(name, draw_leaves(generator, atlas.size(name), colours))
    atlas.fill('needles', _draw_needles(look, generator, atlas.size('needles')))
    bush = draw_leaves(generator, atlas.size('bush'), look.bush)
    atlas.fill('bush', _add_snow(bush, look, generator))
    bark = draw_bark(generator, atlas.size('bark_a'), (0.16, 0.12, 0.09), (0.46, 0.37, 0.28))
    atlas.fill('bark_a', bark)
    atlas.fill('bark_b', draw_birch(generator, atlas.size('bark_b')))
    shade = _draw_ground(look, generator, atlas.size('shade'))
    atlas.fill('shade', draw_shade(shade, 0.5 + 0.15 * look.snow))
    rock = mix(draw_noise(generator, atlas.size('rock'), 4), (0.3, 0.3, 0.29), (0.6, 0.59, 0.56))
    atlas.fill('rock', _add_snow(rock, look, generator))
    grass = mix(draw_noise(generator, atlas.size('grass'), 8), *look.grass)
    atlas.fill('grass', grass)
    fern = (scale_colour(look.fern, 0.6), look.fern, scale_colour(look.fern, 1.3))
    atlas.fill('fern', draw_leaves(generator, atlas.size('fern'), fern))
    wood = mix(draw_noise(generator, atlas.size('wood'), 4), (0.5, 0.38, 0.24), (0.74, 0.6, 0.42))
    atlas.fill('wood', _add_snow(wood, look, generator))
    draw_target(layout, atlas)
    atlas.fill('metal', np.full((*atlas.size('metal'), 3), 0.25))
    return atlas.finish(look.tint)


def _draw_ground(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    soil = mix(draw_noise(generator, size, 4, 5), *look.ground)
    count = look.litter_count * size[0] * size[1] // 128**2
    image = draw_blotches(generator, size, look.litter, count, 1.6, soil)
    grain = generator.uniform(0.95, 1.15, (*size, 1))
    return image * grain


def _draw_needles(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = draw_leaves(generator, size, look.needles)
    height = np.linspace(1, 0, size[0], dtype=np.float32)[:, None]
    cover = np.clip((height + 0.5 * draw_noise(generator, size, 8, 3) - 0.55) * 4, 0, 1)
    cover = cover[..., None] * look.snow
    return image * (1 - cover) + np.array(SNOW, dtype=np.float32) * cover


def _add_snow(image: Picture, look: Season, generator: np.random.Generator) -> Picture:
    size = (image.shape[0], image.shape[1])
    cover = np.clip((draw_noise(generator, size, 4, 3) - 0.35) * 5, 0, 1)[..., None]
    return image * (1 - look.snow * cover) + np.array(SNOW, dtype=np.float32) * cover * look.snow


def draw_sky(look: Season, light: Light, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the panorama above and behind the trees."""
    skyline = 0.04 + 0.1 * draw_noise(generator, (32, 512), 2, 5)[0]
    return draw_panorama(generator, light, look.cloud_cover, skyline, look.skyline)
