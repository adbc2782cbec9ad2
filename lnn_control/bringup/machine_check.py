# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Looks at the machine that nodes are to run on."""

import importlib.util
import os
import shutil
from pathlib import Path

from lnn_control.bringup.graph import PROFILE_VARIABLES, find_share_directory
from lnn_control.core.checkup import Check, Light
from lnn_control.core.extras import describe_missing

_SHARED_MEMORY = Path('/dev/shm')
# Images of some cameras and their subscribers.
_LEAST_SHARED_MB = 128.0


def check_machine() -> list[Check]:
    """Return what is there and what is missing."""
    return [
        _check_ros(),
        _check_domain(),
        _check_shared_memory(),
        check_profile(),
        _check_load(),
        _check_threads(),
        _check_renderer(),
    ]


def _check_ros() -> Check:
    if importlib.util.find_spec('rclpy') is None:
        return Check('ros', Light.RED, 'rclpy is missing', describe_missing('rclpy'))
    from rclpy.utilities import get_rmw_implementation_identifier

    distro = os.environ.get('ROS_DISTRO', 'from pip wheels')
    return Check('ros', Light.GREEN, f'ROS 2 {distro}, {get_rmw_implementation_identifier()}')


def _check_domain() -> Check:
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    if not domain.isdecimal() or int(domain) > 232:
        return Check('domain', Light.RED, f'ROS_DOMAIN_ID is {domain!r}', 'set it to 0 to 101')
    text = f'ROS_DOMAIN_ID {domain}, discovery {reach}'
    if domain == '0' and reach == 'SUBNET':
        cure = 'others in this network may be in domain 0: export ROS_DOMAIN_ID=17, or any other'
        return Check('domain', Light.AMBER, text, cure)
    return Check('domain', Light.GREEN, text)


def _check_shared_memory() -> Check:
    if not _SHARED_MEMORY.is_dir():
        cure = 'images go over the loopback instead: slower, and large ones are lost'
        return Check('shared_memory', Light.AMBER, 'there is no /dev/shm', cure)
    free_mb = shutil.disk_usage(_SHARED_MEMORY).free / 1e6
    text = f'{free_mb:.0f} MB are free in /dev/shm'
    if free_mb < _LEAST_SHARED_MB:
        cure = f'give it {_LEAST_SHARED_MB:.0f} MB, in a container with --shm-size, or clean it'
        return Check('shared_memory', Light.RED, text, cure)
    return Check('shared_memory', Light.GREEN, text)


def check_profile() -> Check:
    """Return whether Fast DDS can carry large images; the line to set where it cannot."""
    set_by = next((name for name in PROFILE_VARIABLES if os.environ.get(name)), None)
    if set_by is None:
        return Check(
            'large_images',
            Light.AMBER,
            'Fast DDS loses images above 512 KiB (640x480)',
            f'{describe_profile()}, for the camera driver too',
        )
    path = Path(os.environ[set_by])
    if not path.is_file():
        return Check('large_images', Light.RED, f'{set_by} names no file: {path}', 'correct it')
    return Check('large_images', Light.GREEN, f'{set_by} is {path}')


def describe_profile() -> str:
    """Return the line that lets a process publish large images."""
    path = find_share_directory() / 'config' / 'fastdds.xml'
    return f'export {PROFILE_VARIABLES[0]}={path}'


def _check_load() -> Check:
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    text = f'{cores} cores, load {load:.1f}'
    if load > cores:
        cure = 'commands will be late: end what else runs here'
        return Check('load', Light.AMBER, text, cure)
    return Check('load', Light.GREEN, text)


def _check_threads() -> Check:
    threads = os.environ.get('OMP_NUM_THREADS', '')
    if threads == '1':
        return Check('threads', Light.GREEN, 'OMP_NUM_THREADS is 1')
    text = f'OMP_NUM_THREADS is {threads or "not set"}'
    cure = 'bringup and launch set it to 1; for nodes started otherwise: export OMP_NUM_THREADS=1'
    return Check('threads', Light.AMBER, text, cure)


def _check_renderer() -> Check:
    """Return which renderer the simulator would take."""
    if importlib.util.find_spec('pybullet') is None:
        return Check('renderer', Light.AMBER, 'no simulator', describe_missing('pybullet'))
    from sim.renderers import make_renderer
    from sim.sensors.pinhole import PinholeCamera

    try:
        make_renderer('gl', PinholeCamera()).close()
    except (ModuleNotFoundError, OSError) as error:
        cure = 'three to five times faster with gl: pip install "lnn_control[gl]", apt libegl1'
        return Check('renderer', Light.AMBER, f'tiny: {" ".join(str(error).split())}', cure)
    return Check('renderer', Light.GREEN, 'gl')
