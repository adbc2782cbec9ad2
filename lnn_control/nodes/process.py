# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Runs one node as a process: signals, one line for bad input, a last word on the way out."""

import os
import sys
import traceback
from collections.abc import Callable

import rclpy
import rclpy.exceptions
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from lnn_control.core.extras import describe_missing
from lnn_control.nodes.lifetime import StopRequest, die_with_parent, ignore_signals

# A node may take this long to end after a signal, on a busy machine with a slow disk [s].
_GRACE = 20

_BAD_INPUT = (
    ValueError,
    OSError,
    ImportError,
    rclpy.exceptions.ParameterException,
)


def run_node(make_node: Callable[[], Node], name: str, lives_on: bool = False) -> int:
    """Run a node until a signal comes and return the exit code of the process.

    A node may have a method `finish`, called while messages can still be sent.

    :param make_node: called once rclpy is initialised; a ValueError, an OSError or a bad parameter
        raised by it is printed as one line.
    :param lives_on: whether the node goes on after an error in one of its callbacks, which is
        logged: a vehicle would rather have a node that misses a message than none.
    """
    stop = StopRequest(_GRACE)
    die_with_parent()
    try:
        rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
    except (*_BAD_INPUT, rclpy.exceptions.ROSInterruptException, RuntimeError) as error:
        if os.environ.get('LNN_CONTROL_TRACEBACK', '') not in ('', '0'):
            raise
        text = ' '.join(str(error).split())
        if isinstance(error, ModuleNotFoundError) and error.name:
            text = describe_missing(error.name)
        print(f'{name}: {text}', file=sys.stderr, flush=True)
        rclpy.try_shutdown()
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not stop.is_set:
            try:
                executor.spin_once(timeout_sec=0.1)
            except Exception:
                if not lives_on:
                    raise
                node.get_logger().error(f'an error of a callback: {traceback.format_exc()}')
    finally:
        if hasattr(node, 'finish'):
            node.finish()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
        # Python gives signals back their default while it ends: a second Ctrl-C would look like
        # a crash.
        ignore_signals()
    return 0
