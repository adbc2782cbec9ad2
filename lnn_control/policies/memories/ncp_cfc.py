# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Closed-form continuous-time neurons, wired as a neural circuit policy: the flagship."""

from lnn_control.liquid import CfC
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import MemoryShape
from lnn_control.policies.memories.ncp_options import NcpOptions


class NcpCfc(LiquidMemory):
    """CfC neurons (Hasani et al., Nature Machine Intelligence 2022) as a neural circuit policy."""

    options = NcpOptions
    kind = 'liquid neural network'
    words = 'closed-form continuous-time neurons'

    def __init__(self, shape: MemoryShape, options: NcpOptions) -> None:
        liquid = CfC(
            shape.num_features,
            options.make_wiring(shape.num_outputs),
            typical_elapsed_time=shape.typical_elapsed_time,
        )
        super().__init__(shape, options, liquid)
