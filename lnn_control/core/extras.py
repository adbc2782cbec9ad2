# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which extra of this package brings a Python module that is missing."""

# What several extras bring is told to come with `all`: whoever lacks it lacks more.
EXTRAS = {
    'PIL': 'report',
    'av': 'report',
    'builtin_interfaces': 'ros',
    'cv2': 'all',
    'diagnostic_msgs': 'ros',
    'distributed': 'cluster',
    'geometry_msgs': 'ros',
    'gymnasium': 'sim',
    'h5py': 'data',
    'jinja2': 'report',
    'lifecycle_msgs': 'ros',
    'lz4': 'data',
    'matplotlib': 'report',
    'mcap': 'data',
    'moderngl': 'gl',
    'moviepy': 'report',
    'nav_msgs': 'ros',
    'onnx': 'deploy',
    'onnxruntime': 'deploy',
    'onnxscript': 'deploy',
    'optuna': 'tune',
    'pyarrow': 'data',
    'pybullet': 'sim',
    'pybullet_utils': 'sim',
    'pydantic': 'all',
    'pymavlink': 'mavlink',
    'rcl_interfaces': 'ros',
    'rclpy': 'ros',
    'rich': 'all',
    'rosbags': 'data',
    'rosgraph_msgs': 'ros',
    'safetensors': 'imitation',
    'sensor_msgs': 'ros',
    'serial': 'mavlink',
    'std_msgs': 'ros',
    'std_srvs': 'ros',
    'tensorboard': 'imitation',
    'torch': 'liquid',
    'torchdiffeq': 'all',
    'tyro': 'all',
    'yaml': 'all',
    'zstandard': 'data',
}
"""Module -> the extra whose installation brings it."""

BY_THEMSELVES = {'rerun': 'rerun-sdk'}
"""Module -> the package that brings it: optional, and too large for an extra."""

ONLY_WITH_ROS = ('launch', 'launch_ros')
"""Modules that pip does not have (its `launch` is something else)."""


def describe_missing(module_name: str) -> str:
    """Return one line that names a missing module and, where it is known, the cure.

    :param module_name: as in the `name` of a ModuleNotFoundError, `package.module` or `package`.
    """
    package = module_name.partition('.')[0]
    source_ros = 'source ROS 2 (apt install ros-jazzy-ros-base)'
    cure = ''
    if package in ONLY_WITH_ROS:
        cure = f': {source_ros}'
    elif package in BY_THEMSELVES:
        cure = f': install it with pip install {BY_THEMSELVES[package]}'
    elif package in EXTRAS:
        extra = EXTRAS[package]
        cure = f': install it with pip install "lnn_control[{extra}]"'
        if extra == 'ros':
            cure += f', or {source_ros}'
    return f'Python module {module_name!r} is missing{cure}'
