# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a street: facades, road, pavement and the sky above the roofs."""

import numpy as np
from numpy.typing import NDArray

from sim.worlds.seasons import Season
from sim.worlds.targets import draw_target
from sim.worlds.textures import (
    URBAN_TILES,
    Atlas,
    Colour,
    Picture,
    draw_bark,
    draw_blotches,
    draw_leaves,
    draw_noise,
    draw_panorama,
    draw_shade,
    mix,
    scale_colour,
)
from sim.worlds.world import Layout, Light

LAMPLIGHT = np.array((1.25, 1.0, 0.55), np.float32)
SKYLINE: Colour = (0.5, 0.55, 0.62)

WALLS: dict[str, tuple[Colour, Colour]] = {
    'facade_a': ((0.62, 0.5, 0.38), (0.74, 0.62, 0.48)),
    'facade_b': ((0.5, 0.3, 0.24), (0.6, 0.38, 0.3)),
    'facade_c': ((0.7, 0.68, 0.62), (0.82, 0.8, 0.74)),
    'facade_d': ((0.42, 0.46, 0.5), (0.54, 0.58, 0.62)),
}
PLAIN: dict[str, tuple[Colour, Colour]] = {
    'roof': ((0.28, 0.22, 0.2), (0.42, 0.34, 0.3)),
    'kerb': ((0.5, 0.5, 0.49), (0.64, 0.63, 0.61)),
    'glass': ((0.1, 0.13, 0.17), (0.3, 0.38, 0.45)),
    'metal': ((0.18, 0.2, 0.2), (0.28, 0.3, 0.3)),
    'tyre': ((0.05, 0.05, 0.05), (0.14, 0.14, 0.14)),
    'lamp': ((0.95, 0.92, 0.78), (1.0, 0.98, 0.88)),
    'line': ((0.85, 0.85, 0.82), (0.95, 0.95, 0.92)),
    'paint_a': ((0.78, 0.78, 0.8), (0.88, 0.88, 0.9)),
    'paint_b': ((0.12, 0.2, 0.42), (0.18, 0.28, 0.52)),
    'paint_c': ((0.14, 0.15, 0.16), (0.22, 0.23, 0.24)),
    'paint_d': ((0.18, 0.34, 0.26), (0.24, 0.42, 0.32)),
}


