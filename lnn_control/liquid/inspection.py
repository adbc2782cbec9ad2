# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a layer shows of itself: its synapses, and its activity over a sequence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from lnn_control.liquid.layer import LiquidLayer


@dataclasses.dataclass(frozen=True)
class Synapse:
    """One synapse of a layer.

    :param source: 'input 3', or the kind and number of a neuron such as 'command 7'.
    :param target: Kind and number of a neuron.
    :param polarity: +1 excitatory, -1 inhibitory, as the wiring drew it; 0: own state.
    :param values: The learned numbers by name, in physical units.
    """

    source: str
    target: str
    polarity: int
    values: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Activity:
    """What happened in a layer over a sequence, all (batch, time, …).

    :param states: (…, neurons) after each step.
    :param time_constants: (…, neurons) in seconds: how slowly each neuron forgets, right then. For
        a CfC with a gate, that of the exponential which would have forgotten as much in this step.
    :param currents: (…, synapses) what each synapse contributes, in the order of
        `layer.list_synapses()`. LTC: the current at the new state, positive if it raises it.
        Others: the term in the affine map of the target; where two heads are mixed, mixed as they
        are.
    """

    states: NDArray[np.float32]
    time_constants: NDArray[np.float32]
    currents: NDArray[np.float32]


def list_synapses(layer: LiquidLayer) -> list[Synapse]:
    """Return `layer.list_synapses()`."""
    return layer.list_synapses()


def record_activity(
    layer: LiquidLayer,
    inputs: Tensor,
    state: Tensor | None = None,
    elapsed_time: float | Tensor | None = None,
) -> Activity:
    """Return `layer.record_activity(...)`."""
    return layer.record_activity(inputs, state, elapsed_time)
