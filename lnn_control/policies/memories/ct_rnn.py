# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The plain continuous-time recurrent network: leaky neurons, each of which listens to all."""

from dataclasses import dataclass

from lnn_control.core.checks import check_number
from lnn_control.liquid import CTRNN, FullyConnectedWiring
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class CtRnnOptions:
    """Sizes of a CT-RNN."""

    num_neurons: int = 36

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, 1, 4096)


class CtRnn(LiquidMemory):
    """Leaky neurons with weighted sums (Funahashi and Nakamura, Neural Networks 1993)."""

    options = CtRnnOptions
    kind = 'continuous-time recurrent neural network'
    words = 'fully connected leaky neurons'

    def __init__(self, shape: MemoryShape, options: CtRnnOptions) -> None:
        liquid = CTRNN(
            shape.num_features,
            FullyConnectedWiring(options.num_neurons),
            typical_elapsed_time=shape.typical_elapsed_time,
        )
        readout = Readout(options.num_neurons, shape.num_outputs)
        super().__init__(shape, options, liquid, readout)
