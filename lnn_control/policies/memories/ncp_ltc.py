# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Liquid time-constant neurons, wired as a neural circuit policy."""

from lnn_control.liquid import LTC
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import MemoryShape
from lnn_control.policies.memories.ncp_options import NcpOptions


class NcpLtc(LiquidMemory):
    """LTC neurons (Hasani et al., AAAI 2021) as a neural circuit policy."""

    options = NcpOptions
    kind = 'liquid neural network'
    words = 'liquid time-constant neurons'

    def __init__(self, shape: MemoryShape, options: NcpOptions) -> None:
        liquid = LTC(
            shape.num_features,
            options.make_wiring(shape.num_outputs),
            typical_elapsed_time=shape.typical_elapsed_time,
        )
        super().__init__(shape, options, liquid)
