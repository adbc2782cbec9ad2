# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The atlas of a country road: asphalt with marks, meadow, foliage and signs by the season."""

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.worlds.seasons import Season
from sim.worlds.textures import (
    Atlas,
    Colour,
    Picture,
    Tile,
    draw_bark,
    draw_birch,
    draw_blotches,
    draw_leaves,
    draw_noise,
    draw_shade,
    mix,
)

ROAD_TILES = {
    'road_0': Tile(0, 0, 128, 64),
    'road_1': Tile(0, 64, 128, 64),
    'ground': Tile(128, 0, 128, 128),
    'leaves_a': Tile(0, 128, 64, 64),
    'leaves_b': Tile(64, 128, 64, 64),
    'needles': Tile(128, 128, 64, 64),
    'shade': Tile(192, 128, 64, 64),
    'bark_a': Tile(0, 192, 32, 64),
    'bark_b': Tile(32, 192, 32, 64),
    'bush': Tile(64, 192, 64, 64),
    'grass': Tile(128, 192, 32, 32),
    'wood': Tile(160, 192, 32, 32),
    'metal': Tile(192, 192, 32, 32),
    'post': Tile(224, 192, 32, 32),
    'target': Tile(128, 224, 32, 32),
    'chevron': Tile(160, 224, 32, 32),
    'warning': Tile(192, 224, 32, 32),
    'limit': Tile(224, 224, 32, 32),
}

ROAD_SPAN = 8.0
"""Width [m] that a tile of the road covers: two lanes and half a metre of gravel on both sides."""
EDGE_LINE = 3.25
"""Distance [m] of the middle of an edge line from the centreline."""
LINE_WIDTH = 0.2
DASH_SHARE = 0.42
"""Share of a tile's length that its one dash of the centre line covers."""
WHITE: Colour = (0.94, 0.94, 0.92)
RED: Colour = (0.86, 0.06, 0.07)
BLACK: Colour = (0.05, 0.05, 0.06)
SNOW: Colour = (0.92, 0.95, 1.0)
SLUSH: Colour = (0.56, 0.59, 0.64)


