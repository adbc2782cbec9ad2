# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Disturbances of image, transport, air and vehicle: composable, and off by default."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry
from sim.lazy import import_on_demand

if TYPE_CHECKING:
    from sim.disturbances.airframe import BatterySag, MassChange
    from sim.disturbances.camera_roll import CameraRoll
    from sim.disturbances.colour import Brightness, Contrast, Saturation
    from sim.disturbances.disturbance import Disturbance
    from sim.disturbances.episode import DisturbedEpisode, join_conditions, sum_latency
    from sim.disturbances.frames import DroppedFrames, RepeatedFrames
    from sim.disturbances.gusting_wind import GustingWind
    from sim.disturbances.latency import Latency
    from sim.disturbances.motion_blur import MotionBlur
    from sim.disturbances.occluding_patch import OccludingPatch
    from sim.disturbances.pixel_noise import PixelNoise

__getattr__ = import_on_demand(
    __name__,
    {
        'BatterySag': 'airframe',
        'Brightness': 'colour',
        'CameraRoll': 'camera_roll',
        'Contrast': 'colour',
        'Disturbance': 'disturbance',
        'DisturbedEpisode': 'episode',
        'DroppedFrames': 'frames',
        'GustingWind': 'gusting_wind',
        'Latency': 'latency',
        'MassChange': 'airframe',
        'MotionBlur': 'motion_blur',
        'OccludingPatch': 'occluding_patch',
        'PixelNoise': 'pixel_noise',
        'RepeatedFrames': 'frames',
        'Saturation': 'colour',
        'join_conditions': 'episode',
        'sum_latency': 'episode',
    },
)

NUM_LEVELS = 3


def _check_levels(entry: object) -> None:
    """Check what another package offers as a disturbance."""
    from sim.disturbances.disturbance import Disturbance

    levels = entry if isinstance(entry, tuple) else ()
    if len(levels) != NUM_LEVELS or not all(isinstance(one, Disturbance) for one in levels):
        raise ValueError(
            f'expected a tuple of {NUM_LEVELS} disturbances, from mild to severe, such as '
            f'(Latency(0.05), Latency(0.1), Latency(0.2)), got {entry!r}'
        )


DISTURBANCES: 'Registry[tuple[Disturbance, ...]]' = Registry(
    'disturbance',
    'lnn_control.disturbances',
    {
        'image_noise': 'sim.disturbances.pixel_noise:LEVELS',
        'brighter': 'sim.disturbances.colour:BRIGHTER',
        'darker': 'sim.disturbances.colour:DARKER',
        'contrast': 'sim.disturbances.colour:CONTRAST',
        'saturation': 'sim.disturbances.colour:SATURATION',
        'motion_blur': 'sim.disturbances.motion_blur:LEVELS',
        'occluding_patch': 'sim.disturbances.occluding_patch:LEVELS',
        'camera_roll': 'sim.disturbances.camera_roll:LEVELS',
        'dropped_frames': 'sim.disturbances.frames:DROPPED',
        'repeated_frames': 'sim.disturbances.frames:REPEATED',
        'latency': 'sim.disturbances.latency:LEVELS',
        'wind': 'sim.disturbances.gusting_wind:LEVELS',
        'heavier': 'sim.disturbances.airframe:HEAVIER',
        'lighter': 'sim.disturbances.airframe:LIGHTER',
        'battery_sag': 'sim.disturbances.airframe:BATTERY_SAG',
    },
    _check_levels,
)
"""Name of a disturbance -> what it is at level 1 (mild), 2 and 3 (severe), in a tuple."""


def make_disturbance(name: str, level: int) -> 'Disturbance':
    """Return a disturbance of the stress suite by its name, or as `module:LEVELS`, and its level.

    :param level: 1 (mild) to 3 (severe).
    :raises ValueError: if there is no such disturbance or level.
    """
    levels = DISTURBANCES.find(name)
    if level not in range(1, NUM_LEVELS + 1):
        raise ValueError(f'level must be 1, 2 or 3, got {level!r}')
    return levels[level - 1]


def check_disturbances(disturbances: 'Sequence[Disturbance]') -> 'tuple[Disturbance, ...]':
    """Return disturbances as a tuple.

    :raises ValueError: if one of them is something else.
    """
    from sim.disturbances.disturbance import Disturbance

    if isinstance(disturbances, Disturbance | str):
        raise ValueError(
            f'disturbances must be a sequence such as (DroppedFrames(0.2),), got {disturbances!r}'
        )
    for disturbance in disturbances:
        if not isinstance(disturbance, Disturbance):
            raise ValueError(
                'a disturbance must be made of a class of sim.disturbances, such as '
                f'DroppedFrames(0.2), or by make_disturbance(name, level) of '
                f'{sorted(DISTURBANCES)}, got {disturbance!r}'
            )
    return tuple(disturbances)


__all__ = [
    'DISTURBANCES',
    'NUM_LEVELS',
    'BatterySag',
    'Brightness',
    'CameraRoll',
    'Contrast',
    'Disturbance',
    'DisturbedEpisode',
    'DroppedFrames',
    'GustingWind',
    'Latency',
    'MassChange',
    'MotionBlur',
    'OccludingPatch',
    'PixelNoise',
    'RepeatedFrames',
    'Saturation',
    'check_disturbances',
    'join_conditions',
    'make_disturbance',
    'sum_latency',
]
