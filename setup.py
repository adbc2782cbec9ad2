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
VERBS = [*COMMAND_LINE, *POLICY, NAMES]
TORCHDIFFEQ = 'torchdiffeq>=0.2.4'
MATPLOTLIB = 'matplotlib>=3.8'
ONNX = ['onnx>=1.16', 'onnxscript>=0.3']

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

# Part -> what it needs beside torch and numpy. Each is enough for its own part; lists instead of
# extras that name each other, so that colcon reads them too.
DATA = [OPENCV, 'mcap>=1.1', 'rosbags>=0.10']
SIM = [*VERBS, 'pybullet>=3.2.5']
USER_EXTRAS = {
    'sim': SIM,
    'imitation': [*VERBS, *DATA, 'tensorboard>=2.15'],
    'data': DATA,
    'ros': [
        *DATA,
        *POLICY,
        NAMES,
        *(f'{name}~={version}{LINUX_X86_64}' for name, version in ROS_WHEELS.items()),
    ],
    'report': [
        *VERBS,
        'Pillow>=10',
        'av>=12',
        'jinja2>=3',
        MATPLOTLIB,
        'moviepy>=2',
    ],
    'gl': [*SIM, 'moderngl>=5.10'],
    'deploy': ONNX,
    'mavlink': ['pymavlink>=2.4.40'],
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
        'onnxruntime>=1.18',
        'pytest>=7.4',
        'reservoirpy>=0.4',
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
    package_data={PACKAGE: ['checkpoints/**/*', 'reports/templates/*'], 'sim': ['**/*.csv']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml']),
        (f'share/{PACKAGE}/launch', glob('launch/*.py')),
        (f'share/{PACKAGE}/config', glob('config/*')),
        # `ros2 run` and `ros2 launch` look for executables here, pip installs scripts elsewhere.
        (f'lib/{PACKAGE}', glob('libexec/*')),
    ],
    zip_safe=False,
    install_requires=['numpy>=1.24', 'torch>=2.2'],
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['lnn-control = lnn_control.cli.main:main']},
)
