# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import time
from typing import Any

import numpy as np
import pytest

from tests.nodes.probe import stamp_of

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_imu
from lnn_control.nodes.sensor_inputs import take_waiting


def test_what_waits_is_taken_in_one_round_in_its_order(probe: Any) -> None:
    rounds: list[list[float]] = []

    def note(message: Any) -> None:
        rounds.append([stamp_of(each) for each in (message, *take_waiting(subscription))])

    subscription = probe.node.create_subscription(
        topics.IMU.type, topics.IMU.name, note, topics.IMU.qos
    )

    def publish(*stamps: float) -> None:
        for stamp in stamps:
            probe.publish(topics.IMU, make_imu(np.zeros(3), np.zeros(3), stamp))

    probe.wait_until(lambda: rounds, lambda: publish(1.0))
    probe.spin()
    rounds.clear()
    publish(*range(2, 12))
    time.sleep(0.5)
    probe.spin()
    assert rounds == [list(range(2, 12))]
