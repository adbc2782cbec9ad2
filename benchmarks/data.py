# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How fast bags become a data set, on one core, beside the reading of the libraries themselves.

python -m benchmarks.data --json FILE

A bag of 640x480 JPEG images at 30 Hz with IMU and commands is made, then imported at 128x72 and
checked, each in a process of its own whose greatest resident memory is told. It is imported once
more with the calibration of a lens whose distortion has to be undone. The rosbags and the mcap
library read the same file in the same run, once without and once with taking messages apart.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tyro

from lnn_control.core.mcap_file import McapFile, find_types

RATE, IMU_RATE = 30, 100


@dataclass(frozen=True)
class Options:
    """Measure import and check."""

    seconds: float = 60.0
    """Length of the bag that is made [s]."""
    json: Path | None = None
    """File for the numbers."""


def describe_lens(types: Any, header: Any, distortion: Sequence[float]) -> Any:
    """Return the calibration of a camera of 640x480 that sees 67 degrees across."""
    focal_length_px, x, y = 480.0, 320.0, 240.0
    region = types['sensor_msgs/msg/RegionOfInterest']
    return types['sensor_msgs/msg/CameraInfo'](
        header=header,
        height=480,
        width=640,
        distortion_model='plumb_bob',
        d=np.array(distortion),
        k=np.array([focal_length_px, 0, x, 0, focal_length_px, y, 0, 0, 1.0]),
        r=np.eye(3).ravel(),
        p=np.array([focal_length_px, 0, x, 0, 0, focal_length_px, y, 0, 0, 0, 1.0, 0]),
        binning_x=0,
        binning_y=0,
        roi=region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )


def make_bag(path: Path, seconds: float, distortion: Sequence[float] = ()) -> int:
    """Write a bag and return its number of images.

    :param distortion: of its lens, five numbers of the model plumb_bob; without, nothing is said
        of the lens.
    """
    store = find_types()
    types = store.types

    def header(stamp: float) -> Any:
        sec, nanosec = divmod(round(stamp * 1e9), 10**9)
        time_type = types['builtin_interfaces/msg/Time']
        return types['std_msgs/msg/Header'](stamp=time_type(sec=sec, nanosec=nanosec), frame_id='')

    def vector(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Any:
        return types['geometry_msgs/msg/Vector3'](x=x, y=y, z=z)

    rng = np.random.default_rng(0)
    # Structure as in a real scene: noise would be slower to decode than any camera's image.
    small = rng.integers(0, 256, (8, 30, 40, 3), dtype=np.uint8)
    scenes = [cv2.resize(scene, (640, 480), interpolation=cv2.INTER_CUBIC) for scene in small]
    pictures = [cv2.imencode('.jpg', scene)[1].ravel() for scene in scenes]
    count = int(seconds * RATE)
    rows: list[tuple[float, str, Any]] = []
    for i in range(count):
        stamp = 1000.0 + i / RATE
        picture = types['sensor_msgs/msg/CompressedImage'](
            header=header(stamp), format='jpeg', data=pictures[i % len(pictures)]
        )
        rows.append((stamp + 0.004, '/camera/image_raw/compressed', picture))
        twist = types['geometry_msgs/msg/Twist'](
            linear=vector(np.sin(0.1 * i)), angular=vector(z=0.1)
        )
        rows.append((stamp + 0.01, '/cmd_vel', twist))
        if distortion:
            rows.append(
                (
                    stamp + 0.003,
                    '/camera/camera_info',
                    describe_lens(types, header(stamp), distortion),
                )
            )
    for k in range(int(seconds * IMU_RATE)):
        stamp = 1000.0 + k / IMU_RATE
        sample = types['sensor_msgs/msg/Imu'](
            header=header(stamp),
            orientation=types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0),
            orientation_covariance=np.zeros(9),
            angular_velocity=vector(),
            angular_velocity_covariance=np.zeros(9),
            linear_acceleration=vector(z=9.81),
            linear_acceleration_covariance=np.zeros(9),
        )
        rows.append((stamp + 0.001, '/imu/data_raw', sample))
    with open(path, 'wb') as stream:
        file = McapFile(stream)
        for moment, topic, message in sorted(rows, key=lambda row: row[0]):
            kind = message.__msgtype__
            file.add(topic, kind, bytes(store.serialize_cdr(message, kind)), round(moment * 1e9))
        file.finish()
    return count


