# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Single steps without gradients, for running a policy: few operations, no allocations.

A step unpacks the parameters into the form that its equations want and keeps that form. Before
each step it compares the parameters, value by value, with those it unpacked, so a changed one is
always seen, however it was changed. Buffers belong to one thread.

The equations are those of `wavefront` and `membranes`; B is the batch, I inputs, N neurons, M
synapses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

Step = TypeVar('Step', 'CfCStep', 'LTCStep')


class StepStore(threading.local, Generic[Step]):
    """Where a layer keeps its step, one for each thread; a copied layer starts with none."""

    step: Step | None = None

    def find(self, values: Tensor, batch: int, make: Callable[[Tensor, int], Step]) -> Step:
        """Return the step kept, or a new one where batch size or parameters are others.

        :param values: The layer's parameters in one vector.
        :param make: Makes a step of a copy of the values, for a batch size.
        """
        step = self.step
        if step is None or step.batch != batch or not _is_same(step.values, values):
            # Buffers made in inference mode could not be written outside of it.
            with torch.inference_mode(False), torch.no_grad():
                step = self.step = make(values.clone(), batch)
        return step

    def __deepcopy__(self, memo: dict[int, Any]) -> StepStore[Step]:
        return StepStore()

    def __reduce__(self) -> tuple[type[StepStore[Step]], tuple[()]]:
        return StepStore, ()


def _is_same(kept: Tensor, values: Tensor) -> bool:
    """Return whether two vectors hold the same numbers in the same place and precision."""
    return (
        kept.device == values.device and kept.dtype == values.dtype and torch.equal(kept, values)
    )


class CfCStep:
    """One step of a layered CfC of mode 'default', for a fixed batch size.

    A mix of two tanh is computed as ``2 * mix of sigmoids - 1``, so that one call serves the heads
    and the gate. What is known when the step begins, inputs and states, is one matrix product:

        heads (B, 4 N) = bias (4 N) + [inputs, state] (B, I + N) weight (I + N, 4 N)
        e, l, g = sigmoid(2 E), sigmoid(2 L), sigmoid(slope t + offset)
        mix (B, N) = e + g (l - e),   state' = 2 mix - 1

    The columns of a layer of n neurons are n slopes, n early, n late and n offsets.

    :param values: The layer's parameters in one vector, to notice when they change.
    :param blocks: For each layer of the circuit: its first and last neuron, weight (4 * neurons,
        sources) and bias (4 * neurons) of the heads early, late, slope, offset.
    """

    def __init__(
        self,
        values: Tensor,
        blocks: list[tuple[int, int, Tensor, Tensor]],
        num_inputs: int,
        batch: int,
    ) -> None:
        self.values, self.batch = values, batch
        neurons = sum(stop - start for start, stop, _, _ in blocks)
        self.sources = values.new_zeros(batch, num_inputs + neurons)
        self.mixes = values.new_zeros(batch, neurons)
        self.minus_one = values.new_full((batch, neurons), -1.0)
        self.heads = values.new_zeros(batch, 4 * neurons)
        self.weight = values.new_zeros(num_inputs + neurons, 4 * neurons)
        self.bias = values.new_zeros(4 * neurons)
        self.layers: list[tuple[Any, ...]] = []
        column = 0
        signal: Tensor | None = None
        for start, stop, weight, bias in blocks:
            weight, bias = _double_direct(weight), _double_direct(bias)
            size = stop - start
            split = weight.shape[1] - size
            columns = slice(column, column + 4 * size)
            from_signal: Tensor | None = None
            if signal is None:
                self.weight[:num_inputs, columns] = weight[:, :split].t()
            else:
                # W state' of the layer before = 2 W mix - W 1, known only during the step.
                from_signal = (2.0 * weight[:, :split]).t().contiguous()
                bias = bias - weight[:, :split].sum(1)
            self.weight[num_inputs + start : num_inputs + stop, columns] = weight[:, split:].t()
            self.bias[columns] = bias
            heads = self.heads[:, columns]
            slope, early, late, gate = heads.chunk(4, dim=1)
            mix = self.mixes[:, start:stop]
            self.layers.append(
                (signal, from_signal, heads, slope, gate, heads[:, size:], early, late, mix)
            )
            column, signal = column + 4 * size, mix

    def run(self, inputs: Tensor, state: Tensor, time: float | Tensor) -> Tensor:
        """Return the new state (batch, neurons); time is a number or (batch, 1)."""
        torch.cat((inputs, state), dim=1, out=self.sources)
        torch.addmm(self.bias, self.sources, self.weight, out=self.heads)
        for signal, from_signal, heads, slope, gate, active, early, late, mix in self.layers:
            if signal is not None:
                heads.addmm_(signal, from_signal)
            if isinstance(time, float):
                gate.add_(slope, alpha=time)
            else:
                gate.addcmul_(slope, time)
            active.sigmoid_()
            torch.lerp(early, late, gate, out=mix)
        return torch.add(self.minus_one, self.mixes, alpha=2.0)


def _double_direct(heads: Tensor) -> Tensor:
    """Return the heads slope, twice early, twice late, offset."""
    early, late, slope, offset = heads.chunk(4)
    return torch.cat((slope, 2.0 * early, 2.0 * late, offset))


