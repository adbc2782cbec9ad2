# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What can be seen in a world: the classes of a segmentation image."""

from enum import IntEnum


class Label(IntEnum):
    """The class of a mesh and of the pixels that show it.

    TARGET is the thing to be found, whatever it is. PLANT is low growth: grass, shrubs, saplings.
    OBJECT is everything that has no class of its own, such as rocks and lamp posts. VEHICLE is
    another vehicle that flies or drives in the same world; parked ones are CAR.
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
    VEHICLE = 9
