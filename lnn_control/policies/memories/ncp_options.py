# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What can be chosen of a memory that is wired as a neural circuit policy."""

from dataclasses import dataclass

from lnn_control.core.checks import check_number
from lnn_control.liquid import NCPWiring


@dataclass(frozen=True)
class NcpOptions:
    """Sizes of a neural circuit policy (Lechner et al., Nature Machine Intelligence 2020).

    :param num_neurons: motor neurons included.
    :param sparsity: share of possible synapses that the circuit leaves out, 0.1 to 0.9.
    :param wiring_seed: of the random wiring.
    """

    num_neurons: int = 36
    sparsity: float = 0.5
    wiring_seed: int = 1

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, 7, 4096)
        check_number('sparsity', self.sparsity, 0.1, 0.9)

    def make_wiring(self, num_motor: int) -> NCPWiring:
        """Return the wiring with so many motor neurons."""
        return NCPWiring.from_num_neurons(
            num_neurons=self.num_neurons,
            num_motor=num_motor,
            sparsity=self.sparsity,
            seed=self.wiring_seed,
        )
