# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A bag read by a contract: images shrunk and put aside, everything else as plain numbers."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.lens import Lens, read_calibration
from lnn_control.core.observation import Crop
from lnn_control.core.ros_messages import (
    BOOL_TYPE,
    CAMERA_INFO_TYPE,
    COMPRESSED_IMAGE_TYPE,
    IMAGE_TYPE,
    IMU_TYPE,
    RECORDING,
    STRING_TYPE,
    read_imu_values,
    seconds_from_stamp,
)
from lnn_control.data.bags import Bag
from lnn_control.data.commands import (
    COMMAND_TYPES,
    HEADING_TYPES,
    check_frame,
    make_reader,
    read_heading,
)
from lnn_control.data.contract import CommandTopic, Contract, StateTopic
from lnn_control.data.images import ImageShrinker
from lnn_control.data.imu import check_covariance
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.readers import BagReader, Row, list_kinds
from lnn_control.data.spool import ImageSpool
from lnn_control.data.topics import match_topics

IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_IMAGE_TYPE)
STATE_TYPES = (STRING_TYPE, BOOL_TYPE)

Float = NDArray[np.float64]

# Damaged numbers are greater, speeds and forces in millimetres are not.
GREATEST = 1e6


@dataclass
class Signal:
    """What came on one topic, in the order of its messages.

    :param topic: as the bag has it.
    :param times: of receipt [s]. :param stamps: of the headers [s], NaN where there is none.
    :param values: `width` numbers a message. :param places: number of each message on its topic.
    """

    topic: str
    width: int
    times: 'array[float]' = field(default_factory=lambda: array('d'))
    stamps: 'array[float]' = field(default_factory=lambda: array('d'))
    values: 'array[float]' = field(default_factory=lambda: array('d'))
    places: 'array[int]' = field(default_factory=lambda: array('q'))

    def __len__(self) -> int:
        return len(self.times)

    def add(self, row: Row, message: Any, values: Sequence[float]) -> None:
        """Append a message."""
        self.times.append(row.time_ns * 1e-9)
        self.stamps.append(read_stamp(message))
        self.values.extend(values)
        self.places.append(row.place)

    def take_times(self) -> Float:
        """Return the times of receipt [s]."""
        return np.array(self.times, dtype=np.float64)

    def take_stamps(self) -> Float:
        """Return the stamps of the headers [s]."""
        return np.array(self.stamps, dtype=np.float64)

    def take_values(self) -> Float:
        """Return the values, shape (n, width)."""
        return np.array(self.values, dtype=np.float64).reshape(-1, self.width)


@dataclass
class Recording:
    """What a bag holds, as far as a contract asks for it.

    :param images: one value an image, its number in the spool.
    :param size: of the camera's image once it is straight [px].
    :param fov_deg: across that, by its calibration; None if there is none.
    :param crop: what was kept of it.
    :param commands, labels: vx, vy, vz, yaw rate as the messages have them and a flag, 1 where
        somebody commands.
    :param headings: [rad]. :param states: by topic of the contract, 1 while it is the case.
    :param metadata: name of a record of the bag -> its values.
    """

    bag: Bag
    spool: ImageSpool
    findings: Findings
    images: Signal
    imu: Signal
    commands: Signal
    labels: Signal
    headings: Signal
    segmentation: Signal
    classes: ImageSpool | None = None
    states: dict[str, Signal] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    fov_deg: float | None = None
    crop: Crop | None = None
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)

    def close(self) -> None:
        """Give the room of the images back."""
        self.spool.close()
        if self.classes is not None:
            self.classes.close()


def read_stamp(message: Any) -> float:
    """Return the stamp of a message's header [s]; NaN if it has none."""
    header = getattr(message, 'header', None)
    return float('nan') if header is None else seconds_from_stamp(header.stamp)


