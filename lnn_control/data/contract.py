# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a robot's topics mean: a YAML file, strict, from which a bag becomes episodes.

Each class is a part of the file, each field a key. What a key does not say has the value here;
a key that is none is an error.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter

from lnn_control.core import ros_messages
from lnn_control.core.checks import check_number
from lnn_control.core.config import load_config, parse_config
from lnn_control.core.safety import FLYING_STEPS

Four: TypeAlias = tuple[float, float, float, float]
Stamp: TypeAlias = Literal['header', 'receipt']


def _check_topic(name: str, topic: str) -> None:
    if not topic or topic != topic.strip() or topic.endswith('/'):
        raise ValueError(
            f'{name}.topic must name a topic such as /camera/image_raw, got {topic!r}'
        )


@dataclass(frozen=True)
class LensTopic:
    """The calibration of the camera."""

    topic: str
    """Of sensor_msgs/CameraInfo."""
    required: bool = True
    """Whether a bag without it is refused; else its images stay as they are."""

    def __post_init__(self) -> None:
        _check_topic('camera.info', self.topic)


@dataclass(frozen=True)
class CameraTopic:
    """The camera that the policy sees through."""

    topic: str
    """Of sensor_msgs/Image or CompressedImage."""
    stamp: Stamp = 'header'
    """Which time of an image is believed: of its header or of its receipt."""
    offset: float = 0.0
    """Added to that time [s]."""
    fov_deg: float | None = None
    """Field of view across the whole width of the camera's image [deg]."""
    info: LensTopic | None = None
    """Instead of fov_deg: the calibration that tells it, and by which images are straightened as
    the nodes do."""
    pitch_deg: float | None = None
    """How far the camera looks down [deg]."""
    crop: Four = (0.0, 0.0, 0.0, 0.0)
    """Shares of the image cut off at its left, top, right and bottom."""
    size: tuple[int, int] | None = (128, 72)
    """Width and height of the images of the data set [px], cropped to this shape about the middle;
    null keeps those of the camera."""

    def __post_init__(self) -> None:
        _check_topic('camera', self.topic)
        check_number('camera.offset', self.offset, -1e4, 1e4, 's')
        if self.fov_deg is not None:
            check_number('camera.fov_deg', self.fov_deg, 1.0, 179.0, 'deg')
            if self.info is not None:
                raise ValueError(
                    f'camera.fov_deg and camera.info both tell the field of view: leave fov_deg '
                    f'out to have images straightened by {self.info.topic}, or info to keep them '
                    'as they are'
                )
        if self.pitch_deg is not None:
            check_number('camera.pitch_deg', self.pitch_deg, -90.0, 90.0, 'deg')
        left, top, right, bottom = (
            check_number('camera.crop', share, 0.0, 0.95) for share in self.crop
        )
        if left + right > 0.95 or top + bottom > 0.95:
            raise ValueError(f'camera.crop must leave something, got {list(self.crop)}')
        for length in self.size or ():
            check_number('camera.size', length, 8, 4096, 'px')


@dataclass(frozen=True)
class ImuTopic:
    """The inertial unit. What comes out is REP-145: x forward, y left, z up, +g at rest."""

    topic: str
    """Of sensor_msgs/Imu."""
    stamp: Stamp = 'header'
    """Which time of a sample is believed."""
    offset: float = 0.0
    """Added to that time [s]."""
    frame: Literal['flu', 'frd', 'optical'] = 'flu'
    """Its axes: forward-left-up, forward-right-down, or those of a camera (right, down, ahead)."""
    force_sign: Literal[1, -1] = 1
    """-1 where it reports gravity, which points down, instead of specific force."""
    force_unit: Literal['m/s^2', 'g'] = 'm/s^2'
    """Of its accelerations."""
    rate_unit: Literal['rad/s', 'deg/s'] = 'rad/s'
    """Of its body rates."""
    max_silence: float = 0.5
    """Images after a longer silence of it are not used [s]."""
    check: bool = True
    """Refuse what looks like other units or axes."""

    def __post_init__(self) -> None:
        _check_topic('imu', self.topic)
        check_number('imu.offset', self.offset, -1e4, 1e4, 's')
        check_number('imu.max_silence', self.max_silence, 0.01, 60.0, 's')


