# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The classes of a segmentation image, where meshes bring shade along."""

import numpy as np
from numpy.typing import NDArray

from sim.worlds.labels import Label

SHADE_HEIGHT = 0.03
"""What is lower than this lies on the ground [m]."""


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


__all__ = ['SHADE_HEIGHT', 'Label', 'label_shade']
