# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Memories in C, by name: what writes the recurrent part of a program."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry

if TYPE_CHECKING:
    from lnn_control.deploy.c_program.memories.memory_code import MemoryCode
    from lnn_control.deploy.c_program.source import Constants
    from lnn_control.policies.memories.memory import Memory

    MemoryWriter = Callable[[Memory, Constants], MemoryCode]

_HERE = __name__

C_MEMORIES: 'Registry[MemoryWriter]' = Registry(
    'memory that can be exported to C',
    'lnn_control.c_memories',
    {
        'ncp_cfc': f'{_HERE}.cfc:write_cfc',
        'ncp_ltc': f'{_HERE}.ltc:write_ltc',
        'cfc': f'{_HERE}.cfc:write_cfc',
        'ct_rnn': f'{_HERE}.ct_rnn:write_ct_rnn',
        'lstm': f'{_HERE}.lstm:write_lstm',
        'gru': f'{_HERE}.gru:write_gru',
        'tcn': f'{_HERE}.tcn:write_tcn',
        'one_frame': f'{_HERE}.frames:write_one_frame',
        'stacked_frames': f'{_HERE}.frames:write_stacked_frames',
    },
)
"""Name of a memory -> what writes it: called with the memory and the constants of the program."""