@dataclass(frozen=True)
class JoyAxis:
    """An axis of a joystick."""

    axis: int
    """Its place in Joy.axes, from 0."""
    scale: float
    """What the full deflection stands for [m/s, rad/s]; negative turns it round."""
    deadzone: float = 0.05
    """Less than this share of the deflection is none."""

    def __post_init__(self) -> None:
        check_number('joy.axis', self.axis, 0, 63)
        check_number('joy.scale', self.scale, -100.0, 100.0)
        check_number('joy.deadzone', self.deadzone, 0.0, 0.9)


@dataclass(frozen=True)
class Joystick:
    """What a joystick's axes stand for; one that is not named stays 0."""

    vx: JoyAxis | None = None
    """Forward."""
    vy: JoyAxis | None = None
    """Left."""
    vz: JoyAxis | None = None
    """Up."""
    yaw_rate: JoyAxis | None = None
    """Counter-clockwise."""
    deadman: int | None = None
    """Button that must be held; without it nobody commands."""

    def __post_init__(self) -> None:
        if self.vx is None and self.vy is None and self.vz is None and self.yaw_rate is None:
            raise ValueError('joy must name at least one of vx, vy, vz and yaw_rate')


@dataclass(frozen=True)
class CommandTopic:
    """What the vehicle is told, as body velocities, levelled: forward, left, up, yaw rate."""

    topic: str
    """Of Twist, TwistStamped, Odometry (what it flew), PositionTarget of MAVROS,
    TrajectorySetpoint of PX4, AckermannDrive(Stamped) or Joy."""
    frame: Literal['flu', 'frd', 'enu', 'ned'] = 'flu'
    """Its axes: of the body, or of the world, which needs `odometry`."""
    stamp: Stamp = 'header'
    """Which time is believed; without a stamp in the header it is that of receipt."""
    offset: float = 0.0
    """Added to that time [s]."""
    scale: Four = (1.0, 1.0, 1.0, 1.0)
    """Multiplies forward, left, up and yaw rate: signs and units."""
    limits: Four | None = None
    """Greatest forward, left and up speed [m/s] and yaw rate [rad/s] of the vehicle."""
    answer: float = 0.04
    """A command so soon after an image is the answer to it [s]; else it has the one before."""
    hold: float | None = 0.5
    """How long a command holds [s]; null until the next one."""
    silence: Literal['leave_out', 'zero'] = 'leave_out'
    """Images without a command are left out, or were told to stand still."""
    joy: Joystick | None = None
    """For Joy."""
    wheelbase: float | None = None
    """For AckermannDrive: from axle to axle [m]."""
    required: bool = True
    """Whether a bag without it is refused; of labels, what was flown is learned then."""

    def __post_init__(self) -> None:
        _check_topic('command', self.topic)
        check_number('command.offset', self.offset, -1e4, 1e4, 's')
        check_number('command.answer', self.answer, 0.0, 10.0, 's')
        if self.hold is not None:
            check_number('command.hold', self.hold, 0.01, 1e6, 's')
        for factor in self.scale:
            check_number('command.scale', factor, -1e3, 1e3)
        for limit in self.limits or ():
            check_number('command.limits', limit, 0.0, 1e3)
        if self.wheelbase is not None:
            check_number('command.wheelbase', self.wheelbase, 0.01, 100.0, 'm')


@dataclass(frozen=True)
class StateTopic:
    """A topic that says when something is the case."""

    topic: str
    """Of std_msgs/String or std_msgs/Bool."""
    values: tuple[str, ...] = ('true',)
    """Texts that say that it is, alone or before a colon and a reason; `true` for Bool."""
    required: bool = True
    """Whether a bag without it is refused."""

    def __post_init__(self) -> None:
        _check_topic('flying', self.topic)
        if not self.values:
            raise ValueError(f'values of {self.topic} must be at least one text, got none')