class LTCStep:
    """One step of an LTC with the semi-implicit solver, for a fixed batch size.

    Neurons are split into those that others feed and the rest, whose conductances stay the same
    over all unfolds. With inertia c = C unfolds / time an unfold is

        v' = (c v + current) / (c + conductance)
           = push + keep v,   push = current / load, keep = c / load, load = c + conductance

    the second line with the same push and keep in all unfolds where nobody feeds a neuron. The
    currents and conductances of M synapses are one product, openings (B, M) times matrix (M, 2 N),
    each synapse's current in the first half of its row and its conductance in the second.

    :param values: The layer's parameters in one vector, to notice when they change.
    :param sensory: Rows slope, threshold, current, conductance of the synapses from inputs.
    :param sensory_ends: Source and target of each.
    :param synapses: The same between neurons, with `synapse_ends`.
    """

    def __init__(
        self,
        values: Tensor,
        capacitance: Tensor,
        rest: tuple[Tensor, Tensor],
        sensory: Tensor,
        sensory_ends: tuple[Tensor, Tensor],
        synapses: Tensor,
        synapse_ends: tuple[Tensor, Tensor],
        batch: int,
    ) -> None:
        self.values, self.batch = values, batch
        neurons = len(capacitance)
        # The neurons that are fed come first: what they need in every unfold is one block.
        source, target = synapse_ends
        is_fed = torch.zeros(neurons, dtype=torch.bool, device=target.device)
        is_fed[target] = True
        order = torch.argsort(is_fed.logical_not().to(torch.int8), stable=True)
        place = torch.argsort(order)
        identity = torch.arange(neurons, device=order.device)
        self.order = None if torch.equal(order, identity) else order
        self.place = place
        self.num_fed = int(is_fed.sum())
        # Synapses from the inputs: opening (B, M) times matrix (M, 2 N) is current, conductance.
        self.capacitance = capacitance[order]
        self.sensory_source = sensory_ends[0]
        self.sensory_slope, self.sensory_threshold = sensory[0], -sensory[1]
        self.sensory_matrix = _scatter(sensory, place[sensory_ends[1]], neurons)
        self.rest = torch.cat((rest[0][order], rest[1][order]))
        # Those between neurons likewise. Gathering their sources is a product while that is small.
        self.source = place[source]
        self.slope, self.threshold = synapses[0], -synapses[1]
        self.matrix = _scatter(synapses, place[target], self.num_fed)
        self.gather = None
        if neurons * len(source) <= 65536:
            self.gather = self.slope.new_zeros(neurons, len(source))
            self.gather[self.source, torch.arange(len(source))] = self.slope
        self.voltages = values.new_zeros(batch, neurons)
        self.openings = values.new_zeros(batch, len(source))
        self.sums = values.new_zeros(batch, 2 * self.num_fed)

    def run(self, inputs: Tensor, state: Tensor, time: float, unfolds: int) -> Tensor:
        """Return the new state (batch, neurons); time is not zero."""
        fed, voltages, openings, sums = self.num_fed, self.voltages, self.openings, self.sums
        # Before the unfolds: what inputs and leak add to current and load.
        before = inputs.index_select(1, self.sensory_source)
        opening = torch.addcmul(self.sensory_threshold, before, self.sensory_slope).sigmoid_()
        current, load = torch.addmm(self.rest, opening, self.sensory_matrix).chunk(2, dim=1)
        inertia = self.capacitance * (unfolds / time)
        load = load + inertia
        if self.order is None:
            voltages.copy_(state)
        else:
            torch.index_select(state, 1, self.order, out=voltages)
        # The unfolds: s = sigmoid(slope v - threshold), then v' as above, fed and free apart.
        keep, push = (inertia / load)[:, fed:], (current / load)[:, fed:]
        drive = torch.cat((current[:, :fed], load[:, :fed]), dim=1)
        fed_voltages, free_voltages = voltages.split((fed, voltages.shape[1] - fed), dim=1)
        fed_current, fed_load = sums.chunk(2, dim=1)
        inertia = inertia[:fed]
        for _ in range(unfolds):
            if self.gather is not None:
                torch.addmm(self.threshold, voltages, self.gather, out=openings)
            else:
                torch.index_select(voltages, 1, self.source, out=openings)
                torch.addcmul(self.threshold, openings, self.slope, out=openings)
            openings.sigmoid_()
            torch.addmm(drive, openings, self.matrix, out=sums)
            fed_current.addcmul_(fed_voltages, inertia)
            torch.div(fed_current, fed_load, out=fed_voltages)
            torch.addcmul(push, keep, free_voltages, out=free_voltages)
        return voltages.clone() if self.order is None else voltages.index_select(1, self.place)


def _scatter(synapses: Tensor, target: Tensor, neurons: int) -> Tensor:
    """Return (synapses, 2 * neurons): what each adds to the currents, then to the conductances."""
    matrix = synapses.new_zeros(synapses.shape[1], 2 * neurons)
    rows = torch.arange(synapses.shape[1], device=synapses.device)
    matrix[rows, target] = synapses[2]
    matrix[rows, target + neurons] = synapses[3]
    return matrix
