# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A first contract for a bag, from what it holds, with a comment for each guess."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import yaml

from lnn_control.core.lens import Lens, is_rectified, read_calibration
from lnn_control.core.ros_messages import (
    CAMERA_INFO_TYPE,
    IMU_TYPE,
    JOY_TYPE,
    POSE_TYPE,
    SAFETY_STATE,
    STRING_TYPE,
    TWIST_STAMPED_TYPE,
    TWIST_TYPE,
    read_imu_values,
)
from lnn_control.data.bags import Bag
from lnn_control.data.commands import COMMAND_TYPES, HEADING_TYPES, USUAL_FRAMES, check_frame
from lnn_control.data.contract import FLYING_VALUES, CommandTopic, ImuTopic, parse_contract
from lnn_control.data.decoding import ACKERMANN_TYPES
from lnn_control.data.imu import convert_imu, find_doubt
from lnn_control.data.problems import RecordingError
from lnn_control.data.readers import BagReader, Damage
from lnn_control.data.recording import GREATEST, IMAGE_TYPES, read_stamp

# What is looked at [messages a topic, messages in all].
_MOST_EACH, _MOST_ALL = 400, 50_000

# Words in the names of topics that speak for them, the first ones most; and against them.
_FOR_CAMERA = ('color', 'rgb', 'front', 'image_raw', 'image')
_AGAINST_CAMERA = ('depth', 'infra', 'segmentation', 'mask', 'debug', 'theora', 'right', 'rear')
_FOR_IMU = ('data_raw', 'imu/data', 'imu')
_FOR_COMMAND = ('cmd_vel', 'setpoint', 'cmd', 'command', 'drive', 'joy', 'odom')
_AGAINST_COMMAND = ('raw', 'ground_truth', 'expert', 'nav', 'smoothed')

# Wheelbase of the vehicle of F1TENTH, a tenth of a car [m].
_WHEELBASE = 0.33
# Nobody says how a joystick is used; these are the sticks of most.
_JOYSTICK = (
    '  # which axis stands for what, and what its full deflection is [m/s, rad/s]',
    '  joy:',
    '    vx: {axis: 1, scale: 1.0}',
    '    yaw_rate: {axis: 0, scale: 1.0}',
    '    # button that must be held; null for none',
    '    deadman: null',
)
# Commands that come less often are those of key presses [s].
_LONG_GAP = 0.25
_NO_LENS = (
    '  # nobody says it; across the whole width of the image [deg]',
    '  fov_deg: null',
)