def draw_atlas(look: Season, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the atlas of a season."""
    atlas = Atlas(ROAD_TILES)
    for name in ('road_0', 'road_1'):
        atlas.fill(name, _draw_road(look, generator, atlas.size(name)))
    atlas.fill('ground', _draw_meadow(look, generator, atlas.size('ground')))
    atlas.fill('shade', draw_shade(_draw_meadow(look, generator, atlas.size('shade')), 0.55))
    for name, colours in zip(('leaves_a', 'leaves_b'), look.leaves, strict=True):
        atlas.fill(name, draw_leaves(generator, atlas.size(name), colours))
    for name, colours in (('needles', look.needles), ('bush', look.bush)):
        leaves = draw_leaves(generator, atlas.size(name), colours)
        atlas.fill(name, _add_snow(leaves, look.snow, generator))
    bark = draw_bark(generator, atlas.size('bark_a'), (0.16, 0.12, 0.09), (0.46, 0.37, 0.28))
    atlas.fill('bark_a', bark)
    atlas.fill('bark_b', draw_birch(generator, atlas.size('bark_b')))
    atlas.fill('grass', mix(draw_noise(generator, atlas.size('grass'), 8), *look.grass))
    wood = draw_bark(generator, atlas.size('wood'), (0.3, 0.25, 0.2), (0.58, 0.5, 0.42))
    atlas.fill('wood', wood)
    metal = draw_noise(generator, atlas.size('metal'), 4, 2)
    atlas.fill('metal', mix(metal, (0.5, 0.51, 0.52), (0.62, 0.63, 0.64)))
    for name, draw in SIGNS.items():
        atlas.fill(name, draw(atlas.size(name)))
    return atlas.finish(look.tint)


def _add_snow(image: Picture, snow: float, generator: np.random.Generator) -> Picture:
    size = (image.shape[0], image.shape[1])
    cover = snow * np.clip((draw_noise(generator, size, 4, 3) - 0.35) * 5, 0, 1)
    return _blend(image, SNOW, cover)


def _blend(image: Picture, colour: Colour, share: NDArray[np.floating]) -> Picture:
    """Return the image with a share, shape (height, width), of a colour."""
    share = share[..., None]
    return image * (1 - share) + np.array(colour, dtype=np.float32) * share


def _draw_meadow(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    soil = mix(draw_noise(generator, size, 4, 5), *look.ground)
    grass = mix(draw_noise(generator, size, 16, 3), *look.grass)
    share = (0.55 * (1 - look.snow) * np.clip(draw_noise(generator, size, 4, 4) * 2 - 0.4, 0, 1))[
        ..., None
    ]
    turf = (soil * (1 - share) + grass * share).astype(np.float32)
    count = look.litter_count * size[0] * size[1] // (4 * 128**2)
    littered = draw_blotches(generator, size, look.litter, count, 1.2, turf)
    return littered * generator.uniform(0.9, 1.1, (*size, 1))


def _draw_road(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Return one tile of road, its width along x: gravel, asphalt and marks, then snow or leaves.

    The middle of the tile's length holds one dash of the centre line.
    """
    aside = np.linspace(-ROAD_SPAN / 2, ROAD_SPAN / 2, size[1])[None]
    along = np.linspace(0, 1, size[0])[:, None]
    image = _draw_asphalt(generator, size, aside)
    worn = 0.72 + 0.28 * np.clip(draw_noise(generator, size, 8, 3) * 3 - 0.3, 0, 1)
    edge = _soften(np.abs(np.abs(aside) - EDGE_LINE), LINE_WIDTH / 2)
    dash = _soften(np.abs(aside), LINE_WIDTH / 2) * (np.abs(along - 0.5) < DASH_SHARE / 2)
    image = _blend(image, WHITE, worn * np.maximum(edge, dash))
    ragged = np.abs(aside) + 0.5 * (draw_noise(generator, size, 8, 3) - 0.5)
    grit = draw_noise(generator, size, 32, 2) * generator.uniform(0.7, 1.2, size)
    gravel = mix(np.clip(grit, 0, 1).astype(np.float32), (0.36, 0.33, 0.28), (0.6, 0.57, 0.5))
    image = np.where((ragged > 3.55)[..., None], gravel, image)
    image = np.where((ragged > 3.85)[..., None], _draw_meadow(look, generator, size), image)
    if look.snow > 0:
        return _add_slush(image, look.snow, ragged, generator)
    return _scatter_leaves(image, look, np.abs(aside), generator)


def _soften(distance: NDArray[np.floating], half_width: float) -> NDArray[np.floating]:
    """Return the share of a line in pixels at a distance from its middle [m]."""
    pixel = ROAD_SPAN / ROAD_TILES['road_0'].width
    return np.clip((half_width - distance) / pixel + 0.5, 0, 1)


def _draw_asphalt(
    generator: np.random.Generator, size: tuple[int, int], aside: NDArray[np.floating]
) -> Picture:
    """Return asphalt with polished wheel tracks, grain and a few mended cracks."""
    tar = mix(draw_noise(generator, size, 4, 5), (0.27, 0.27, 0.28), (0.37, 0.37, 0.37))
    tar = tar * (1 - 0.1 * _find_tracks(aside))[..., None]
    image = np.asarray(tar * generator.uniform(0.88, 1.12, (*size, 1)), dtype=np.float32)
    for _ in range(3):
        x = generator.uniform(0.1, 0.9) * size[1]
        places = np.linspace(0, size[0], 6) * generator.uniform(0.3, 1.0)
        line = np.stack([x + np.cumsum(generator.normal(0, 3, 6)), places], axis=1)
        cv2.polylines(image, [line.astype(np.int32)], False, (0.17, 0.17, 0.18), 1)
    return image


def _find_tracks(aside: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how much of the traffic rolls at a distance from the centreline [m], 0 to 1."""
    from_track = np.abs(np.abs(np.abs(aside) - 1.75) - 0.75)
    return np.clip(1.4 - from_track / 0.3, 0, 1)


def _add_slush(
    image: Picture, snow: float, ragged: NDArray[np.floating], generator: np.random.Generator
) -> Picture:
    """Return the road with grey slush beside wheel tracks and snow along its edges."""
    size = (image.shape[0], image.shape[1])
    aside = np.linspace(-ROAD_SPAN / 2, ROAD_SPAN / 2, size[1])[None]
    wet = image * (1 - 0.3 * _find_tracks(aside))[..., None]
    cover = np.clip((draw_noise(generator, size, 4, 4) - 0.5) * 5, 0, 1)
    slush = _blend(wet, SLUSH, snow * cover * (1 - _find_tracks(aside)))
    return _blend(slush, SNOW, np.clip((ragged - 3.45) * 5, 0, 1))


def _scatter_leaves(
    image: Picture, look: Season, aside: NDArray[np.floating], generator: np.random.Generator
) -> Picture:
    """Return the road with what the trees drop, most of it along its edges."""
    size = (image.shape[0], image.shape[1])
    count = look.litter_count // 5
    leaves = draw_blotches(generator, size, look.litter, count, 1.0, image.astype(np.float32))
    lies = draw_noise(generator, size, 8, 3) * (aside / 3.6) ** 2 > 0.62
    return np.where(lies[..., None], leaves, image)


def _draw_checks(size: tuple[int, int]) -> Picture:
    """Return red and white checks in a red frame."""
    rows, columns = np.indices(size) // (size[0] // 4)
    image = np.where(((rows + columns) % 2 == 0)[..., None], RED, WHITE)
    return np.asarray(image, dtype=np.float32)


def _draw_chevron(size: tuple[int, int]) -> Picture:
    """Return a white arrow head on red that points right."""
    image = np.full((*size, 3), RED, dtype=np.float32)
    for x in (2, 18):
        arrow = [[x, 3], [x + 5, 3], [x + 13, 16], [x + 5, 29], [x, 29], [x + 8, 16]]
        cv2.fillPoly(image, [np.array(arrow, dtype=np.int32)], WHITE)
    return image


def _draw_warning(size: tuple[int, int]) -> Picture:
    """Return a triangle with a red rim and a black bend."""
    image = np.full((*size, 3), RED, dtype=np.float32)
    cv2.fillPoly(image, [np.array([[16, 8], [27, 28], [5, 28]], dtype=np.int32)], WHITE)
    bend = np.array([[14, 26], [14, 21], [18, 19], [18, 14]], dtype=np.int32)
    cv2.polylines(image, [bend], False, BLACK, 2)
    return image


def _draw_limit(size: tuple[int, int]) -> Picture:
    """Return a disc with a red rim: 50."""
    image = np.full((*size, 3), RED, dtype=np.float32)
    cv2.circle(image, (16, 16), 11, WHITE, -1)
    five = [[14, 11], [9, 11], [9, 15], [14, 15], [14, 20], [9, 20]]
    cv2.polylines(image, [np.array(five, dtype=np.int32)], False, BLACK, 2)
    cv2.rectangle(image, (18, 11), (22, 20), BLACK, 2)
    return image


def _draw_post(size: tuple[int, int]) -> Picture:
    """Return a white reflector post with its black, slanting band and a reflector."""
    image = np.full((*size, 3), (0.93, 0.93, 0.92), dtype=np.float32)
    band = np.array([[0, 3], [size[1], 6], [size[1], 14], [0, 11]], dtype=np.int32)
    cv2.fillPoly(image, [band], BLACK)
    image[6:11, size[1] // 3 : 2 * size[1] // 3] = (1.0, 0.55, 0.1)
    return image


SIGNS = {
    'target': _draw_checks,
    'chevron': _draw_chevron,
    'warning': _draw_warning,
    'limit': _draw_limit,
    'post': _draw_post,
}