class _Collector:
    """Takes the messages of a bag apart, topic by topic."""

    def __init__(self, bag: Bag, contract: Contract, folder: Path, lens: Lens | None) -> None:
        self.contract = contract
        self.reader = BagReader(bag)
        self._lens = lens
        imu = contract.imu.topic if contract.imu is not None else ''
        self.recording = Recording(
            bag,
            ImageSpool(folder),
            Findings(bag.describe()),
            images=Signal(contract.camera.topic, 1),
            imu=Signal(imu, 6),
            commands=Signal(contract.command.topic, 5),
            labels=Signal(contract.labels.topic if contract.labels is not None else '', 5),
            headings=Signal(contract.odometry or '', 1),
            segmentation=Signal(contract.segmentation or '', 1),
        )
        self.recording.fov_deg = None if lens is None else lens.fov_deg
        self.shrinker = ImageShrinker(contract.camera, lens)
        self._readers: dict[tuple[str, str], list[Callable[[Row, Any], None]]] = {}
        self._folder = folder

    def add(self, row: Row, wanted: str) -> None:
        """Take one message apart.

        :param wanted: what its topic is called in the contract.
        """
        # A split bag may hold another type in another file.
        key = wanted, row.kind
        if key not in self._readers:
            self._readers[key] = self._make_readers(wanted, row.kind)
        try:
            message = self.reader.decoder.decode(row.kind, row.data)
            for read in self._readers[key]:
                read(row, message)
        except RecordingError:
            raise
        except ValueError as error:
            self.recording.findings.add(
                'loss', 'unreadable', str(error), topic=row.topic, place=row.place
            )

    def _make_readers(self, wanted: str, kind: str) -> list[Callable[[Row, Any], None]]:
        """Return what reads a topic; a topic can be several things, such as odometry and command.

        :raises RecordingError: if it has a type that cannot be that.
        """
        contract, recording = self.contract, self.recording
        readers: list[Callable[[Row, Any], None]] = []

        def expect(kinds: Sequence[str], part: str) -> None:
            if kind not in kinds:
                raise RecordingError(
                    f'topic {wanted} must be of type {" or ".join(kinds)} to be the {part}, got '
                    f'{kind}'
                )

        if wanted == contract.camera.topic:
            expect(IMAGE_TYPES, 'camera')
            readers.append(self._see)
        info = contract.camera.info
        if info is not None and wanted == info.topic:
            expect((CAMERA_INFO_TYPE,), 'calibration')
            readers.append(partial(self._compare_lens, contract.camera.topic))
        if contract.imu is not None and wanted == contract.imu.topic:
            expect((IMU_TYPE,), 'IMU')
            readers.append(self._feel)
        for command, signal in (
            (contract.command, recording.commands),
            (contract.labels, recording.labels),
        ):
            if command is not None and wanted == command.topic:
                expect(COMMAND_TYPES, 'command')
                readers.append(self._make_command_reader(command, kind, signal))
        if wanted == contract.odometry:
            expect(HEADING_TYPES, 'odometry')
            readers.append(lambda row, m: recording.headings.add(row, m, [read_heading(m)]))
        if wanted == contract.segmentation:
            expect((IMAGE_TYPE,), 'segmentation')
            readers.append(self._classify)
        for state in filter(None, (*contract.flying, contract.takeover)):
            if wanted == state.topic:
                expect(STATE_TYPES, 'state')
                readers.append(self._make_state_reader(state))
        return readers

    def _make_command_reader(
        self, command: CommandTopic, kind: str, signal: Signal
    ) -> Callable[[Row, Any], None]:
        try:
            read = make_reader(command, kind)
        except ValueError as error:
            raise RecordingError(str(error)) from error

        def add(row: Row, message: Any) -> None:
            try:
                check_frame(command, kind, message)
            except ValueError as error:
                raise RecordingError(f'{error} (message {row.place})') from error
            values = read(message)
            if values is not None:
                _check_finite(values)
            signal.add(row, message, [0.0] * 5 if values is None else [*values, 1.0])

        return add

    def _make_state_reader(self, state: StateTopic) -> Callable[[Row, Any], None]:
        signal = self.recording.states.setdefault(state.topic, Signal(state.topic, 1))
        valid = {value.lower() for value in state.values}

        def add(row: Row, message: Any) -> None:
            text = str(message.data).lower()
            is_valid = text in valid or text.partition(':')[0] in valid
            signal.add(row, message, [float(is_valid)])

        return add

    def _see(self, row: Row, message: Any) -> None:
        try:
            pixels = self.shrinker.shrink(message)
        except ValueError as error:
            is_damaged = not hasattr(message, 'encoding')
            if len(self.recording.images) or is_damaged:
                raise
            # Its encoding or size: all will be like the first one.
            raise RecordingError(f'{row.topic}: {error}') from error
        number = self.recording.spool.add(pixels)
        self.recording.images.add(row, message, [float(number)])

    def _compare_lens(self, image_topic: str, row: Row, message: Any) -> None:
        """Check that a calibration is the one that the images are straightened by.

        :raises RecordingError: if it is not.
        """
        if self._lens is None:
            return
        if read_calibration(message, image_topic) == self._lens.calibration:
            return
        raise RecordingError(
            f'{row.topic} message {row.place} is another calibration than the first one: cut the '
            'bag there, or give camera.fov_deg instead of camera.info in the contract'
        )

    def _classify(self, row: Row, message: Any) -> None:
        if self.recording.classes is None:
            self.recording.classes = ImageSpool(self._folder)
        number = self.recording.classes.add(self.shrinker.shrink_classes(message))
        self.recording.segmentation.add(row, message, [float(number)])

    def _feel(self, row: Row, message: Any) -> None:
        if not len(self.recording.imu):
            try:
                check_covariance(message)
            except ValueError as error:
                raise RecordingError(f'{row.topic} {error}') from error
        values = read_imu_values(message)
        _check_finite(values)
        self.recording.imu.add(row, message, values)


