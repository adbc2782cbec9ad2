# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
from array import array

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TwistStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.lens import Lens, read_calibration
from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.nodes.conversions import (
    ImageEncoder,
    Source,
    image_from_message,
    make_camera_info,
    make_diagnostics,
    make_imu,
    make_neurons,
    make_odometry,
    make_position,
    make_saliency,
    make_twist,
    make_twist_stamped,
    nanoseconds_from_stamp,
    read_imu,
    read_points,
    read_pose,
    read_twist,
    seconds_from_stamp,
    stamp_from_seconds,
)

RED, GREEN, BLUE, ALPHA = 10, 20, 30, 99
BYTES = {
    'rgb8': [RED, GREEN, BLUE],
    'bgr8': [BLUE, GREEN, RED],
    'rgba8': [RED, GREEN, BLUE, ALPHA],
    'bgra8': [BLUE, GREEN, RED, ALPHA],
    'mono8': [RED],
}


def make_image(encoding: str, width: int = 4, height: int = 3, padding: int = 0) -> Image:
    row = BYTES[encoding] * width + [255] * padding
    message = Image(encoding=encoding, width=width, height=height, step=len(row))
    message.data = bytes(row * height)
    return message


@pytest.mark.parametrize('encoding', sorted(BYTES))
@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('is_bigendian', [0, 1])
def test_every_encoding_is_read_as_rgb(encoding: str, padding: int, is_bigendian: int) -> None:
    message = make_image(encoding, padding=padding)
    message.is_bigendian = is_bigendian
    image = image_from_message(message)
    expected = [RED] * 3 if encoding == 'mono8' else [RED, GREEN, BLUE]
    assert image.pixels.shape == (3, 4, 3)
    assert image.pixels.flags.c_contiguous
    assert (image.pixels == expected).all()


def test_unknown_encoding_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"one of .*'bgr8', 'bgra16', 'bgra8', .*got 'yuv420'"):
        image_from_message(Image(encoding='yuv420', width=2, height=2, step=4))


@pytest.mark.parametrize(
    ('width', 'height', 'step', 'size'),
    [(4, 3, 11, 36), (4, 3, 12, 35)],
)
def test_sizes_that_contradict_each_other_are_an_error(
    width: int, height: int, step: int, size: int
) -> None:
    message = Image(encoding='rgb8', width=width, height=height, step=step, data=bytes(size))
    with pytest.raises(ValueError, match='rgb8 image must have rows'):
        image_from_message(message)


def test_image_goes_through_dds_and_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    encoder = ImageEncoder()
    encoder.encode(np.zeros((5, 7, 3), np.uint8), 1.0)
    data = serialize_message(encoder.encode(pixels, 12.5))
    image = image_from_message(deserialize_message(data, Image))
    assert (image.pixels == pixels).all()
    assert image.stamp == 12.5


def test_encoder_reuses_its_buffer_and_follows_another_size() -> None:
    encoder = ImageEncoder()
    first = encoder.encode(np.zeros((5, 7, 3), np.uint8), 1.0).data
    assert encoder.encode(np.ones((5, 7, 3), np.uint8), 1.0).data is first
    assert len(encoder.encode(np.zeros((2, 2, 3), np.uint8), 1.0).data) == 12


@pytest.mark.parametrize('seconds', [0.0, 0.05, 1.999999999, 1_795_306_714.475650])
def test_stamps_keep_a_microsecond(seconds: float) -> None:
    assert seconds_from_stamp(stamp_from_seconds(seconds)) == pytest.approx(seconds, abs=5e-7)


def test_command_survives_the_wire_whatever_number_type_it_came_from() -> None:
    command = VelocityCommand.from_array(np.array([1, -2, 3, -4], np.float32))
    data = serialize_message(make_twist_stamped(command, 3.0))
    message = deserialize_message(data, TwistStamped)
    assert read_twist(message) == (1.0, -2.0, 3.0, -4.0)
    assert message.header.frame_id == 'base_link'
    assert read_twist(make_twist(command)) == (1.0, -2.0, 3.0, -4.0)


def test_command_that_is_not_finite_is_read_as_it_came() -> None:
    message = TwistStamped()
    message.twist.linear.y = math.nan
    assert math.isnan(read_twist(message)[1])


def test_inertial_sample_goes_through_and_says_that_it_has_no_orientation() -> None:
    message = make_imu(np.float32([0.1, 0.2, 0.3]), np.float32([1, 2, 9.8]), 4.0)
    stamp, rates, force = read_imu(message)
    assert stamp == 4.0
    assert rates == pytest.approx([0.1, 0.2, 0.3])
    assert force == pytest.approx([1, 2, 9.8])
    assert message.orientation_covariance[0] == -1.0


