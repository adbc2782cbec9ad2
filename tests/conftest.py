# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every run of the tests sees the same examples and settings and, in ROS, nobody but itself."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from lnn_control.core import processes
from tests.warm_workers import WarmWorkers

# Whatever the machine and the runs before: no time limit, no chance, no memory.
hypothesis.settings.register_profile(
    'repeatable',
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('repeatable')


def take_domain() -> socket.socket:
    """Choose a ROS domain that no other test run on this machine uses, while the socket lives."""
    for attempt in range(100):
        domain = 1 + (os.getpid() + attempt) % 100
        lock = socket.socket()
        try:
            lock.bind(('127.0.0.1', 17400 + domain))
        except OSError:
            lock.close()
            continue
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        return lock
    raise RuntimeError('all ROS domains are in use')


# One thread, however many cores: the same sums in the same order, and no crowd of processes that
# each take the whole machine.
os.environ['OMP_NUM_THREADS'] = '1'
# What is printed depends on no terminal.
os.environ['COLUMNS'] = '100'
for name in (
    'FORCE_COLOR',
    'TTY_COMPATIBLE',
    'DISPLAY',
    'WAYLAND_DISPLAY',
    'LNN_CONTROL_TRACEBACK',
):
    os.environ.pop(name, None)
# Before anything imports rclpy. Field checks turn silent corruption of messages into errors.
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
_DOMAIN_LOCK = take_domain()


@pytest.fixture(autouse=True, scope='session')
def ros_log_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what nodes log out of the home folder, which may be read-only."""
    os.environ['ROS_LOG_DIR'] = str(tmp_path_factory.mktemp('ros_log'))


@pytest.fixture(autouse=True, scope='session')
def warm_workers() -> Iterator[None]:
    """Spare worker processes the seconds that imports take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, 'multiprocessing', WarmWorkers(dict(os.environ)))
        yield


@pytest.fixture(scope='session')
def untrained_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of the shipped policy's kind with random weights."""
    import torch

    from lnn_control.policies.checkpoint import save_checkpoint
    from lnn_control.policies.network import Network, NetworkConfig

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('checkpoints') / 'untrained'
    save_checkpoint(folder, 'untrained', Network(NetworkConfig()), {})
    return folder
