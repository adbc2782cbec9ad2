# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The lens of a camera: the importer straightens its images as the nodes do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.lens import Lens, read_calibration
from lnn_control.core.mcap_file import McapFile
from lnn_control.core.observation import Preprocessing
from lnn_control.core.ros_messages import RECORDING
from lnn_control.data.bags import find_bags
from lnn_control.data.contract import OUR_CONTRACT, CameraTopic, Contract, LensTopic
from lnn_control.data.problems import RecordingError
from lnn_control.data.repair import repair_bag
from tests.data.conftest import ReadBag
from tests.data.made_bags import (
    IMAGE,
    START,
    STORE,
    Sent,
    answer,
    camera_info,
    compressed,
    draw,
    image,
    record,
    record_ros1,
    see_and_feel,
)

INFO = '/camera/camera_info'
SIZE = (320, 240)
BARREL = (-0.25, 0.06, 0.001, 0.0, 0.0)
CALIBRATION = camera_info(START, SIZE, 200.0, BARREL)


def take_photos(make_image=image) -> list[Sent]:
    """Return a flight whose camera bends lines, with its calibration after every image."""

    def shoot(stamp: float):
        return make_image(stamp, draw(stamp, SIZE))

    messages = [*see_and_feel(10, make_image=shoot), *answer(10)]
    stamps = [sent.time - 0.004 for sent in messages if sent.topic == IMAGE]
    infos = [Sent(INFO, t + 0.005, camera_info(t, SIZE, 200.0, BARREL)) for t in stamps]
    return [*messages, *infos]


def with_camera(**values) -> Contract:
    return replace(OUR_CONTRACT, camera=replace(OUR_CONTRACT.camera, **values))


@pytest.mark.parametrize('kind', ['mcap', 'ros1'])
def test_images_are_straightened_before_they_are_cut(
    kind: str, tmp_path: Path, read_bag: ReadBag
) -> None:
    if kind == 'ros1':
        bag = record_ros1(tmp_path / 'flight.bag', take_photos())
    else:
        bag = record(tmp_path / 'bag', take_photos())
    episode = read_bag(bag, with_camera(size=(64, 36))).only
    assert len(episode) == 10
    lens = Lens(read_calibration(CALIBRATION))
    bent = draw(START, SIZE)
    straight = lens.straighten(bent)
    assert not np.array_equal(straight, bent)
    assert np.array_equal(episode.images[0], Preprocessing(64, 36).prepare_image(straight))
    # A barrel sees more at its edges than its focal length in the middle tells: 77.3 degrees.
    assert float(episode.metadata['camera_fov_deg']) == pytest.approx(lens.fov_deg, abs=0.01)
    assert abs(lens.fov_deg - 77.3) > 2.0


def test_jpeg_is_decoded_as_large_as_its_calibration_is(tmp_path: Path, read_bag) -> None:
    messages = [
        s._replace(message=compressed(s.time - 0.004, '.jpg', SIZE)) if s.topic == IMAGE else s
        for s in take_photos()
    ]
    episode = read_bag(record(tmp_path / 'bag', messages), with_camera(size=(32, 24))).only
    straight = Lens(read_calibration(CALIBRATION)).straighten(draw(START, SIZE))
    expected = Preprocessing(32, 24).prepare_image(straight)
    assert np.abs(episode.images[0].astype(int) - expected).max() <= 4


def test_lens_without_distortion_tells_the_field_of_view_alone(tmp_path: Path, read_bag) -> None:
    ideal = [Sent(INFO, START, camera_info(START, (32, 18), 16.0))]
    episode = read_bag(record(tmp_path / 'bag', [*see_and_feel(), *answer(), *ideal])).only
    assert np.array_equal(episode.images[0], draw(START))
    # 2 atan(32 / 2 / 16 px).
    assert episode.metadata['camera_fov_deg'] == '90'


def test_part_of_the_sensor_and_binning_count(tmp_path: Path, read_bag: ReadBag) -> None:
    info = camera_info(START, (128, 72), 32.0)
    roi = info.roi
    roi.x_offset, roi.y_offset, roi.width, roi.height = 32, 18, 64, 36
    info.binning_x = info.binning_y = 2
    messages = [*see_and_feel(), *answer(), Sent(INFO, START, info)]
    episode = read_bag(record(tmp_path / 'bag', messages)).only
    # 2 atan(64 / 2 / 32 px).
    assert episode.metadata['camera_fov_deg'] == '90'


def test_pixels_that_are_not_square_are_made_so_before_images_are_cut(
    tmp_path: Path, read_bag: ReadBag
) -> None:
    info = camera_info(START, SIZE, 200.0)
    info.k[4] = 250.0
    photos = [sent for sent in take_photos() if sent.topic != INFO]
    messages = [*photos, Sent(INFO, START, info)]
    episode = read_bag(record(tmp_path / 'bag', messages), with_camera(size=(64, 36))).only
    straight = Lens(read_calibration(info)).straighten(draw(START, SIZE))
    assert straight.shape == (239, 399, 3)
    assert np.array_equal(episode.images[0], Preprocessing(64, 36).prepare_image(straight))
    # 2 atan(320 / 2 / 200 px) at 5:3, of which 16:9 keeps the width.
    assert float(episode.metadata['camera_fov_deg']) == pytest.approx(77.3, abs=0.2)