def _check_finite(values: Sequence[float]) -> None:
    """Check that numbers are such as sensors and pilots tell, in any unit.

    :raises ValueError: if they are not.
    """
    if not np.isfinite(values).all():
        raise ValueError(f'is not finite: {list(values)}')
    if np.abs(values).max() > GREATEST:
        raise ValueError(f'is greater than anything that is measured: {list(values)}')


def read_recording(bag: Bag, contract: Contract, folder: Path) -> Recording:
    """Read a bag by a contract, up to its end or to where it is damaged.

    :param folder: on a disk with room for its images, shrunk.
    :raises RecordingError: if the bag lacks what the contract names, or it is something else.
    :raises BagError: if a file is none of a bag.
    :raises OSError: if a file cannot be opened or the disk is full.
    """
    names = _find_topics(bag, contract)
    lens, doubt = _find_lens(bag, contract, names)
    collector = _Collector(bag, contract, folder, lens)
    recording, reader = collector.recording, collector.reader
    if doubt:
        recording.findings.add('note', 'uncalibrated', doubt)
    try:
        for row in reader.read():
            wanted = names.get(row.topic)
            if wanted is not None:
                collector.add(row, wanted)
        _check_messages(contract, names, reader)
    except BaseException:
        recording.close()
        raise
    for damage in reader.damages:
        recording.findings.add('loss', 'damaged', f'{damage.path.name} {damage.reason}')
    recording.size, recording.crop = collector.shrinker.size, collector.shrinker.crop
    recording.metadata = reader.metadata
    return recording


def _find_topics(bag: Bag, contract: Contract) -> dict[str, str]:
    """Return which topic of a bag is which of a contract.

    :raises RecordingError: if one is missing; where the bag is damaged, that is said too.
    """
    kinds, damages = list_kinds(bag)
    try:
        return match_topics(contract, kinds)
    except RecordingError as error:
        raise RecordingError('; '.join([str(error), *map(str, damages)])) from error


def _find_lens(bag: Bag, contract: Contract, names: dict[str, str]) -> tuple[Lens | None, str]:
    """Return the lens of the camera, and in words why there is none where a topic should tell it.

    As in flight, what the recorder was told of the field of view stands above the calibration.

    :param names: topic of the bag -> that of the contract.
    """
    info = contract.camera.info
    if info is None or info.topic not in names.values():
        return None, ''
    reader = BagReader(bag)
    # Calibrations come with the images: the first one is among the first messages.
    for row in reader.read():
        if names.get(row.topic) != info.topic:
            continue
        is_told = bool(reader.metadata.get(RECORDING, {}).get('camera_fov_deg'))
        if is_told or row.kind != CAMERA_INFO_TYPE:
            break
        try:
            message = reader.decoder.decode(row.kind, row.data)
            return Lens(read_calibration(message, contract.camera.topic)), ''
        except ValueError as error:
            return None, f'{row.topic} ignored: {error}'
    return None, ''


def _check_messages(contract: Contract, names: dict[str, str], reader: BagReader) -> None:
    """Check that no topic that is needed is silent all along."""
    counts = {wanted: reader.counts[topic] for topic, wanted in names.items()}
    silent = [topic for topic in contract.list_required() if not counts.get(topic)]
    if silent:
        text = f'has no message on {" and ".join(silent)}: record that topic too'
        raise RecordingError('; '.join([text, *map(str, reader.damages)]))
