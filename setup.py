# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is installed, by pip as by colcon."""

import re
from glob import glob
from itertools import chain
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = 'lnn_control'
HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (HERE / PACKAGE / '__init__.py').read_text())[1]

# What several parts need.
OPENCV = 'opencv-python>=4.6'
COMMAND_LINE = ['rich>=13', 'tyro>=0.8']
POLICY = [OPENCV, 'PyYAML>=6.0', 'pydantic>=2.5', 'safetensors>=0.4']
# `sim`, where help and checks find the names of tasks and worlds, imports it.
NAMES = 'gymnasium>=1.0'
TORCH = 'torch>=2.2'
VERBS = [*COMMAND_LINE, *POLICY, NAMES, TORCH]
TORCHDIFFEQ = 'torchdiffeq>=0.2.4'
MATPLOTLIB = 'matplotlib>=3.8'
ONNX_RUNTIME = 'onnxruntime>=1.18'
ONNX = ['onnx>=1.16', 'onnxscript>=0.3', ONNX_RUNTIME]

# Community wheels of ROS 2 Jazzy. Whoever has ROS 2 from apt does not need them.
LINUX_X86_64 = "; sys_platform == 'linux' and platform_machine == 'x86_64'"
ROS_WHEELS = {
    'ros-rclpy[fastrtps]': '7.1.6',
    'ros-builtin-interfaces': '2.0.3',
    'ros-diagnostic-msgs': '5.3.6',
    'ros-geometry-msgs': '5.3.6',
    'ros-lifecycle-msgs': '2.0.3',
    'ros-nav-msgs': '5.3.6',
    'ros-rcl-interfaces': '2.0.3',
    'ros-rosgraph-msgs': '2.0.3',
    'ros-sensor-msgs': '5.3.6',
    'ros-std-msgs': '5.3.6',
    'ros-std-srvs': '5.3.6',
}

# Part -> what it needs beside numpy. Each is enough for its own part; lists instead of extras that
# name each other, so that colcon reads them too. torch is in no base, as a vehicle may have none.
DATA = [
    OPENCV,
    'PyYAML>=6.0',
    'lz4>=4.0',
    'mcap>=1.1',
    'pydantic>=2.5',
    'rosbags>=0.10',
    'zstandard>=0.20',
]
# What `lnn-control data` needs besides, to look at episodes and to write others' formats.
EXPORTS = ['h5py>=3.8', 'pyarrow>=14']
NODES = [
    *DATA,
    *POLICY,
    NAMES,
    *(f'{name}~={version}{LINUX_X86_64}' for name, version in ROS_WHEELS.items()),
]
SIM = [*VERBS, 'pybullet>=3.2.5']
USER_EXTRAS = {
    'liquid': [TORCH],
    'sim': SIM,
    'imitation': [*VERBS, *DATA, 'tensorboard>=2.15'],
    'data': [*VERBS, *DATA, *EXPORTS],
    'ros': [*NODES, TORCH],
    'vehicle': [*NODES, ONNX_RUNTIME],
    'report': [
        *VERBS,
        'Pillow>=10',
        'av>=12',
        'jinja2>=3',
        MATPLOTLIB,
        'moviepy>=2',
    ],
    'gl': [*SIM, 'moderngl>=5.10'],
    'deploy': [*SIM, *ONNX, 'torch>=2.6'],  # whose exporter it is
    'mavlink': ['pymavlink>=2.4.40', 'pyserial>=3.5'],
    'cluster': ['distributed>=2024.1'],
    'tune': [*SIM, *DATA, MATPLOTLIB, 'optuna>=4'],
}
EXTRAS = {
    **USER_EXTRAS,
    'all': sorted({TORCHDIFFEQ, *chain.from_iterable(USER_EXTRAS.values())}),
    'test': [
        *ONNX,
        'Pillow>=10',
        'hypothesis>=6',
        'mcap-ros2-support>=0.5',
        'ncps>=1.0',
        'pytest>=7.4',
        'pytest-xdist>=3.2',
        'reservoirpy>=0.4',
        'scipy>=1.8',
        'setuptools>=70.1',
        TORCHDIFFEQ,
    ],
    'dev': [
        'black>=24',
        'mkdocs-material>=9.5',
        'mkdocs>=1.6',
        'mkdocstrings-python>=1.10',
        'mypy>=1.8',
        'ruff>=0.6',
    ],
}

setup(
    name=PACKAGE,
    version=VERSION,
    description='Drone and robot control with liquid neural networks on ROS 2',
    long_description='Camera and IMU in, a liquid neural network, velocity commands out.',
    author='The lnn_control authors',
    maintainer='The lnn_control authors',
    maintainer_email='maintainers@lnn-control.invalid',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=[f'{PACKAGE}*', 'sim*']),
    package_data={PACKAGE: ['checkpoints/**/*', '*/templates/**/*'], 'sim': ['**/*.csv']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml']),
        (f'share/{PACKAGE}/launch', glob('launch/*.py')),
        (f'share/{PACKAGE}/config', glob('config/*')),
        # `ros2 run` and `ros2 launch` look for executables here, pip installs scripts elsewhere.
        (f'lib/{PACKAGE}', glob('libexec/*')),
    ],
    zip_safe=False,
    install_requires=['numpy>=1.24'],
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['lnn-control = lnn_control.cli.main:main']},
)