@dataclass
class Sampled:
    """The first messages of a topic.

    :param times: of receipt [s].
    """

    kind: str
    times: list[float] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second [Hz]."""
        span = self.times[-1] - self.times[0] if len(self.times) > 1 else 0.0
        return (len(self.times) - 1) / span if span > 0 else 0.0

    @property
    def has_stamps(self) -> bool:
        """Whether the headers say when."""
        return bool(self.messages) and read_stamp(self.messages[0]) > 0


def sample(bag: Bag) -> tuple[dict[str, Sampled], list[Damage]]:
    """Return the first messages of every topic of a bag, and where it is damaged up to there.

    :raises BagError: if it is no bag.
    """
    reader = BagReader(bag)
    topics: dict[str, Sampled] = {}
    wanted = {*IMAGE_TYPES, IMU_TYPE, STRING_TYPE, CAMERA_INFO_TYPE, POSE_TYPE, *COMMAND_TYPES}
    for number, row in enumerate(reader.read()):
        entry = topics.setdefault(row.topic, Sampled(row.kind))
        if len(entry.times) < _MOST_EACH:
            entry.times.append(row.time_ns * 1e-9)
            # Of images a few tell all.
            if row.kind in wanted and (row.kind not in IMAGE_TYPES or len(entry.messages) < 2):
                try:
                    entry.messages.append(reader.decoder.decode(row.kind, row.data))
                except ValueError:
                    continue  # damaged: the import will say so
        if number > _MOST_ALL:
            break
    return topics, reader.damages


def guess_contract(bag: Bag) -> str:
    """Return the text of a contract for a bag.

    :raises RecordingError: if it holds no images or nothing that could be a command.
    """
    topics, damages = sample(bag)
    camera = _choose(topics, IMAGE_TYPES, _FOR_CAMERA, _AGAINST_CAMERA)
    command = _choose(topics, COMMAND_TYPES, _FOR_COMMAND, _AGAINST_COMMAND, _rank_command)
    for part, found in (('images', camera), ('commands', command)):
        if not found:
            shown = ', '.join(f'{name} ({entry.kind})' for name, entry in sorted(topics.items()))
            others = f'only {shown}' if shown else 'and no other message'
            what = f'{bag.describe()} holds no {part}, {others}'
            raise RecordingError('; '.join([what, *map(str, damages)]))
    lines = [
        f'# What the topics of {bag.name} mean, as far as they tell. Check every line; all keys:',
        '# lnn-control data contract --schema',
        *_write_camera(topics, camera),
        *_write_imu(topics),
        *_write_command(topics, command),
    ]
    text = '\n'.join(lines) + '\n'
    # What is written here must be a contract.
    parse_contract(yaml.safe_load(text), 'guess')
    return text


def _choose(
    topics: dict[str, Sampled],
    kinds: Sequence[str],
    words: Sequence[str],
    against: Sequence[str],
    rank: Callable[[Sampled], float] = lambda entry: 0.0,
) -> list[str]:
    """Return the topics of some types, the likeliest first."""

    def judge(name: str) -> tuple[bool, float, int, int, str]:
        # The words of a topic's own name count, not those of the type.
        is_against = any(word in name.lower() for word in against)
        place = next((i for i, word in enumerate(words) if word in name.lower()), len(words))
        return is_against, rank(topics[name]), place, -len(topics[name].times), name

    return sorted((name for name in topics if topics[name].kind in kinds), key=judge)


def _rank_command(entry: Sampled) -> float:
    """Return how likely a type of message is the command: what was flown is the last resort."""
    order = (TWIST_STAMPED_TYPE, TWIST_TYPE, *USUAL_FRAMES, *ACKERMANN_TYPES, JOY_TYPE)
    return order.index(entry.kind) // 2 if entry.kind in order else 9.0


def _note_others(names: Sequence[str], part: str) -> list[str]:
    others = f': others are {", ".join(map(_quote, names[1:]))}' if len(names) > 1 else ''
    return [f'  # {part}{others}']


def _quote(topic: str) -> str:
    """Return a name as YAML takes it: one that is none of ROS in quotation marks."""
    return topic if re.fullmatch(r'[A-Za-z0-9_/~.-]+', topic) else json.dumps(topic)


def _write_camera(topics: dict[str, Sampled], names: Sequence[str]) -> Iterator[str]:
    entry = topics[names[0]]
    yield 'camera:'
    yield from _note_others(names, f'{entry.rate:.3g} images a second')
    topic = names[0].removesuffix('/compressed')
    yield f'  topic: {_quote(topic)}'
    if not entry.has_stamps:
        yield '  # the stamps of its headers are zero'
        yield '  stamp: receipt'
    yield from _write_lens(topics, topic)
    yield '  # how far it looks down [deg]'
    yield '  pitch_deg: null'


def _write_lens(topics: dict[str, Sampled], camera: str) -> Iterator[str]:
    """Say how wide the camera sees: by the calibration beside it, where it has one."""
    # By the rules of ROS it lies beside its images; of another camera it tells nothing.
    info = f'{camera.rpartition("/")[0]}/camera_info'
    entry = topics.get(info, Sampled(''))
    if entry.kind != CAMERA_INFO_TYPE or not entry.messages:
        yield from _NO_LENS
        return
    try:
        fov_deg = Lens(read_calibration(entry.messages[0], camera)).fov_deg
    except ValueError as error:
        yield f'  # {info} tells nothing: {error}'
        yield from _NO_LENS
        return
    tense = 'were' if is_rectified(camera) else 'are'
    yield f'  # its calibration: images {tense} straightened, to {fov_deg:.4g} degrees across'
    yield f'  info: {{topic: {_quote(info)}}}'


def _write_imu(topics: dict[str, Sampled]) -> Iterator[str]:
    names = _choose(topics, (IMU_TYPE,), _FOR_IMU, ('depth', 'filtered'))
    if not names:
        yield '# there is none in the bag: the policy would feel level rest'
        yield 'imu: null'
        return
    entry = topics[names[0]]
    yield 'imu:'
    yield from _note_others(names, f'{entry.rate:.3g} samples a second')
    yield f'  topic: {_quote(names[0])}'
    if not entry.has_stamps:
        yield '  # the stamps of its headers are zero'
        yield '  stamp: receipt'
    samples = np.array([read_imu_values(m) for m in entry.messages]).reshape(-1, 6)
    samples = samples[np.abs(samples).max(axis=1) < GREATEST]
    for keys in _IMU_GUESSES:
        topic = ImuTopic(names[0], **keys)
        if not find_doubt(convert_imu(samples, topic), topic):
            for key, value in keys.items():
                mean = ', '.join(f'{number:.2f}' for number in samples[:, 3:].mean(axis=0))
                yield f'  # its mean acceleration is [{mean}]'
                yield f'  {key}: {value}'
            return
    doubt = find_doubt(convert_imu(samples, ImuTopic(names[0])), ImuTopic(names[0]))
    yield f'  # {doubt}'


_IMU_GUESSES: tuple[dict[str, Any], ...] = (
    {},
    {'force_unit': 'g'},
    {'rate_unit': 'deg/s'},
    {'frame': 'frd'},
    {'frame': 'optical'},
    {'frame': 'frd', 'force_unit': 'g'},
    {'force_unit': 'g', 'rate_unit': 'deg/s'},
)


def _write_command(topics: dict[str, Sampled], names: Sequence[str]) -> Iterator[str]:
    """Say what the likeliest command is, and what its messages leave open."""
    entry, topic = topics[names[0]], names[0]
    yield 'command:'
    yield from _note_others(names, f'{entry.kind}, {entry.rate:.3g} a second')
    yield f'  topic: {_quote(topic)}'
    is_world = _is_of_world(entry, topic)
    if is_world:
        yield '  # its velocities are those of the world, not of the body'
        yield f'  frame: {USUAL_FRAMES.get(entry.kind, "enu")}'
    if entry.kind in ACKERMANN_TYPES:
        yield "  # from axle to axle [m]: nobody says it, this is a small car's"
        yield f'  wheelbase: {_WHEELBASE}'
    if entry.kind == JOY_TYPE:
        yield from _JOYSTICK
    gap = float(np.median(np.diff(entry.times))) if len(entry.times) > 1 else 0.0
    if gap > _LONG_GAP:
        yield f'  # they come every {gap:.2g} s: each holds until the next one'
        yield '  hold: null'
    yield '  # greatest forward, left, up speed [m/s] and yaw rate [rad/s] of the vehicle'
    yield '  limits: null'
    if is_world:
        yield from _write_heading(topics, topic)
    yield from _write_flying(topics)


def _is_of_world(entry: Sampled, topic: str) -> bool:
    """Return whether commands say that they are in the axes of the world."""
    try:
        if entry.messages:
            check_frame(CommandTopic(topic), entry.kind, entry.messages[0])
    except ValueError:
        return True
    return False


def _write_heading(topics: dict[str, Sampled], command: str) -> Iterator[str]:
    """Say what turns velocities of the world into those of the body.

    :raises RecordingError: if no topic tells the heading.
    """
    headings = _choose(topics, HEADING_TYPES, ('odom', 'pose'), ('ground_truth',))
    if not headings:
        raise RecordingError(
            f'commands on {command} are in the axes of the world, and no topic tells the '
            'heading: record an Odometry or PoseStamped too'
        )
    yield '# where the heading comes from'
    yield f'odometry: {_quote(headings[0])}'


def _write_flying(topics: dict[str, Sampled]) -> Iterator[str]:
    """Say when somebody flies, where our own safety node tells it."""
    states = [name for name in topics if name.endswith(f'/{SAFETY_STATE}')]
    if states:
        yield '# only while our own safety node lets somebody fly'
        yield f'flying: [{{topic: {_quote(states[0])}, values: [{", ".join(FLYING_VALUES)}]}}]'
