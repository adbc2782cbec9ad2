# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Closed-form continuous-time neurons, each of which listens to all."""

from dataclasses import dataclass

from lnn_control.core.checks import check_number
from lnn_control.liquid import CfC, FullyConnectedWiring
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class CfcOptions:
    """Sizes of a fully connected CfC."""

    num_neurons: int = 11

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, 1, 4096)


class FullCfc(LiquidMemory):
    """Fully connected CfC neurons (Hasani et al., Nature Machine Intelligence 2022)."""

    options = CfcOptions
    kind = 'liquid neural network'
    words = 'fully connected closed-form continuous-time neurons'

    def __init__(self, shape: MemoryShape, options: CfcOptions) -> None:
        liquid = CfC(
            shape.num_features,
            FullyConnectedWiring(options.num_neurons),
            typical_elapsed_time=shape.typical_elapsed_time,
        )
        readout = Readout(options.num_neurons, shape.num_outputs)
        super().__init__(shape, options, liquid, readout)
