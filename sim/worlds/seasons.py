# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What sets the seasons of the forest apart: colours, light, air and foliage."""

from dataclasses import dataclass

from sim.worlds.textures import Colour
from sim.worlds.world import Light


@dataclass(frozen=True)
class Season:
    """Colours are RGB in 0 to 1 before the light falls on them.

    :param leaves: colours of the two broadleaf crowns, brightest leaves last.
    :param ground: dark and bright colour of the soil or grass.
    :param litter: colours of what lies on the ground. :param litter_count: how much of it.
    :param fern: colour of ferns. :param shade: depth of the shade below crowns, 0 none to 1 full.
    :param fallen_leaves: how many lie on a tile of a street.
    :param lit_windows: share of windows with a lamp behind them.
    :param is_bare: whether broadleaf trees have lost their leaves.
    :param snow: share of surfaces that snow covers, 0 to 1.
    :param tint: multiplies the whole atlas: the colour of the shaded light.
    """

    leaves: tuple[tuple[Colour, ...], tuple[Colour, ...]]
    needles: tuple[Colour, ...]
    bush: tuple[Colour, ...]
    ground: tuple[Colour, Colour]
    litter: tuple[Colour, ...]
    litter_count: int
    grass: tuple[Colour, Colour]
    fern: Colour
    shade: float
    skyline: Colour
    light: Light
    cloud_cover: float
    fallen_leaves: int = 0
    lit_windows: float = 0.0
    is_bare: bool = False
    snow: float = 0.0
    tint: Colour = (1.0, 1.0, 1.0)


_SUMMER = Season(
    leaves=(
        ((0.16, 0.33, 0.09), (0.24, 0.46, 0.13), (0.36, 0.58, 0.18)),
        ((0.25, 0.4, 0.12), (0.38, 0.55, 0.18), (0.52, 0.68, 0.26)),
    ),
    needles=((0.08, 0.2, 0.1), (0.12, 0.28, 0.13), (0.18, 0.35, 0.18)),
    bush=((0.14, 0.3, 0.08), (0.22, 0.42, 0.12), (0.3, 0.5, 0.16)),
    ground=((0.24, 0.3, 0.12), (0.42, 0.5, 0.2)),
    litter=((0.5, 0.45, 0.25), (0.3, 0.42, 0.14), (0.36, 0.28, 0.16)),
    litter_count=350,
    grass=((0.2, 0.36, 0.1), (0.45, 0.6, 0.2)),
    fern=(0.2, 0.42, 0.1),
    shade=1.0,
    skyline=(0.4, 0.52, 0.4),
    light=Light(
        (0.48, 0.36, 0.8), (0.86, 0.82, 0.7), 0.46, (0.3, 0.54, 0.9), (0.72, 0.84, 0.93), 75.0
    ),
    cloud_cover=0.45,
)

_AUTUMN = Season(
    leaves=(
        ((0.5, 0.26, 0.06), (0.72, 0.42, 0.09), (0.86, 0.58, 0.14)),
        ((0.62, 0.48, 0.1), (0.82, 0.66, 0.16), (0.93, 0.8, 0.28)),
    ),
    needles=((0.1, 0.2, 0.09), (0.15, 0.27, 0.12), (0.22, 0.33, 0.16)),
    bush=((0.4, 0.24, 0.08), (0.56, 0.38, 0.12), (0.66, 0.5, 0.2)),
    ground=((0.3, 0.22, 0.11), (0.5, 0.37, 0.18)),
    litter=((0.75, 0.48, 0.13), (0.85, 0.66, 0.2), (0.55, 0.3, 0.1), (0.42, 0.26, 0.12)),
    litter_count=1500,
    grass=((0.42, 0.34, 0.14), (0.66, 0.56, 0.24)),
    fern=(0.6, 0.42, 0.14),
    shade=0.8,
    skyline=(0.62, 0.58, 0.5),
    light=Light(
        (0.62, -0.46, 0.64), (0.84, 0.74, 0.56), 0.46, (0.5, 0.62, 0.78), (0.84, 0.83, 0.78), 58.0
    ),
    cloud_cover=0.6,
    fallen_leaves=420,
)

_WINTER = Season(
    leaves=(((0.4, 0.36, 0.32),) * 3, ((0.5, 0.46, 0.42),) * 3),
    needles=((0.14, 0.24, 0.19), (0.2, 0.3, 0.24), (0.3, 0.38, 0.33)),
    bush=((0.34, 0.3, 0.26), (0.45, 0.4, 0.36), (0.6, 0.58, 0.56)),
    ground=((0.78, 0.82, 0.88), (0.95, 0.96, 0.98)),
    litter=((0.7, 0.75, 0.82), (1.0, 1.0, 1.0), (0.62, 0.6, 0.58)),
    litter_count=120,
    grass=((0.5, 0.46, 0.36), (0.82, 0.8, 0.74)),
    fern=(0.48, 0.4, 0.3),
    shade=0.35,
    skyline=(0.66, 0.7, 0.74),
    light=Light(
        (0.52, 0.5, 0.69), (0.42, 0.42, 0.44), 0.62, (0.68, 0.74, 0.82), (0.84, 0.87, 0.9), 45.0
    ),
    cloud_cover=0.9,
    is_bare=True,
    snow=0.75,
)

_DUSK = Season(
    leaves=_SUMMER.leaves,
    needles=_SUMMER.needles,
    bush=_SUMMER.bush,
    ground=_SUMMER.ground,
    litter=_SUMMER.litter,
    litter_count=_SUMMER.litter_count,
    grass=_SUMMER.grass,
    fern=_SUMMER.fern,
    shade=0.55,
    skyline=(0.5, 0.3, 0.3),
    light=Light(
        (0.83, -0.5, 0.24), (0.85, 0.5, 0.26), 0.42, (0.2, 0.2, 0.42), (0.93, 0.56, 0.36), 62.0
    ),
    cloud_cover=0.5,
    lit_windows=0.5,
    tint=(0.72, 0.66, 0.86),
)

SEASONS = {'summer': _SUMMER, 'autumn': _AUTUMN, 'winter': _WINTER, 'dusk': _DUSK}
