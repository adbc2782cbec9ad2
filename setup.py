# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is installed, by pip as by colcon."""

import re
from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = 'lnn_control'
HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (HERE / PACKAGE / '__init__.py').read_text())[1]

# Community wheels of ROS 2 Jazzy. Whoever has ROS 2 from apt does not need them.
LINUX_X86_64 = "; sys_platform == 'linux' and platform_machine == 'x86_64'"
ROS = [f'ros-rclpy[fastrtps]~=7.1.6{LINUX_X86_64}'] + [
    f'ros-{name}~=5.3.6{LINUX_X86_64}'
    for name in (
        'diagnostic-msgs',
        'geometry-msgs',
        'nav-msgs',
        'sensor-msgs',
        'std-msgs',
        'std-srvs',
        'visualization-msgs',
    )
]
REPORT = ['av>=12', 'jinja2>=3', 'matplotlib>=3.8', 'tensorboard>=2.14']
GL = ['moderngl>=5.10']
DEPLOY = ['onnx>=1.16', 'onnxruntime>=1.18']
TEST = ['hypothesis>=6', 'ncps>=1.0', 'pytest>=7.4', 'reservoirpy>=0.4', 'torchdiffeq>=0.2.4']
DEV = ['mypy>=1.8', 'ruff>=0.6']

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
        (f'share/{PACKAGE}/config', glob('config/*.yaml')),
        # `ros2 run` and `ros2 launch` look for executables here, pip installs scripts elsewhere.
        (f'lib/{PACKAGE}', glob('libexec/*')),
    ],
    zip_safe=False,
    install_requires=[
        'setuptools',
        'gymnasium>=1.0',
        'mcap>=1.1',
        'mcap-ros2-support>=0.5',
        'numpy>=1.24',
        'opencv-python>=4.6',
        'pybullet>=3.2.5',
        'pydantic>=2.5',
        'PyYAML>=6.0',
        'rich>=13',
        'rosbags>=0.10',
        'safetensors>=0.4',
        'torch>=2.2',
        'tyro>=0.8',
    ],
    extras_require={
        'ros': ROS,
        'report': REPORT,
        'gl': GL,
        'deploy': DEPLOY,
        'test': TEST,
        'dev': DEV,
    },
    entry_points={'console_scripts': ['lnn-control = lnn_control.cli.main:main']},
)