def test_jpeg_that_is_decoded_at_a_part_of_its_size_is_of_the_whole_calibration(
    tmp_path: Path, read_bag: ReadBag
) -> None:
    messages = [
        s._replace(message=compressed(s.time - 0.004, '.jpg', SIZE)) if s.topic == IMAGE else s
        for s in take_photos()
        if s.topic != INFO
    ]
    info = Sent(INFO, START, camera_info(START, SIZE, 160.0))
    bag = record(tmp_path / 'bag', [*messages, info])
    episode = read_bag(bag, with_camera(size=(32, 24))).only
    assert len(episode) == 10
    assert episode.metadata['camera_fov_deg'] == '90'


def test_field_of_view_that_the_recorder_was_told_stands_above_the_calibration(
    tmp_path: Path, read_bag: ReadBag
) -> None:
    path = tmp_path / 'flight.mcap'
    with open(path, 'wb') as stream:
        file = McapFile(stream)
        file.add_metadata(RECORDING, {'camera_fov_deg': '69', 'vehicle': 'rover'})
        for topic, time, message in sorted(take_photos(), key=lambda sent: sent.time):
            kind = message.__msgtype__
            data = bytes(STORE.serialize_cdr(message, kind))
            file.add(topic, kind, data, round(time * 1e9))
        file.finish()
    repair_bag(find_bags(path)[0][0], tmp_path / 'repaired.mcap')
    for place in (path, tmp_path / 'repaired.mcap'):
        episode = read_bag(place).only
        assert np.array_equal(episode.images[0], draw(START, SIZE))
        assert episode.metadata['camera_fov_deg'] == '69'


def test_camera_that_was_never_calibrated_is_named_and_its_images_stay(
    tmp_path: Path, read_bag: ReadBag
) -> None:
    nothing = Sent(INFO, START, camera_info(START, (32, 18), 0.0))
    read = read_bag(record(tmp_path / 'bag', [*see_and_feel(), *answer(), nothing]))
    assert 'camera_fov_deg' not in read.only.metadata
    (problem,) = read.findings.problems
    assert problem.kind == 'uncalibrated' and 'calibrate the camera' in problem.text


@pytest.mark.parametrize(
    ('infos', 'message'),
    [
        ([], r'has no /camera/camera_info; it holds'),
        (
            [Sent(INFO, START + t, camera_info(START, (32, 18), 16.0 + t)) for t in (0.0, 0.5)],
            r'/camera/camera_info message 1 is another calibration .* give camera\.fov_deg',
        ),
        (
            [Sent(INFO, START, camera_info(START, (64, 36), 20.0, BARREL))],
            'camera_info is for 64x36 images, got 32x18',
        ),
        (
            [Sent(INFO, START, camera_info(START, (64, 36), 32.0))],
            'camera_info is for 64x36 images, got 32x18',
        ),
        (
            [Sent(INFO, START, image(START))],
            r'/camera/camera_info must be of type sensor_msgs/msg/CameraInfo to be the calib',
        ),
    ],
)
def test_calibration_that_does_not_fit_is_an_error(
    tmp_path: Path, read_bag: ReadBag, infos: list[Sent], message: str
) -> None:
    bag = record(tmp_path / 'bag', [*see_and_feel(), *answer(), *infos])
    with pytest.raises(RecordingError, match=message):
        read_bag(bag, with_camera(info=LensTopic(INFO)))


def test_contract_tells_the_field_of_view_once() -> None:
    with pytest.raises(ValueError, match=r'camera\.fov_deg and camera\.info both tell'):
        CameraTopic(IMAGE, fov_deg=90.0, info=LensTopic(INFO))


def test_map_of_classes_is_straightened_without_mixing_them(tmp_path: Path, read_bag) -> None:
    def classify(stamp: float):
        pixels = np.zeros((SIZE[1], SIZE[0]), np.uint8)
        pixels[:, 160:] = 7
        return image(stamp, pixels, encoding='mono8')

    maps = [
        s._replace(topic='/classes', message=classify(s.time - 0.004))
        for s in take_photos()
        if s.topic == IMAGE
    ]
    bag = record(tmp_path / 'bag', [*take_photos(), *maps])
    contract = replace(with_camera(size=None), segmentation='/classes')
    found = read_bag(bag, contract).only.segmentation
    assert found is not None and set(np.unique(found)) == {0, 7}
    lens = Lens(read_calibration(CALIBRATION))
    bent = np.frombuffer(maps[0].message.data, np.uint8).reshape(SIZE[1], SIZE[0])
    assert np.array_equal(found[0], lens.straighten_classes(bent))
