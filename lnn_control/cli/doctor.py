# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control doctor`: what is wrong with a machine or a running graph, and what to do.

Ends with 0 if everything works, green or amber, and with 1 if something does not.
"""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from rich.console import Console
from rich.table import Table
from tyro.conf import arg

from lnn_control.bringup.machine_check import check_machine
from lnn_control.cli import options
from lnn_control.cli.bringup import set_environment
from lnn_control.core.checkup import Check, Light, choose_exit_code
from lnn_control.core.whole_file import write_whole

_STYLES = {Light.GREEN: 'green', Light.AMBER: 'yellow', Light.RED: 'bold red'}


@dataclass(frozen=True)
class Doctor:
    """Look at this machine and at the sensors and nodes that run."""

    seconds: Annotated[float, arg(metavar='SECONDS', help='How long to listen [s].')] = 5.0
    machine_only: bool = False
    """Do not listen to what runs."""
    namespace: str = ''
    """Prefix of nodes and topics."""
    image_topic: str = 'camera/image_raw'
    """Camera images of the vehicle."""
    image_transport: Literal['raw', 'compressed'] = 'raw'
    """How the images come; compressed are JPEG or PNG."""
    info_topic: str = 'camera/camera_info'
    """Calibration of that camera."""
    imu_topic: str = 'imu/data_raw'
    """Inertial samples of the vehicle."""
    command_topic: str = 'cmd_vel'
    """Where the vehicle takes velocity commands."""
    domain_id: options.DomainId = -1
    json: options.JsonFile = None


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Doctor, 'doctor', arguments)
    set_environment(job.domain_id)
    checks = check_machine()
    if not job.machine_only and importlib.util.find_spec('rclpy') is not None:
        checks += listen(job)
    show(checks)
    if job.json is not None:
        with write_whole(job.json) as stream:
            stream.write(json.dumps([check.to_json() for check in checks], indent=2).encode())
    return choose_exit_code(checks)


def listen(job: Doctor) -> list[Check]:
    """Return what the running graph is like."""
    from lnn_control.bringup.graph_check import GraphNames, check_graph
    from lnn_control.bringup.supervisor import check_namespace

    check_namespace(job.namespace)
    names = GraphNames(
        *(job.namespace, job.image_topic, job.info_topic, job.imu_topic, job.command_topic),
        transport=job.image_transport,
    )
    return check_graph(names, job.seconds)


def show(checks: Sequence[Check]) -> None:
    """Print a table with a light a line."""
    table = Table(show_header=False, box=None)
    for check in checks:
        cure = f' -> {check.cure}' if check.cure else ''
        table.add_row(
            f'[{_STYLES[check.light]}]{check.light.value}[/]',
            check.name,
            f'{check.measured}{cure}'.replace('[', '\\['),
        )
    Console().print(table)


OPTIONS = Doctor