def run_import(path: Path, folder: Path) -> None:
    """Import the bag into a data set."""
    from lnn_control.data.contract import OUR_CONTRACT, with_size
    from lnn_control.data.importer import import_bags

    list(import_bags([path], with_size(OUR_CONTRACT, (128, 72)), folder / 'set', say=print))


def run_check(path: Path, folder: Path) -> None:
    """Check the bag."""
    from lnn_control.data.bags import find_bags
    from lnn_control.data.check import check_bag
    from lnn_control.data.contract import OUR_CONTRACT, with_size

    check_bag(find_bags(path)[0][0], with_size(OUR_CONTRACT, (128, 72)), folder)


def run_rosbags(path: Path, folder: Path) -> None:
    """Read the bag with the rosbags library and take its messages apart."""
    from rosbags.rosbag2 import Reader

    store = find_types()
    with Reader(path) as reader:
        for connection, _, data in reader.messages():
            store.deserialize_cdr(data, connection.msgtype)


def run_mcap(path: Path, folder: Path) -> None:
    """Read the bag with the mcap library, messages as bytes."""
    from mcap.reader import make_reader

    with open(path, 'rb') as stream:
        for _ in make_reader(stream).iter_messages():
            pass


def run_mcap_stream(path: Path, folder: Path) -> None:
    """Read the bag with the mcap library record by record, as the importer does."""
    from mcap.stream_reader import StreamReader

    with open(path, 'rb') as stream:
        for _ in StreamReader(stream, validate_crcs=True).records:
            pass


DISTORTED = 'import, distorted lens'
PARTS: dict[str, Callable[[Path, Path], None]] = {
    'import': run_import,
    DISTORTED: run_import,
    'check': run_check,
    'rosbags, decoded': run_rosbags,
    'mcap, bytes': run_mcap,
    'mcap, record by record': run_mcap_stream,
}
"""Name -> what is measured."""


def measure(name: str, path: Path, folder: Path, connection: Any) -> None:
    """Run a part in this process and send its time and the process's greatest memory."""
    cv2.setNumThreads(1)
    # What is imported first is not measured.
    if name in ('import', DISTORTED, 'check'):
        import lnn_control.data.check
        import lnn_control.data.importer  # noqa: F401
    start = time.process_time()
    PARTS[name](path, folder)
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    connection.send((seconds, memory))


def main() -> int:
    """Measure all parts and print a table."""
    options = tyro.cli(Options)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / 'bag.mcap'
        count = make_bag(path, options.seconds)
        # The same images, with the calibration of a distorted lens.
        bent = folder / 'bent.mcap'
        make_bag(bent, options.seconds, (-0.3, 0.1, 0.001, -0.001, 0.0))
        print(f'{count} images of 640x480 JPEG, {path.stat().st_size / 2**20:.0f} MiB')
        for part in PARTS:
            read = bent if part == DISTORTED else path
            size = read.stat().st_size / 2**20
            (folder / part).mkdir()
            context = multiprocessing.get_context('spawn')
            ours, theirs = context.Pipe()
            process = context.Process(target=measure, args=(part, read, folder / part, theirs))
            process.start()
            seconds, memory = ours.recv()
            process.join()
            row = {
                'part': part,
                'images_per_second': count / seconds,
                'mebibytes_per_second': size / seconds,
                'resident_mebibytes': memory,
            }
            rows.append(row)
            print(
                f'{part:<24} {row["images_per_second"]:8.0f} images/s '
                f'{row["mebibytes_per_second"]:8.1f} MiB/s {memory:6.0f} MiB'
            )
    if options.json is not None:
        options.json.write_text(json.dumps({'images': count, 'rows': rows}, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