def test_odometry_tells_velocity_in_the_body_frame() -> None:
    left = quaternion_from_euler(0.0, 0.0, np.pi / 2)
    state = VehicleState(np.array([1.0, 2.0, 3.0]), left, np.array([0.0, 1.5, 0.0]))
    message = make_odometry(state, 2.0)
    linear = message.twist.twist.linear
    assert (linear.x, linear.y, linear.z) == pytest.approx((1.5, 0.0, 0.0))
    assert message.pose.pose.position.z == 3.0
    assert message.pose.pose.orientation.w == pytest.approx(np.sqrt(0.5))


def test_camera_info_is_a_pinhole() -> None:
    message = make_camera_info(128, 72, 53.7, 1.0)
    assert message.k.tolist() == [53.7, 0.0, 64.0, 0.0, 53.7, 36.0, 0.0, 0.0, 1.0]
    assert message.p.tolist() == [53.7, 0.0, 64.0, 0.0, 0.0, 53.7, 36.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_lens_of_an_ideal_camera_info() -> None:
    calibration = read_calibration(make_camera_info(128, 72, 64.0, 1.0))
    assert not calibration.is_distorted
    assert Lens(calibration).fov_deg == pytest.approx(90.0)
    with pytest.raises(ValueError, match='calibrate the camera'):
        read_calibration(CameraInfo(width=128, height=72))


def test_stamp_of_a_command_passes_to_the_nanosecond() -> None:
    stamp = Time(sec=1_795_306_714, nanosec=123_456_789)
    assert make_twist_stamped(VelocityCommand(), stamp).header.stamp == stamp
    assert nanoseconds_from_stamp(stamp) == 1_795_306_714_123_456_789


def test_pose_of_odometry_is_read_and_a_broken_one_refused() -> None:
    left = quaternion_from_euler(0.2, 0.0, np.pi / 2)
    message = make_odometry(VehicleState(np.array([1.0, 2.0, 3.0]), left), 2.0)
    pose = read_pose(message)
    assert (pose.x, pose.y, pose.z) == (1.0, 2.0, 3.0)
    assert (pose.yaw, pose.tilt) == pytest.approx((np.pi / 2, 0.2))
    message.pose.pose.position.x = math.nan
    with pytest.raises(ValueError, match='x must be a finite number'):
        read_pose(message)


def make_cloud(points: np.ndarray, step: int, is_bigendian: bool = False) -> PointCloud2:
    """Return a cloud of shape (height, width, 3) whose rows have 4 bytes too many."""
    height, width, _ = points.shape
    kind = np.dtype(
        {'names': list('xyz'), 'formats': ['>f4' if is_bigendian else '<f4'] * 3}
        | {'offsets': [0, 4, 8], 'itemsize': step}
    )
    rows = np.zeros((height, width), kind)
    for i, name in enumerate('xyz'):
        rows[name] = points[:, :, i]
    data = b''.join(row.tobytes() + bytes(4) for row in rows)
    fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate('xyz')
    ]
    return PointCloud2(
        height=height,
        width=width,
        fields=fields,
        is_bigendian=is_bigendian,
        point_step=step,
        row_step=step * width + 4,
        data=array('B', data),
    )


@pytest.mark.parametrize('is_bigendian', [False, True])
def test_points_of_a_padded_cloud_are_read(is_bigendian: bool) -> None:
    points = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    cloud = make_cloud(points, 16, is_bigendian)
    assert read_points(cloud).tolist() == points.reshape(-1, 3).tolist()
    assert len(read_points(PointCloud2(fields=cloud.fields, point_step=16))) == 0


def test_cloud_that_contradicts_itself_is_refused() -> None:
    cloud = make_cloud(np.zeros((2, 3, 3), np.float32), 16)
    cloud.width = 4
    with pytest.raises(ValueError, match='4x2 points of 16 bytes'):
        read_points(cloud)
    cloud.fields = cloud.fields[:2]
    with pytest.raises(ValueError, match='must have x, y and z as FLOAT32, got fields'):
        read_points(cloud)


def test_saliency_is_an_image_under_the_header_of_the_one_looked_at() -> None:
    seen = ImageEncoder().encode(np.zeros((2, 3, 3), np.uint8), 7.5)
    message = make_saliency(np.array([[0.0, 0.5, 1.0], [0.2, -0.1, 1.1]], np.float32), seen.header)
    assert message.header == seen.header
    assert (message.height, message.width, message.step, message.encoding) == (2, 3, 3, 'mono8')
    assert list(message.data) == [0, 128, 255, 51, 0, 255]


def test_neurons_position_and_diagnostics_hold_what_was_given() -> None:
    neurons = make_neurons(np.array([0.5, -1.0], np.float32), ['inter_0', 'motor_0'], 3.25)
    assert (neurons.name, list(neurons.position)) == (['inter_0', 'motor_0'], [0.5, -1.0])
    assert (neurons.header.stamp.sec, neurons.header.stamp.nanosec) == (3, 250_000_000)
    assert make_position(np.array([1, 2, 3]), 0.0).pose.position.y == 2.0
    status = make_diagnostics(Source('policy'), 'no camera', {'images': 3}, 0.0).status[0]
    assert (status.message, status.level, status.values[0].value) == ('no camera', b'\x01', '3')
