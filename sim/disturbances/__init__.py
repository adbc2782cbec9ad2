# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Disturbances of image, transport, air and vehicle: composable, and off by default."""

from collections.abc import Sequence

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

DISTURBANCES: dict[str, type[Disturbance]] = {
    'image_noise': PixelNoise,
    'brighter': Brightness,
    'darker': Brightness,
    'contrast': Contrast,
    'saturation': Saturation,
    'motion_blur': MotionBlur,
    'occluding_patch': OccludingPatch,
    'camera_roll': CameraRoll,
    'dropped_frames': DroppedFrames,
    'repeated_frames': RepeatedFrames,
    'latency': Latency,
    'wind': GustingWind,
    'heavier': MassChange,
    'lighter': MassChange,
    'battery_sag': BatterySag,
}
"""Name of a disturbance -> its class."""

LEVELS: dict[str, tuple[Disturbance, Disturbance, Disturbance]] = {
    'image_noise': (PixelNoise(10.0), PixelNoise(20.0), PixelNoise(40.0)),
    'brighter': (Brightness(1.3), Brightness(1.7), Brightness(2.2)),
    'darker': (Brightness(0.7), Brightness(0.45), Brightness(0.25)),
    'contrast': (Contrast(0.7), Contrast(0.45), Contrast(0.25)),
    'saturation': (Saturation(0.6), Saturation(0.3), Saturation(0.0)),
    'motion_blur': (MotionBlur(0.03), MotionBlur(0.06), MotionBlur(0.12)),
    'occluding_patch': (OccludingPatch(0.03), OccludingPatch(0.08), OccludingPatch(0.15)),
    'camera_roll': (CameraRoll(5.0), CameraRoll(10.0), CameraRoll(20.0)),
    'dropped_frames': (DroppedFrames(0.1), DroppedFrames(0.2), DroppedFrames(0.3)),
    'repeated_frames': (RepeatedFrames(0.1), RepeatedFrames(0.2), RepeatedFrames(0.3)),
    'latency': (Latency(0.05), Latency(0.1), Latency(0.2)),
    'wind': (GustingWind(2.0, 1.0), GustingWind(4.0, 2.0), GustingWind(6.0, 3.0)),
    'heavier': (MassChange(1.1), MassChange(1.2), MassChange(1.3)),
    'lighter': (MassChange(0.9), MassChange(0.8), MassChange(0.7)),
    'battery_sag': (BatterySag(0.1), BatterySag(0.2), BatterySag(0.3)),
}
"""Name of a disturbance -> what it is at level 1 (mild), 2 and 3 (severe)."""

NUM_LEVELS = 3


def make_disturbance(name: str, level: int) -> Disturbance:
    """Return a disturbance of the stress suite by its name and level.

    :param level: 1 (mild) to 3 (severe).
    :raises ValueError: if there is no such disturbance or level.
    """
    if name not in DISTURBANCES:
        raise ValueError(f'disturbance must be one of {sorted(DISTURBANCES)}, got {name!r}')
    if level not in range(1, NUM_LEVELS + 1):
        raise ValueError(f'level must be 1, 2 or 3, got {level!r}')
    return LEVELS[name][level - 1]


def check_disturbances(disturbances: Sequence[Disturbance]) -> tuple[Disturbance, ...]:
    """Return disturbances as a tuple.

    :raises ValueError: if one of them is something else.
    """
    if isinstance(disturbances, Disturbance | str):
        raise ValueError(
            f'disturbances must be a sequence such as (DroppedFrames(0.2),), got {disturbances!r}'
        )
    for disturbance in disturbances:
        if not isinstance(disturbance, Disturbance):
            classes = sorted({kind.__name__ for kind in DISTURBANCES.values()})
            raise ValueError(
                f'a disturbance must be one of {classes}, or '
                f'make_disturbance(name, level) of {sorted(DISTURBANCES)}, got {disturbance!r}'
            )
    return tuple(disturbances)


__all__ = [
    'DISTURBANCES',
    'LEVELS',
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
