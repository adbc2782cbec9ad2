# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Whole LTC sequences with the semi-implicit solver, and their own backward passes.

Written out, one unfold of a neuron is ``v' = (v + gain * current) / (1 + gain * conductance)``.
If its sources are known over the whole sequence, then so are current and conductance, and the
neuron is an affine recursion, solved for all unfolds in a few vector operations. An NCP feeds
forward but for a few recurrent command synapses: sorted into strata, all but those runs at once.

The membrane of a neuron with capacitance C obeys

    C dv/dt = current - conductance v
    current     = leak_current + sum over synapses of current_i s_i
    conductance = leak + sum over synapses of conductance_i s_i
    s_i = sigmoid(slope_i v_i - threshold_i),   how far a synapse is open, v_i its source

and an implicit Euler step of length h in v, with s of the step before and gain = h / C, is the
unfold above (Hasani et al., AAAI 2021, algorithm 1).

Layout: neurons first, batch last, (neurons, time, unfolds, batch), so that a gather of sources
copies whole rows. Moments are time, unfolds and batch as one axis, in `RunLoop` time and unfolds.
In the second axis of sums, drives and weights 0 is the current, 1 the conductance (or load).

    source, slope, threshold  (neurons, fan_in)      synapses onto each neuron, padded
    weight                    (neurons, 2, fan_in)   what each adds when fully open
    opening                   (neurons fan_in, moments)
    fan_out                   (sources, fan_out)     the same synapses by source
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lnn_control.liquid.tables import Stratum, SynapseTable

# A chunk of a table of activations that fits the second-level cache of a processor.
CHUNK_NUMBERS = 131072
# Other devices want few and large operations: 64 MiB of scratch memory.
DEVICE_CHUNK_NUMBERS = 1 << 24
# Up to here a dense product of synapses and neurons is faster than a gather.
LARGEST_MATRIX = 4096