def draw_atlas(look: Season, layout: Layout, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the atlas of the street in a season."""
    atlas = Atlas(URBAN_TILES)
    atlas.fill('road', _draw_road(look, generator, atlas.size('road')))
    atlas.fill('pavement', _draw_pavement(look, generator, atlas.size('pavement')))
    for name, colours in WALLS.items():
        atlas.fill(name, _draw_facade(look, generator, atlas.size(name), colours))
    for name, colour in (('shop_a', (0.3, 0.36, 0.3)), ('shop_b', (0.52, 0.46, 0.34))):
        atlas.fill(name, _draw_shop(generator, atlas.size(name), colour))
    for name, colours in PLAIN.items():
        atlas.fill(name, mix(draw_noise(generator, atlas.size(name), 4, 3), *colours))
    atlas.fill('leaves_a', draw_leaves(generator, atlas.size('leaves_a'), look.leaves[0]))
    atlas.fill('hedge', draw_leaves(generator, atlas.size('hedge'), look.bush))
    atlas.fill(
        'bark_a', draw_bark(generator, atlas.size('bark_a'), (0.2, 0.16, 0.12), (0.45, 0.38, 0.3))
    )
    atlas.fill('kiosk', _draw_posters(generator, atlas.size('kiosk')))
    atlas.fill('bollard', _draw_bands(atlas.size('bollard')))
    draw_target(layout, atlas)
    shade = _draw_asphalt(look, generator, atlas.size('shade'))
    atlas.fill('shade', draw_shade(shade, 0.5))
    return atlas.finish(look.tint)


def _draw_asphalt(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    tar = mix(draw_noise(generator, size, 4, 5), (0.25, 0.25, 0.26), (0.37, 0.37, 0.37))
    image = tar * generator.uniform(0.85, 1.15, (*size, 1))
    cover = np.clip((draw_noise(generator, size, 4, 4) - 0.35) * 4, 0, 1)[..., None] * look.snow
    return image * (1 - cover) + np.array((0.88, 0.9, 0.94), dtype=np.float32) * cover


def _draw_road(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = _strew_leaves(_draw_asphalt(look, generator, size), look, generator)
    height, width = size
    white = (0.85, 0.85, 0.82)
    image[height // 2 - 1 : height // 2 + 1, width // 8 : width * 5 // 8] = white
    image[:2] *= 0.8
    image[-2:] *= 0.8
    return image


def _strew_leaves(image: Picture, look: Season, generator: np.random.Generator) -> Picture:
    """Return the ground with the leaves that street trees have shed."""
    size = (image.shape[0], image.shape[1])
    background = image.astype(np.float32)
    return draw_blotches(generator, size, look.litter, look.fallen_leaves, 1.7, background)


def _draw_pavement(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    noise = draw_noise(generator, size, 8, 4)
    image: Picture = mix(noise, (0.48, 0.47, 0.45), (0.62, 0.6, 0.57))
    slabs = generator.uniform(0.88, 1.08, (size[0] // 16, size[1] // 16))
    image = image * np.kron(slabs, np.ones((16, 16)))[..., None]
    image[::16] *= 0.72
    image[:, ::16] *= 0.72
    image = _strew_leaves(image, look, generator)
    cover = np.clip((draw_noise(generator, size, 4, 4) - 0.2) * 4, 0, 1)[..., None] * look.snow
    return image * (1 - cover) + np.array((0.9, 0.92, 0.96), dtype=np.float32) * cover


def _draw_facade(
    look: Season,
    generator: np.random.Generator,
    size: tuple[int, int],
    colours: tuple[Colour, Colour],
) -> Picture:
    """Return two by two windows with frames, sills and the sky or a lit room in their panes."""
    image = mix(draw_noise(generator, size, 8, 3), *colours)
    for row in range(0, size[0], 32):
        image[row : row + 2] *= 0.8
        for column in range(0, size[1], 32):
            bright = float(generator.uniform(0.7, 1.3))
            blue = np.array((0.75, 0.9, 1.05), np.float32)
            pane = np.linspace(0.55, 0.25, 18)[:, None, None] * blue
            if generator.random() < look.lit_windows:
                pane = np.linspace(1.15, 0.95, 18)[:, None, None] * LAMPLIGHT
            image[row + 6 : row + 26, column + 8 : column + 24] = (0.88, 0.87, 0.84)
            image[row + 7 : row + 25, column + 9 : column + 23] = pane * bright
            image[row + 7 : row + 25, column + 15 : column + 17] = (0.85, 0.84, 0.8)
            image[row + 26 : row + 28, column + 7 : column + 25] *= 0.6
    return image


def _draw_shop(generator: np.random.Generator, size: tuple[int, int], colour: Colour) -> Picture:
    """Return a shop window, a door and a sign above them."""
    image = mix(
        draw_noise(generator, size, 4, 3), scale_colour(colour, 0.8), scale_colour(colour, 1.1)
    )
    image[4:14, 3:-3] = generator.uniform(0.3, 0.65, 3) * (0.8, 1.0, 1.0)
    for x, y in zip(range(8, 54, 4), generator.integers(6, 9, 12), strict=True):
        image[y : y + 4, x : x + 2] = (0.92, 0.9, 0.82)
    glass = np.linspace(0.5, 0.16, 42)[:, None, None] * np.array((0.8, 0.95, 1.05), np.float32)
    image[17:59, 4:40] = glass
    image[17:59, 21:23] = colour
    image[17:, 45:59] = np.multiply(colour, 0.45)
    image[21:44, 48:56] = glass[:23]
    return image


def _draw_posters(generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = np.full((*size, 3), 0.7, dtype=np.float32)
    for x in range(0, size[1], 11):
        for y in range(1, size[0] - 8, 15):
            colour = generator.uniform(0.4, 0.75, 3) * (0.85, 1.0, 1.0)
            image[y : y + 13, x : x + 10] = colour
            image[y + 3 : y + 6, x + 2 : x + 8] = np.clip(1.2 - colour, 0, 1)
    return image


def _draw_bands(size: tuple[int, int]) -> Picture:
    image = np.full((*size, 3), (0.2, 0.22, 0.24), dtype=np.float32)
    image[4:10] = image[14:20] = (0.92, 0.9, 0.85)
    return image


def draw_sky(look: Season, light: Light, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the panorama above and behind the houses."""
    red, green, blue = (a * b for a, b in zip(SKYLINE, look.tint, strict=True))
    blocks = np.repeat(generator.uniform(0.05, 0.2, 64), 8).astype(np.float32)
    return draw_panorama(generator, light, look.cloud_cover, blocks, (red, green, blue))
