# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What can be seen in a world: the classes of a segmentation image."""

import re
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.worlds.world import Mesh

SHADE_HEIGHT = 0.03
"""What is lower than this lies on the ground [m]."""


class Label(IntEnum):
    """The class of a pixel.

    TARGET is the thing to be found, whatever it is. PLANT is low growth: grass, shrubs, saplings.
    OBJECT is everything that has no class of its own, such as rocks and lamp posts.
    """

    SKY = 0
    GROUND = 1
    ROAD = 2
    PLANT = 3
    TREE = 4
    BUILDING = 5
    CAR = 6
    OBJECT = 7
    TARGET = 8


# The first word of a mesh's name -> its class.
_LABELS = {
    'alley': Label.ROAD,
    'apron': Label.ROAD,
    'lane': Label.ROAD,
    'road': Label.ROAD,
    'bush': Label.PLANT,
    'fern': Label.PLANT,
    'grass': Label.PLANT,
    'sapling': Label.PLANT,
    'shrub': Label.PLANT,
    'birch': Label.TREE,
    'oak': Label.TREE,
    'pine': Label.TREE,
    'tree': Label.TREE,
    'house': Label.BUILDING,
    'kiosk': Label.BUILDING,
    'car': Label.CAR,
    'van': Label.CAR,
}


def label_mesh(name: str, mesh: Mesh) -> Label:
    """Return the class of a mesh: by its name, else GROUND if it is flat, else OBJECT."""
    word = re.split(r'[_\-\d]', name)[0]
    return _LABELS.get(word, Label.GROUND if is_flat(mesh) else Label.OBJECT)


def is_flat(mesh: Mesh) -> bool:
    """Return whether a mesh lies on the ground."""
    return bool(np.ptp(mesh.vertices[:, 2]) < 0.2)


def label_shade(
    labels: NDArray[np.uint8],
    depth: NDArray[np.float32],
    camera_height: float,
    rise: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Return classes that are GROUND where something lies flat on it.

    Meshes bring their shade along, a disc on the ground.

    :param depth: along the optical axis [m]. :param camera_height: above the ground [m].
    :param rise: how much the ray of each pixel climbs a metre of depth [m].
    """
    with np.errstate(invalid='ignore'):
        lies = camera_height + depth * rise < SHADE_HEIGHT
    return np.where(lies & (labels > Label.ROAD), np.uint8(Label.GROUND), labels)
