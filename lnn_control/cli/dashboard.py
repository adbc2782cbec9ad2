# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dashboard`: a live page about a running vehicle, with a stop button.

Starts the node that serves the page, until Ctrl-C. It listens to nodes that run elsewhere.
"""

import os
import sys
import time
from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from lnn_control.bringup.graph import DASHBOARD, Value
from lnn_control.bringup.node_processes import NodeDiedError, NodeProcesses
from lnn_control.cli import options
from lnn_control.cli.bringup import require_ros, set_environment
from lnn_control.nodes.lifetime import StopRequest, die_with_parent
from lnn_control.nodes.page_access import LOOPBACK, TOKEN_VARIABLE, make_access

# Between two looks at the node [s].
_PERIOD = 0.1


@dataclass(frozen=True)
class Dashboard:
    """Show a running vehicle in a browser, and stop it from there."""

    address: str = LOOPBACK
    """Where the page is: an IP address of this machine. Beyond the loopback it takes a token."""
    port: Annotated[int, arg(metavar='NUMBER', help='Port of the page; 0 is any free one.')] = 8321
    token: str = ''
    """What a browser must know to open the page, 16 letters or more. If not given, that of the
    environment variable LNN_CONTROL_TOKEN; beyond the loopback else a new one, printed."""
    namespace: str = ''
    """Prefix of nodes and topics."""
    image_topic: str = 'camera/image_raw'
    """Camera images of the vehicle."""
    image_transport: Literal['raw', 'compressed'] = 'raw'
    """How the images come; compressed are JPEG or PNG."""
    command_topic: str = 'cmd_vel'
    """Where the vehicle takes velocity commands."""
    stamped: bool = True
    """Commands are TwistStamped; with --no-stamped Twist."""
    domain_id: options.DomainId = -1

    def __post_init__(self) -> None:
        # Made to be checked alone: the node makes its own.
        make_access(self.address, self.port, self.token)


def main(arguments: list[str]) -> int:
    """Run the node until a signal comes."""
    job = options.read_options(Dashboard, 'dashboard', arguments)
    require_ros()
    set_environment(job.domain_id)
    from lnn_control.bringup.supervisor import check_namespace

    check_namespace(job.namespace)
    if job.token:
        # Not on a command line, which every user of the machine can read.
        os.environ[TOKEN_VARIABLE] = job.token
    values: dict[str, Value] = {
        'address': job.address,
        'port': job.port,
        'stamped': job.stamped,
        'namespace': job.namespace,
        'image_topic': job.image_topic,
        'image_transport': job.image_transport,
        'command_topic': job.command_topic,
        'params_file': '',
    }
    return serve(values)


def serve(values: dict[str, Value]) -> int:
    """Run the node and return the exit code. Leaves no process."""
    stop = StopRequest()
    die_with_parent()
    try:
        with NodeProcesses([DASHBOARD], values) as processes:
            while not stop.is_set:
                processes.check()
                time.sleep(_PERIOD)
    except NodeDiedError as error:
        print(f'dashboard: {error}', file=sys.stderr, flush=True)
        return 1
    print('dashboard: the page is closed', flush=True)
    return 0


OPTIONS = Dashboard
