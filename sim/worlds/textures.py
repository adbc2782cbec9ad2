# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural textures: one 256x256 atlas and one sky panorama a world, drawn from a generator."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.worlds.world import Light

Colour: TypeAlias = tuple[float, float, float]
Picture: TypeAlias = NDArray[np.floating]
"""RGB in 0 to 1, shape (height, width, 3)."""
ATLAS_SIZE_PX = 256
PANORAMA_SIZE_PX = (64, 512)


@dataclass(frozen=True)
class Tile:
    """A rectangle of the atlas [px], origin at the atlas's top left."""

    x: int
    y: int
    width: int
    height: int

    def uv(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return atlas coordinates of points in [0, 1]^2, (0, 0) bottom left, half a pixel in."""
        inside = np.clip(np.asarray(points, dtype=np.float64), 0.0, 1.0)
        column = self.x + 0.5 + inside[:, 0] * (self.width - 1)
        row = self.y + 0.5 + (1.0 - inside[:, 1]) * (self.height - 1)
        return np.stack([column, ATLAS_SIZE_PX - row], axis=1).astype(np.float32) / np.float32(
            ATLAS_SIZE_PX
        )


FOREST_TILES = {
    'ground': Tile(0, 0, 128, 128),
    'ground_b': Tile(128, 0, 128, 128),
    'leaves_a': Tile(0, 128, 64, 64),
    'leaves_b': Tile(64, 128, 64, 64),
    'needles': Tile(128, 128, 64, 64),
    'bush': Tile(192, 128, 64, 64),
    'bark_a': Tile(0, 192, 32, 64),
    'fern': Tile(32, 192, 32, 32),
    'wood': Tile(32, 224, 32, 32),
    'bark_b': Tile(64, 192, 64, 64),
    'shade': Tile(128, 192, 64, 64),
    'rock': Tile(192, 192, 32, 32),
    'grass': Tile(224, 192, 32, 32),
    'target': Tile(192, 224, 32, 32),
    'metal': Tile(224, 224, 32, 32),
}

URBAN_TILES = {
    'road': Tile(0, 0, 128, 64),
    'pavement': Tile(0, 64, 128, 64),
    'facade_a': Tile(128, 0, 64, 64),
    'facade_b': Tile(192, 0, 64, 64),
    'facade_c': Tile(128, 64, 64, 64),
    'facade_d': Tile(192, 64, 64, 64),
    'shop_a': Tile(0, 128, 64, 64),
    'shop_b': Tile(64, 128, 64, 64),
    'leaves_a': Tile(128, 128, 64, 64),
    'roof': Tile(192, 128, 32, 32),
    'bark_a': Tile(224, 128, 32, 32),
    'kerb': Tile(192, 160, 32, 32),
    'glass': Tile(224, 160, 32, 32),
    'target': Tile(0, 192, 32, 32),
    'metal': Tile(32, 192, 32, 32),
    'paint_a': Tile(64, 192, 32, 32),
    'paint_b': Tile(96, 192, 32, 32),
    'paint_c': Tile(128, 192, 32, 32),
    'paint_d': Tile(160, 192, 32, 32),
    'tyre': Tile(192, 192, 32, 32),
    'lamp': Tile(224, 192, 32, 32),
    'line': Tile(0, 224, 32, 32),
    'kiosk': Tile(32, 224, 32, 32),
    'hedge': Tile(64, 224, 32, 32),
    'shade': Tile(96, 224, 32, 32),
    'bollard': Tile(128, 224, 32, 32),
}


class Atlas:
    """An atlas under construction; tiles are filled by name with RGB in 0 to 1."""

    def __init__(self, tiles: dict[str, Tile]) -> None:
        self.tiles = tiles
        self._pixels = np.zeros((ATLAS_SIZE_PX, ATLAS_SIZE_PX, 3), dtype=np.float32)

    def fill(self, name: str, image: Picture) -> None:
        """Put an image of the tile's size into the atlas."""
        tile = self.tiles[name]
        self._pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = image

    def size(self, name: str) -> tuple[int, int]:
        """Return height and width of a tile [px]."""
        return self.tiles[name].height, self.tiles[name].width

    def finish(self, tint: Colour = (1.0, 1.0, 1.0)) -> NDArray[np.uint8]:
        """Return the tinted atlas as uint8 RGB."""
        return (np.clip(self._pixels * np.array(tint, dtype=np.float32), 0.0, 1.0) * 255).astype(
            np.uint8
        )


def scale_colour(colour: Colour, factor: float) -> Colour:
    """Return a darker or brighter colour."""
    red, green, blue = colour
    return factor * red, factor * green, factor * blue


def draw_noise(
    generator: np.random.Generator, size: tuple[int, int], cells: int, octaves: int = 4
) -> NDArray[np.float32]:
    """Return smooth noise in 0 to 1 that repeats seamlessly at its borders.

    :param size: height and width [px], powers of two.
    :param cells: coarsest cells across the height, a power of two.
    """
    total = np.zeros(size, dtype=np.float32)
    for octave in range(octaves):
        rows = min(cells * 2**octave, size[0])
        columns = min(max(1, rows * size[1] // size[0]), size[1])
        grid = np.pad(generator.random((rows, columns), dtype=np.float32), 2, mode='wrap')
        height, width = size[0] // rows, size[1] // columns
        scaled = cv2.resize(
            grid, (grid.shape[1] * width, grid.shape[0] * height), interpolation=cv2.INTER_CUBIC
        )
        crop = scaled[2 * height : 2 * height + size[0], 2 * width : 2 * width + size[1]]
        total += crop * np.float32(0.55**octave)
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def mix(share: NDArray[np.float32], low: Colour, high: Colour) -> NDArray[np.float32]:
    """Blend two colours by a share in 0 to 1."""
    share = share[..., None]
    from_colour, to_colour = np.array([low, high], dtype=np.float32)
    return (from_colour * (1 - share) + to_colour * share).astype(np.float32)


def draw_blotches(
    generator: np.random.Generator,
    size: tuple[int, int],
    colours: tuple[Colour, ...],
    count: int,
    radius_px: float,
    background: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Scatter small ellipses such as leaves over a background."""
    height, width = size
    image = np.tile(background, (1, 1, 1)).astype(np.float32)
    centres = generator.random((count, 2)) * (width, height)
    radii = radius_px * generator.uniform(0.5, 1.2, (count, 2))
    angles = generator.uniform(0, 180, count)
    picks = generator.integers(len(colours), size=count)
    shades = generator.uniform(0.65, 1.15, count)
    for centre, radius, angle, pick, shade in zip(
        centres, radii, angles, picks, shades, strict=True
    ):
        colour = tuple(float(value * shade) for value in colours[pick])
        axes = (max(1, int(radius[0])), max(1, int(radius[1] * 0.6)))
        cv2.ellipse(
            image, (int(centre[0]), int(centre[1])), axes, float(angle), 0, 360, colour, -1
        )
    return image


def draw_leaves(
    generator: np.random.Generator, size: tuple[int, int], colours: tuple[Colour, ...]
) -> NDArray[np.float32]:
    """Return foliage: bright leaves over dark gaps, in patches of light and shade."""
    dark = scale_colour(colours[0], 0.45)
    background = mix(draw_noise(generator, size, 4), dark, colours[0])
    image = draw_blotches(generator, size, colours, size[0] * size[1] // 16, 3.4, background)
    light = 0.6 + 0.75 * draw_noise(generator, size, 4, 2)
    return image * light[..., None]


def draw_bark(
    generator: np.random.Generator, size: tuple[int, int], low: Colour, high: Colour
) -> NDArray[np.float32]:
    """Return upright furrows."""
    noise = draw_noise(generator, (size[0], size[1]), 4, 4)
    columns = draw_noise(generator, (size[1], size[1]), 16, 2)[:1]
    return mix(np.clip(0.5 * noise + 0.6 * columns - 0.05, 0, 1), low, high)


def draw_birch(generator: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return white bark with dark scars across."""
    image = mix(draw_noise(generator, size, 8), (0.62, 0.6, 0.56), (0.9, 0.88, 0.84))
    for _ in range(14):
        x, y = (int(value) for value in generator.integers(0, (size[1], size[0])))
        cv2.ellipse(image, (x, y), (int(generator.integers(3, 9)), 1), 0, 0, 360, (0.13,) * 3, -1)
    return image


def draw_fabric(size: tuple[int, int], colour: Colour) -> NDArray[np.float32]:
    """Return woven cloth with darker seams along two edges."""
    image = np.full((*size, 3), colour, dtype=np.float32)
    image[::4] *= 0.93
    image[:, ::4] *= 0.95
    image[:2] *= 0.6
    image[-2:] *= 0.6
    return image


def draw_shade(ground: Picture, darkness: float) -> Picture:
    """Return ground that darkens towards the tile's middle.

    :param darkness: factor on the brightness in the middle.
    """
    axis = np.linspace(-1, 1, ground.shape[0], dtype=np.float32)
    share = np.clip(np.hypot(axis[:, None], axis[None]), 0, 1) ** 1.5
    return ground * (darkness + (1 - darkness) * share)[..., None]


def draw_panorama(
    generator: np.random.Generator,
    light: Light,
    cloud_cover: float,
    skyline: NDArray[np.float32],
    skyline_colour: Colour,
) -> NDArray[np.uint8]:
    """Return the sky with clouds, a glow around the sun and a far skyline.

    :param cloud_cover: 0 clear to 1 overcast.
    :param skyline: height of the far skyline as elevation [rad], one value a column.
    """
    rows, columns = PANORAMA_SIZE_PX
    elevation = np.linspace(np.pi / 2, 0, rows, dtype=np.float32)[:, None]
    azimuth = np.linspace(0, 2 * np.pi, columns, endpoint=False, dtype=np.float32)[None]
    share = np.broadcast_to(np.sin(elevation) ** 0.6, (rows, columns)).astype(np.float32)
    sky = mix(share, light.sky_horizon, light.sky_zenith)
    noise = draw_noise(generator, (rows, columns), 4, 5)
    cloud = np.clip((noise - 1 + cloud_cover) * 3.0, 0, 1) * np.clip(elevation * 4, 0, 1)
    horizon, sunlight = np.array([light.sky_horizon, light.sun], dtype=np.float32)
    bright = np.clip(horizon * np.float32(0.6) + np.float32(0.4) * sunlight, 0, 1)
    sky = sky * (1 - 0.75 * cloud[..., None]) + bright * (0.75 * cloud[..., None])
    sun = np.array(light.sun_direction_world, dtype=np.float32)
    cosine = np.cos(elevation) * (np.cos(azimuth) * sun[0] + np.sin(azimuth) * sun[1])
    cosine = np.clip(cosine + np.sin(elevation) * sun[2], 0, 1)
    glow = (0.35 * cosine**12 + 0.5 * cosine**200) * (1 - 0.6 * cloud_cover)
    sky = sky + glow[..., None] * sunlight
    height = np.clip(elevation / skyline[None], 0, 1)
    haze = np.add(light.sky_horizon, skyline_colour) / 2
    far = mix(height, tuple(haze), skyline_colour)
    sky = np.where((elevation < skyline[None])[..., None], far, sky)
    return (np.clip(sky, 0, 1) * 255).astype(np.uint8)
