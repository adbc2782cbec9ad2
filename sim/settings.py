# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a vehicle sees and feels in the simulator, and the ticks that time is counted in."""

from dataclasses import dataclass, field

from lnn_control.core.checks import check_number
from sim.physics import PHYSICS_RATE
from sim.sensors.exposure import Exposure
from sim.sensors.image_noise import ImageNoise
from sim.sensors.imu import IMU_RATE, ImuParameters
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera

# Times are counted in ticks of 1/1200 s: physics, inertial unit and camera all fall on them.
TICK_RATE = 1200
PHYSICS_TICKS = round(TICK_RATE / PHYSICS_RATE)
IMU_TICKS = round(TICK_RATE / IMU_RATE)
_WHOLE_RATES = [rate for rate in range(1, 121) if TICK_RATE % rate == 0]
"""Rates of a camera that are whole numbers [Hz]."""


@dataclass(frozen=True)
class SimulationSettings:
    """What the vehicle sees and feels.

    :param renderer: one of sim.renderers.RENDERERS, or 'auto'.
    :param camera_rate: images a second [Hz], a divisor of 1200.
    :param camera_latency: time from exposure to delivery [s], rounded to 1/1200 s.
    :param mount: where the camera sits; None is where the vehicle has it.
    :param camera_pitch_deg: by how much the camera looks further down than that mount says.
    :param exposure: shutter and gain of the camera.
    :param layers: whether images come with depth and segmentation.
    :param privileged: whether they come with what sim.privileged measures.
    """

    renderer: str = 'tiny'
    camera: PinholeCamera = field(default_factory=PinholeCamera)
    camera_rate: float = 20.0
    camera_latency: float = 0.03
    image_noise: ImageNoise = field(default_factory=ImageNoise)
    imu: ImuParameters = field(default_factory=ImuParameters)
    mount: CameraMount | None = None
    exposure: Exposure = field(default_factory=Exposure)
    layers: bool = False
    privileged: bool = False
    camera_pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        check_number('camera_rate', self.camera_rate, 1.0, 120.0, 'Hz')
        if abs(TICK_RATE / self.camera_rate - round(TICK_RATE / self.camera_rate)) > 1e-6:
            below = max(rate for rate in _WHOLE_RATES if rate < self.camera_rate)
            above = min(rate for rate in _WHOLE_RATES if rate > self.camera_rate)
            raise ValueError(
                f'camera_rate must divide {TICK_RATE} Hz, got {self.camera_rate!r}: '
                f'the nearest whole ones are {below} and {above} Hz'
            )
        check_number('camera_latency', self.camera_latency, 0.0, 1.0, 's')
        check_number('camera_pitch_deg', self.camera_pitch_deg, -90.0, 90.0, 'degrees')
