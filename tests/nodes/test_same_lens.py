# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the policy node sees of a calibrated camera is what the importer made to learn from."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rclpy.serialization import deserialize_message
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from lnn_control.core.contract import WatchSettings
from lnn_control.core.domain import FlightSetup, TrainingDomain
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Preprocessing
from lnn_control.data.contract import OUR_CONTRACT, with_size
from lnn_control.data.dataset import load_dataset
from lnn_control.data.importer import import_bags
from lnn_control.imitation.episode_file import read_episode
from lnn_control.nodes.sensor_inputs import SensorInputs
from lnn_control.policies.references import HoverPolicy
from lnn_control.policies.runner import PolicyRunner
from tests.data.made_bags import IMAGE, STORE, record
from tests.data.test_lens import CALIBRATION, take_photos


def to_ros(message, kind: type):
    """Return a message of the rosbags library as rclpy has it."""
    return deserialize_message(bytes(STORE.serialize_cdr(message, message.__msgtype__)), kind)


def test_node_and_importer_have_the_same_pixels(tmp_path: Path) -> None:
    photos = take_photos()
    record(tmp_path / 'bags' / 'flight', photos)
    contract = with_size(OUR_CONTRACT, (64, 36))
    list(import_bags([tmp_path / 'bags'], contract, tmp_path / 'set', say=print))
    (path,) = load_dataset(tmp_path / 'set').list_paths()
    learned = read_episode(path)

    # The policy knows the camera that it was trained with, as `train` writes it down.
    fov_deg = float(learned.metadata['camera_fov_deg'])
    policy = HoverPolicy()
    policy.preprocessing = Preprocessing(64, 36)
    policy.domain = TrainingDomain(camera_fov_deg=(fov_deg, fov_deg))
    runner = PolicyRunner(policy)
    runner.reset(FlightSetup())
    inputs = SensorInputs(WatchSettings(), begin=0.0)
    runner.set_fov(inputs.read_lens(to_ros(CALIBRATION, CameraInfo)))
    assert runner.doubt == ''
    nothing = ImuSamples(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32))
    flown = [
        inputs.read_image(to_ros(sent.message, Image), 0.0, False, Time())
        for sent in photos
        if sent.topic == IMAGE
    ]
    assert len(flown) == len(learned.images) == 10
    for seen, pixels in zip(flown, learned.images, strict=True):
        assert np.array_equal(runner.observe(seen.pixels, nothing).image, pixels)