@dataclass(frozen=True)
class Contract:
    """What a robot's topics mean, and how they become episodes."""

    camera: CameraTopic
    command: CommandTopic
    imu: ImuTopic | None = None
    """null: there is none; the policy then feels level rest."""
    labels: CommandTopic | None = None
    """What should have been commanded, where somebody knew better than who flew."""
    odometry: str | None = None
    """Odometry or PoseStamped with the vehicle's heading, for commands in the world's axes."""
    segmentation: str | None = None
    """mono8 images with the class of every pixel, stamped like the camera's."""
    flying: tuple[StateTopic, ...] = ()
    """Images are used while all of these are the case."""
    takeover: StateTopic | None = None
    """Where a person took over; images are used while that is the case."""
    rate: float | None = None
    """Images a second to keep at most [Hz]."""
    max_gap: float = 1.0
    """A longer time between two images begins a new episode [s]."""
    longest: float = 120.0
    """A longer recording becomes several episodes [s]."""
    min_images: int = 2
    """Shorter pieces are left out."""
    vehicle: str | None = None
    """What flies; a name of `lnn-control list vehicles` or any other."""
    task: str | None = None
    """What is asked, by name."""
    pilot: str = 'recorded'
    """Who commands."""
    symmetric: bool = True
    """Whether left and right are alike: false where traffic keeps to one side."""
    version: Literal[1] = 1
    """Of this kind of file."""

    def __post_init__(self) -> None:
        if self.rate is not None:
            check_number('rate', self.rate, 0.1, 1000.0, 'Hz')
        check_number('max_gap', self.max_gap, 0.01, 3600.0, 's')
        check_number('longest', self.longest, 1.0, 3600.0, 's')
        check_number('min_images', self.min_images, 2, 10**6)
        for command in filter(None, (self.command, self.labels)):
            if command.frame in ('enu', 'ned') and self.odometry is None:
                raise ValueError(
                    f'commands of {command.topic} are in the axes of the world ({command.frame}): '
                    'name a topic with the heading as odometry'
                )

    def list_topics(self) -> tuple[str, ...]:
        """Return the topics that are read."""
        named = [self.camera.topic, self.command.topic, self.odometry, self.segmentation]
        parts = (self.camera.info, self.imu, self.labels, self.takeover, *self.flying)
        named += [part.topic for part in parts if part]
        return tuple(dict.fromkeys(name for name in named if name))

    def list_required(self) -> tuple[str, ...]:
        """Return the topics without which a bag is refused."""
        parts = (*self.flying, self.takeover, self.labels, self.camera.info)
        free = {part.topic for part in parts if part is not None and not part.required}
        return tuple(topic for topic in self.list_topics() if topic not in free)


FLYING_VALUES = tuple(step.value for step in FLYING_STEPS)
"""What `safety/state` begins with while the policy or a pilot flies."""

OUR_CONTRACT = Contract(
    camera=CameraTopic(
        f'/{ros_messages.IMAGE}',
        size=None,
        info=LensTopic(f'/{ros_messages.CAMERA_INFO}', required=False),
    ),
    command=CommandTopic(f'/{ros_messages.COMMAND}'),
    imu=ImuTopic(f'/{ros_messages.IMU}'),
    labels=CommandTopic('/expert/cmd_vel', required=False),
    flying=(
        StateTopic(f'/{ros_messages.SAFETY_STATE}', FLYING_VALUES, required=False),
        StateTopic(f'/{ros_messages.TRIAL_STATE}', (ros_messages.FLYING,), required=False),
    ),
)
"""What the topics of our own nodes mean, in a namespace or not."""


def load_contract(path: Path) -> Contract:
    """Return the contract of a file.

    :raises ConfigError: if a key is unknown or a value is wrong.
    :raises FileNotFoundError: if there is no such file.
    """
    return load_config(Contract, path)


def parse_contract(values: Any, source: str) -> Contract:
    """Return the contract of plain values."""
    return parse_config(Contract, values, source)


def describe_contract(contract: Contract) -> dict[str, Any]:
    """Return a contract as plain values, as JSON has them."""
    values = TypeAdapter(Contract).dump_python(contract, mode='json')
    assert isinstance(values, dict)
    return values


def describe_schema() -> dict[str, Any]:
    """Return the JSON schema of a contract file, for editors and other programs."""
    return TypeAdapter(Contract).json_schema()


def with_size(contract: Contract, size: tuple[int, int] | None) -> Contract:
    """Return a contract for images of another size."""
    return replace(contract, camera=replace(contract.camera, size=size))
