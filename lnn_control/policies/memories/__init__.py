# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Memories: the part of a network between what is seen and what is done, by name."""

from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry

if TYPE_CHECKING:
    from lnn_control.policies.memories.memory import Memory

DEFAULT_MEMORY = 'ncp_cfc'
"""The flagship's, and that of checkpoints which do not name theirs."""


def _check_memory(entry: object) -> None:
    # Only here, as it loads torch.
    from lnn_control.policies.memories.memory import check_memory

    check_memory(entry)


MEMORIES: 'Registry[type[Memory]]' = Registry(
    'memory',
    'lnn_control.memories',
    {
        'ncp_cfc': 'lnn_control.policies.memories.ncp_cfc:NcpCfc',
        'ncp_ltc': 'lnn_control.policies.memories.ncp_ltc:NcpLtc',
        'cfc': 'lnn_control.policies.memories.cfc:FullCfc',
        'ct_rnn': 'lnn_control.policies.memories.ct_rnn:CtRnn',
        'lstm': 'lnn_control.policies.memories.lstm:Lstm',
        'gru': 'lnn_control.policies.memories.gru:Gru',
        'tcn': 'lnn_control.policies.memories.tcn:Tcn',
        'one_frame': 'lnn_control.policies.memories.one_frame:OneFrame',
        'stacked_frames': 'lnn_control.policies.memories.stacked_frames:StackedFrames',
    },
    _check_memory,
)
"""Name of a memory -> its class, a subclass of
:class:`lnn_control.policies.memories.memory.Memory`."""