class GatherSynapses(torch.autograd.Function):
    """Currents and conductances that known sources cause: sums of sigmoids over padded fan-ins.

    Works on a cache-sized chunk of moments at a time, in scratch memory. Activations are not kept
    for the backward pass but computed again: that is no slower than fetching them from memory.
    """

    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        source: Tensor,
        fan_out: Tensor,
        fan_out_slope: Tensor,
        back: Tensor,
        slope: Tensor,
        threshold: Tensor,
        weight: Tensor,
    ) -> Tensor:
        """Return (neurons, 2, moments): currents and conductances.

        :param values: (sources, moments).
        :param source: (neurons, fan_in) rows of `values`.
        :param fan_out: (sources, fan_out) the same synapses by source: positions in the flat
            fan-in table. Only for the backward pass, as the next two.
        :param fan_out_slope: (sources, fan_out) their slopes, zero where padded.
        :param back: (neurons, fan_in) positions of the same synapses in the flat fan-out table.
        :param slope: (neurons, fan_in), as is threshold.
        :param weight: (neurons, 2, fan_in), zero where the table is padded.
        """
        # sums[n, k] = sum over f of weight[n, k, f] s[n, f].
        neurons, fan_in = source.shape
        sums = values.new_empty(neurons, 2, values.shape[1])
        for start, stop, opening in _open_in_chunks(values, source, slope, threshold):
            table = opening.view(neurons, fan_in, -1)
            sums[:, :, start:stop] = torch.bmm(weight, table)
        ctx.save_for_backward(
            values, source, fan_out, fan_out_slope, back, slope, threshold, weight
        )
        return sums

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of values, slope, threshold and weight."""
        values, source, fan_out, fan_out_slope, back, slope, threshold, weight = ctx.saved_tensors
        neurons, fan_in = source.shape
        flat_fan_out, spread = fan_out.flatten(), fan_out_slope.unsqueeze(1)
        grad_values = torch.empty_like(values) if ctx.needs_input_grad[0] else None
        grad_weight = torch.zeros_like(weight)
        # Of each source's synapses, the sum of flow times source, and of flow alone.
        grad_slope, grad_shift = torch.zeros_like(fan_out_slope), torch.zeros_like(fan_out_slope)
        backwards = weight.transpose(1, 2)
        for start, stop, opening in _open_in_chunks(values, source, slope, threshold):
            arriving = grad[:, :, start:stop].contiguous()
            table = opening.view(neurons, fan_in, -1)
            # dL/dweight[n, k, f] = sum over moments of grad[n, k] s[n, f].
            grad_weight.add_(torch.bmm(arriving, table.transpose(1, 2)))
            # dL/ds = sum over k of weight[n, k, f] grad[n, k]; times s - s^2 it is the gradient of
            # the argument, slope v - threshold: the flow.
            flow = torch.bmm(backwards, arriving).view(neurons * fan_in, -1)
            flow.mul_(opening.addcmul_(opening, opening, value=-1.0))
            # dL/dv = sum over a source's synapses of slope flow; over moments, dL/dslope is the
            # sum of v flow and dL/dthreshold that of -flow.
            by_source = flow.index_select(0, flat_fan_out).view(*fan_out.shape, -1)
            if grad_values is not None:
                grad_values[:, start:stop] = torch.bmm(spread, by_source).squeeze(1)
            grad_shift.add_(by_source.sum(2))
            grad_slope.add_(by_source.mul_(values[:, start:stop].unsqueeze(1)).sum(2))
        by_target = back.flatten()
        grad_slope = grad_slope.flatten().index_select(0, by_target).view_as(source)
        grad_shift = grad_shift.flatten().index_select(0, by_target).view_as(source)
        return grad_values, None, None, None, None, grad_slope, -grad_shift, grad_weight


def _open_in_chunks(
    values: Tensor, source: Tensor, slope: Tensor, threshold: Tensor
) -> Iterator[tuple[int, int, Tensor]]:
    """Yield ranges of moments with the openings (synapses, moments) in them, to use up at once."""
    flat_source = source.flatten()
    flat_slope, flat_threshold = slope.reshape(-1, 1), threshold.reshape(-1, 1)
    moments = values.shape[1]
    largest = CHUNK_NUMBERS if values.device.type == 'cpu' else DEVICE_CHUNK_NUMBERS
    width = min(moments, max(64, largest // source.numel()))
    scratch = values.new_empty(source.numel() * width)
    for start in range(0, moments, width):
        stop = min(start + width, moments)
        opening = scratch[: source.numel() * (stop - start)].view(source.numel(), -1)
        torch.index_select(values[:, start:stop], 0, flat_source, out=opening)
        # Two calls: addcmul is slow when it broadcasts.
        opening.mul_(flat_slope).sub_(flat_threshold).sigmoid_()
        yield start, stop, opening


class ScanAffine(torch.autograd.Function):
    """The recursion ``v' = factor * v + offset`` over (neurons, time, unfolds, batch)."""

    @staticmethod
    def forward(ctx: Any, factor: Tensor, offset: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """Return v before every unfold (as `offset`) and after the last one (neurons, batch)."""
        before, last = _scan(factor, offset, first)
        ctx.save_for_backward(factor, before)
        return before, last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: Any, grad_before: Tensor, grad_last: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the same recursion in reverse over the gradients.

        With g the gradient of v', that of v is ``factor * g + grad_before``; those of factor and
        offset are ``g * v`` and g.
        """
        factor, before = ctx.saved_tensors
        flow, grad_first = _scan(factor.flip(1, 2), grad_before.flip(1, 2), grad_last)
        grad_offset = flow.flip(1, 2)
        return grad_offset * before, grad_offset, grad_first


def _scan(factor: Tensor, offset: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return v before every unfold and after the last: unfolds side by side, then step by step."""
    # The unfolds of a step compose to one affine map, v -> product v + total.
    unfolds = offset.shape[2]
    product = factor[:, :, 0]
    total = offset[:, :, 0]
    products, totals = [product], [total]
    for index in range(1, unfolds):
        product = product * factor[:, :, index]
        total = torch.addcmul(offset[:, :, index], factor[:, :, index], total)
        products.append(product)
        totals.append(total)
    # That map from step to step; then every unfold from the beginning of its step.
    begin, last = _step_through(product, total, first)
    before = torch.empty_like(offset, memory_format=torch.contiguous_format)
    before[:, :, 0] = begin
    for index in range(1, unfolds):
        torch.addcmul(totals[index - 1], products[index - 1], begin, out=before[:, :, index])
    return before, last


def _step_through(factor: Tensor, offset: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Return v before every step (neurons, time, batch) and after the last one."""
    # Eight steps are to the scan what unfolds are: few long operations instead of many short ones.
    neurons, steps, batch = offset.shape
    if steps > 8 and steps % 8 == 0:
        eights = (neurons, steps // 8, 8, batch)
        before, last = _scan(factor.reshape(eights), offset.reshape(eights), first)
        return before.view(neurons, steps, batch), last
    starts = offset.new_empty(neurons, steps + 1, batch)
    starts[:, 0] = first
    for index in range(steps):
        torch.addcmul(
            offset[:, index], factor[:, index], starts[:, index], out=starts[:, index + 1]
        )
    return starts[:, :-1], starts[:, -1].clone()


class RunLoop(torch.autograd.Function):
    """Neurons that feed each other, unfold by unfold: ``v' = (v + current) / load``.

    Current and load are `drive` plus sums of ``weight * spans * sigmoid(slope * v - threshold)``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        drive: Tensor,
        first: Tensor,
        spans: Tensor | None,
        source: Tensor,
        slope: Tensor,
        threshold: Tensor,
        weight: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return v before every unfold (moments, neurons, batch) and after the last one.

        :param drive: (moments, neurons, 2, batch): current, and load, which is at least one.
        :param first: (neurons, batch).
        :param spans: (moments, 1, batch), time of each unfold; None: already in the weight.
        :param source: (neurons, fan_in), as are slope and threshold; weight (neurons, 2, fan_in).
        """
        moments, neurons, _, batch = drive.shape
        synapses = _choose_synapses(source, slope, weight)
        ratios = drive.clone(memory_format=torch.contiguous_format)
        openings = (-threshold).view(-1, 1).expand(moments, -1, batch).contiguous()
        values = drive.new_empty(moments + 1, neurons, batch)
        values[0] = first
        steps, flat_ratios = values.unbind(0), ratios.flatten(1, 2).unbind(0)
        currents, loads = ratios[:, :, 0].unbind(0), ratios[:, :, 1].unbind(0)
        lengths = None if spans is None else spans.unbind(0)
        # s = sigmoid(slope v - threshold), sums += weight h s, v' = (v + current) / load.
        for index, opening in enumerate(openings.unbind(0)):
            now, new = steps[index], steps[index + 1]
            synapses.approach(opening, now)
            opening.sigmoid_()
            effect = opening if lengths is None else opening * lengths[index]
            synapses.collect(flat_ratios[index], effect)
            torch.add(now, currents[index], out=new).div_(loads[index])
        ctx.save_for_backward(values, openings, ratios, spans, source, slope, weight)
        return values[:-1], values[-1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_before: Tensor, grad_last: Tensor) -> tuple[Tensor | None, ...]:
        """Run the unfolds in reverse; their local derivatives are computed beforehand."""
        values, openings, ratios, spans, source, slope, weight = ctx.saved_tensors
        synapses = _choose_synapses(source, slope, weight)
        # v' = (v + current) / load: dv'/dv = dv'/dcurrent = 1 / load, dv'/dload = -v' / load.
        to_current = torch.reciprocal(ratios[:, :, 1])
        to_load = (to_current * values[1:]).neg_()
        # What a unit of flow out of a synapse's target is to its opening, then to its argument:
        # dv'/ds = h (weight[0] dv'/dcurrent + weight[1] dv'/dload), times s - s^2.
        table = (len(openings), *source.shape, openings.shape[-1])
        to_opening = weight[:, 0].unsqueeze(-1) * to_current.unsqueeze(2)
        to_opening.add_(weight[:, 1].unsqueeze(-1) * to_load.unsqueeze(2))
        local = torch.addcmul(openings, openings, openings, value=-1.0)
        if spans is not None:
            local.mul_(spans)
        tables = local.view(table).mul_(to_opening).unbind(0)
        flow = torch.cat((grad_before, grad_last.unsqueeze(0)))
        flows, wide = flow.unbind(0), flow.unsqueeze(2).unbind(0)
        kept, locals_ = to_current.unbind(0), local.unbind(0)
        # dL/dv = grad_before + dL/dv' / load + sum over the synapses that v feeds of slope times
        # the gradient of their arguments.
        for index in range(len(tables) - 1, -1, -1):
            tables[index].mul_(wide[index + 1])
            flows[index].addcmul_(flows[index + 1], kept[index])
            synapses.approach_back(flows[index], locals_[index])
        # dL/dcurrent = dL/dv' dv'/dcurrent, dL/dload = dL/dv' dv'/dload, (moments, neurons, 2, B).
        drive_flow = torch.stack((to_current, to_load), dim=2).mul_(flow[1:].unsqueeze(2))
        # dv'/dh = sum over synapses of (weight[0] dv'/dcurrent + weight[1] dv'/dload) s.
        grad_spans = None
        if ctx.needs_input_grad[2]:
            to_opening.mul_(flow[1:].unsqueeze(2)).mul_(openings.view(table))
            grad_spans = to_opening.sum((1, 2)).unsqueeze(1)
        # The argument is slope v - threshold: dL/dthreshold is minus the sum of its gradient.
        effect = openings if spans is None else openings * spans
        grad_slope, grad_weight = synapses.sum_gradients(values[:-1], local, drive_flow, effect)
        return (
            drive_flow,
            flow[0],
            grad_spans,
            None,
            grad_slope,
            -local.sum((0, 2)).view_as(slope),
            grad_weight,
        )


class _MatrixSynapses:
    """Few synapses: gathering and summing are small dense products.

    With F = neurons fan_in synapses, `slope` is (F, neurons), filled at [synapse, its source],
    and `weight` (2 neurons, F), at [2 target and 2 target + 1, synapse]; the rest is zero.
    """

    def __init__(self, source: Tensor, slope: Tensor, weight: Tensor) -> None:
        neurons, fan_in = source.shape
        rows = torch.arange(neurons * fan_in, device=source.device)
        self.source, self.neurons = source.flatten(), neurons
        self.slope = slope.new_zeros(neurons * fan_in, neurons)
        self.slope[rows, self.source] = slope.flatten()
        self.weight = weight.new_zeros(neurons, 2, neurons, fan_in)
        each = torch.arange(neurons, device=source.device)
        self.weight[each, :, each] = weight
        self.weight = self.weight.view(2 * neurons, -1)
        self.slope_back = self.slope.t().contiguous()

    def approach(self, out: Tensor, values: Tensor) -> None:
        """Add slope * source to out (synapses, batch)."""
        out.addmm_(self.slope, values)

    def collect(self, out: Tensor, effect: Tensor) -> None:
        """Add the sums of the effects (synapses, batch) to out (2 * neurons, batch)."""
        out.addmm_(self.weight, effect)

    def approach_back(self, out: Tensor, grad: Tensor) -> None:
        """Add the gradient of the sources, slope^T times that of the arguments (F, batch)."""
        out.addmm_(self.slope_back, grad)

    def sum_gradients(
        self, values: Tensor, local: Tensor, drive_flow: Tensor, effect: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients of slope (neurons, fan_in) and weight (neurons, 2, fan_in).

        Over moments and batch, dL/dslope is the sum of v_source times `local`, the gradient of
        the argument, and dL/dweight[n, k, f] that of drive_flow[n, k] h s[n, f]: of the products
        of all with all only these entries are wanted.
        """
        rows = torch.arange(len(self.source), device=local.device)
        grad_slope = _outer(local, values)[rows, self.source].view(self.neurons, -1)
        whole = _outer(drive_flow.flatten(1, 2), effect).view(self.neurons, 2, self.neurons, -1)
        return grad_slope, torch.diagonal(whole, dim1=0, dim2=2).permute(2, 0, 1)


class _TableSynapses:
    """Many synapses: gather rows, sum with a batch of small products.

    The equations are those of `_MatrixSynapses`, over the padded tables as they are.
    """

    def __init__(self, source: Tensor, slope: Tensor, weight: Tensor) -> None:
        self.source, self.slope = source.flatten(), slope.reshape(-1, 1)
        self.weight = weight
        self.shape = source.shape

    def approach(self, out: Tensor, values: Tensor) -> None:
        """Add slope * source to out (synapses, batch)."""
        out.add_(values.index_select(0, self.source).mul_(self.slope))

    def collect(self, out: Tensor, effect: Tensor) -> None:
        """Add the sums of the effects (synapses, batch) to out (2 * neurons, batch)."""
        neurons, fan_in = self.shape
        out.view(neurons, 2, -1).baddbmm_(self.weight, effect.view(neurons, fan_in, -1))

    def approach_back(self, out: Tensor, grad: Tensor) -> None:
        """Add the gradient of the sources to out (neurons, batch)."""
        out.index_add_(0, self.source, grad * self.slope)

    def sum_gradients(
        self, values: Tensor, local: Tensor, drive_flow: Tensor, effect: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients of slope (neurons, fan_in) and weight (neurons, 2, fan_in)."""
        neurons, fan_in = self.shape
        grad_slope = torch.zeros_like(self.slope)
        grad_weight = torch.zeros_like(self.weight)
        for index, grad in enumerate(local.unbind(0)):
            before = values[index].index_select(0, self.source)
            grad_slope.add_(before.mul_(grad).sum(1, keepdim=True))
            table = effect[index].view(neurons, fan_in, -1).transpose(1, 2)
            grad_weight.baddbmm_(drive_flow[index], table)
        return grad_slope.view(self.shape), grad_weight


def _choose_synapses(
    source: Tensor, slope: Tensor, weight: Tensor
) -> _MatrixSynapses | _TableSynapses:
    is_small = source.numel() * len(source) <= LARGEST_MATRIX
    return (_MatrixSynapses if is_small else _TableSynapses)(source, slope, weight)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Return the sum over moments and batch of left (moments, a, batch) times right^T."""
    flat_left = left.transpose(0, 1).reshape(left.shape[1], -1)
    flat_right = right.transpose(0, 1).reshape(right.shape[1], -1)
    return flat_left @ flat_right.t()


class Membranes(NamedTuple):
    """An LTC's parameters in physical units.

    Per neuron: capacitance, leak, leak_current. Synapses: (4, count + 1) with the rows slope,
    threshold, current and conductance when fully open; the last column is zero, for padding.
    """

    capacitance: Tensor
    leak: Tensor
    leak_current: Tensor
    sensory: Tensor
    synapses: Tensor


def run_membranes(
    strata: list[Stratum],
    membranes: Membranes,
    inputs: Tensor,
    state: Tensor,
    time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Return all states (neurons in the order of the strata, time, batch).

    :param inputs: (features, time, batch).
    :param state: (neurons, batch).
    :param time: Elapsed time in time units, a number or (time, batch).
    """
    # An unfold takes h = time / unfolds. Each stratum hears those before it over all unfolds.
    trajectories: list[Tensor] = []
    states = []
    span = time / unfolds
    if isinstance(span, Tensor):
        span = span.unsqueeze(1)
    for stratum in strata:
        earlier = torch.cat(trajectories) if stratum.from_earlier is not None else None
        before, last = _run_stratum(
            stratum,
            membranes,
            inputs,
            earlier,
            state.index_select(0, stratum.neurons),
            span,
            unfolds,
        )
        trajectories.append(before)
        states.append(torch.cat((before[:, 1:, 0], last.unsqueeze(1)), dim=1))
    return torch.cat(states)


def _run_stratum(
    stratum: Stratum,
    membranes: Membranes,
    inputs: Tensor,
    earlier: Tensor | None,
    first: Tensor,
    span: float | Tensor,
    unfolds: int,
) -> tuple[Tensor, Tensor]:
    """Return v before every unfold (neurons, time, unfolds, batch) and after the last one."""
    _, steps, batch = inputs.shape
    neurons = stratum.neurons
    # What is known of current and conductance before any unfold: leak, inputs, earlier strata.
    # Not written as an index, whose gradient a GPU would have to sort.
    own = (membranes.leak_current, membranes.leak, membranes.capacitance)
    leak_current, leak, capacitance = (each.index_select(0, neurons) for each in own)
    rest = torch.stack((leak_current, leak), dim=1)
    sums = rest.view(len(neurons), 2, 1, 1, 1)
    if stratum.from_inputs is not None:
        found = _gather(inputs.flatten(1), membranes.sensory, stratum.from_inputs)
        sums = sums + found.view(len(neurons), 2, steps, 1, batch)
    if stratum.from_earlier is not None and earlier is not None:
        found = _gather(earlier.flatten(1), membranes.synapses, stratum.from_earlier)
        sums = sums + found.view(len(neurons), 2, steps, unfolds, batch)
    capacitance = capacitance.view(-1, 1, 1, 1)
    gain = span / capacitance
    full = (len(neurons), steps, unfolds, batch)
    # Nobody here hears each other: v' = v / (1 + gain G) + gain I / (1 + gain G), an affine map.
    if stratum.from_loop is None:
        factor = 1.0 / (1.0 + gain * sums[:, 1])
        offset = gain * sums[:, 0] * factor
        return ScanAffine.apply(factor.expand(full), offset.expand(full), first)
    # Else unfold by unfold, with h / C of the loop's own synapses in weight and spans.
    drive = torch.stack((gain * sums[:, 0], 1.0 + gain * sums[:, 1]), dim=1)
    drive = drive.expand(len(neurons), 2, *full[1:]).permute(2, 3, 0, 1, 4).flatten(0, 1)
    slope, threshold, weight = _look_up(membranes.synapses, stratum.from_loop)
    if isinstance(span, Tensor):
        weight = weight / capacitance.view(-1, 1, 1)
        spans = span.expand(steps, unfolds, batch).reshape(-1, 1, batch)
    else:
        weight, spans = weight * gain.view(-1, 1, 1), None
    source = stratum.from_loop.source
    before, last = RunLoop.apply(drive, first, spans, source, slope, threshold, weight)
    return before.permute(1, 0, 2).view(full), last


def _gather(values: Tensor, parameters: Tensor, table: SynapseTable) -> Tensor:
    slope, threshold, weight = _look_up(parameters, table)
    spread = parameters[0].detach()[table.fan_out_synapse]
    return GatherSynapses.apply(
        values, table.source, table.fan_out, spread, table.back, slope, threshold, weight
    )


def _look_up(parameters: Tensor, table: SynapseTable) -> tuple[Tensor, Tensor, Tensor]:
    """Return slope and threshold (neurons, fan_in) and weight (neurons, 2, fan_in)."""
    found = parameters.index_select(1, table.synapse.flatten()).view(4, *table.synapse.shape)
    return found[0], found[1], found[2:].transpose(0, 1)
