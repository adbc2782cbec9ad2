# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every message is byte for byte what rosbags itself makes of the same values."""

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from lnn_control.imitation.episode_messages import (
    encode_commands,
    encode_floats,
    encode_images,
    encode_imu,
)

STORE = get_typestore(Stores.ROS2_JAZZY)
STAMPS = np.array([0.0, 1.05, 2.000000001, 1.8e9 + 0.25])
RNG = np.random.default_rng(0)


def make(name, **fields):
    return STORE.types[name](**fields)


def header(stamp, frame_id):
    sec, nanosec = divmod(round(stamp * 1e9), 10**9)
    time = make('builtin_interfaces/msg/Time', sec=sec, nanosec=nanosec)
    return make('std_msgs/msg/Header', stamp=time, frame_id=frame_id)


def vector(x, y, z):
    return make('geometry_msgs/msg/Vector3', x=float(x), y=float(y), z=float(z))


def serialise(message):
    return bytes(STORE.serialize_cdr(message, message.__msgtype__))


@pytest.mark.parametrize(
    ('encoding', 'shape'), [('rgb8', (72, 128, 3)), ('rgb8', (9, 11, 3)), ('mono8', (7, 5))]
)
def test_images(encoding, shape):
    images = RNG.integers(0, 256, (4, *shape), dtype=np.uint8)
    for data, stamp, pixels in zip(
        encode_images(STAMPS, images, shape, encoding), STAMPS, images, strict=True
    ):
        message = make(
            'sensor_msgs/msg/Image',
            header=header(stamp, 'camera_optical_frame'),
            height=shape[0],
            width=shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=pixels[0].size,
            data=pixels.ravel(),
        )
        assert data == serialise(message)


def test_images_that_are_no_contiguous_memory():
    images = RNG.integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
    turned = images[:, :, ::-1]
    assert list(encode_images(STAMPS, turned, (6, 8, 3), 'rgb8')) == list(
        encode_images(STAMPS, turned.copy(), (6, 8, 3), 'rgb8')
    )


def test_inertial_samples():
    imu = RNG.normal(size=(4, 6)).astype(np.float32)
    for data, stamp, row in zip(encode_imu(STAMPS, imu), STAMPS, imu, strict=True):
        message = make(
            'sensor_msgs/msg/Imu',
            header=header(stamp, 'imu_link'),
            orientation=make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
            orientation_covariance=np.array([-1.0, *[0.0] * 8]),
            angular_velocity=vector(*row[:3]),
            angular_velocity_covariance=np.zeros(9),
            linear_acceleration=vector(*row[3:]),
            linear_acceleration_covariance=np.zeros(9),
        )
        assert data == serialise(message)


def test_commands():
    commands = RNG.normal(size=(4, 4)).astype(np.float32)
    for data, stamp, row in zip(encode_commands(STAMPS, commands), STAMPS, commands, strict=True):
        twist = make(
            'geometry_msgs/msg/Twist', linear=vector(*row[:3]), angular=vector(0, 0, row[3])
        )
        message = make(
            'geometry_msgs/msg/TwistStamped', header=header(stamp, 'base_link'), twist=twist
        )
        assert data == serialise(message)


@pytest.mark.parametrize('count', [1, 20])
def test_floats(count):
    values = RNG.normal(size=(4, count)).astype(np.float32)
    layout = make('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for data, row in zip(encode_floats(values), values, strict=True):
        assert data == serialise(make('std_msgs/msg/Float32MultiArray', layout=layout, data=row))
