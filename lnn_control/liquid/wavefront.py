# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A layered CfC over a whole sequence, as a wavefront with its own backward pass.

Layer l needs layer l - 1 of the same step and itself of the step before. So all layers can work at
once if layer l is l steps late: beat s computes layer l at step s - l, and everything it reads was
computed at beat s - 1. One matrix product a beat then serves all layers. The backward pass runs
the beats in reverse with two operations each, because all local derivatives follow from the saved
activations in one go beforehand, and the gradients of the weights in one product afterwards.

A neuron that hears z (layer before, own layer) has the heads E = W_e z + b_e, L = W_l z + b_l and
the gate G = (W_a z + b_a) t + W_c z + b_c, slope times elapsed time plus offset. Its new state is

    default   tanh(E) (1 - sigmoid(G)) + tanh(L) sigmoid(G)
    no_gate   tanh(E) + tanh(L) sigmoid(G)
    pure      A (1 - f exp(-(|r| + |f|) t)),   f = W z + b, amplitude A, rate r

(Hasani et al., Nature Machine Intelligence 2022). Shapes, with B batch, T steps, L layers, N
neurons of all layers, S = T + L - 1 beats, I inputs and H heads a neuron, which are f alone where
pure, else early, late, gate, or slope, early, late, offset where samples have times of their own:

    rows        (T B, I)         inputs, step by step
    from_inputs (H n, I)         weight of the first layer's n neurons on the inputs
    recurrent   (N, H N)         weight of one beat, zero where nothing is heard
    bias        (H, N)
    heads       (S, B, H, N)     affine heads, then activations, in place
    values      (S + 1, B, N)    what states follow from, before every beat and after the last
    flow        (S, B, N)        gradient of the loss by values[1:]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class WavePlan(NamedTuple):
    """Neuron ranges (start, stop) of the layers in the order of signals, and the neuron's mode."""

    layers: tuple[tuple[int, int], ...]
    mode: str
    num_inputs: int

    @property
    def num_neurons(self) -> int:
        """How many neurons there are in all layers."""
        return max(stop for _, stop in self.layers)

    @property
    def scale(self) -> float:
        """How states follow from what the beats compute: ``state = scale * value + 1 - scale``.

        The default mode mixes two tanh. It computes with sigmoids instead, ``tanh(x) = 2
        sigmoid(2x) - 1``: they are faster, and one call serves them and the gate.
        """
        return 2.0 if self.mode == 'default' else 1.0

    @property
    def delay(self) -> int:
        """How many beats the last layer is late."""
        return len(self.layers) - 1


def run_wavefront(
    plan: WavePlan,
    inputs: Tensor,
    state: Tensor,
    time: float | Tensor,
    mask: Tensor | None,
    blocks: list[tuple[Tensor, Tensor]],
    limits: tuple[Tensor, Tensor] | None,
    num_shown: int,
) -> tuple[Tensor, Tensor]:
    """Return the first `num_shown` states of every step, and all states of the last step.

    :param inputs: (batch, time, num_inputs).
    :param state: (batch, neurons).
    :param time: Elapsed time in time units, a number or (batch, time).
    :param mask: (batch, time), False where the state must pass through.
    :param blocks: For each layer the weight (heads * neurons, sources) and bias (heads * neurons);
        sources are the layer before (or the inputs), then the layer itself.
    :param limits: Rate and amplitude of each neuron; mode 'pure' only.
    :return: (batch, time, num_shown) and (batch, neurons).
    """
    if plan.mode != 'pure':
        blocks = [
            (_arrange(plan, weight, time), _arrange(plan, bias, time)) for weight, bias in blocks
        ]
    rate, amplitude = limits if limits is not None else (None, None)
    flat = [part for block in blocks for part in block]
    return _Wavefront.apply(plan, num_shown, inputs, state, time, mask, rate, amplitude, *flat)


def _arrange(plan: WavePlan, heads: Tensor, time: float | Tensor) -> Tensor:
    """Return heads (early, late, gate), with the slope of the gate before them if times differ.

    One time for all makes the gate a single affine map. Doubling turns a tanh into a sigmoid.
    """
    size = len(heads) // 4
    direct, slope, offset = heads.split((2 * size, size, size))
    if plan.scale != 1.0:
        direct = plan.scale * direct
    if isinstance(time, Tensor):
        return torch.cat((slope, direct, offset))
    return torch.cat((direct, torch.add(offset, slope, alpha=time)))


class _Wavefront(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        plan: WavePlan,
        num_shown: int,
        inputs: Tensor,
        state: Tensor,
        time: float | Tensor,
        mask: Tensor | None,
        rate: Tensor | None,
        amplitude: Tensor | None,
        *blocks: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Run all beats; see :func:`run_wavefront`."""
        # All heads begin as bias; those of the first layer also hear the inputs, known beforehand.
        batch, steps, _ = inputs.shape
        beats = steps + plan.delay
        rows = inputs.transpose(0, 1).reshape(steps * batch, -1)
        from_inputs = blocks[0][:, : plan.num_inputs]
        recurrent, bias = _assemble(plan, blocks)
        heads = bias.expand(beats, batch, *bias.shape).contiguous()
        start, stop = plan.layers[0]
        drive = torch.mm(rows, from_inputs.t()).view(steps, batch, len(bias), stop - start)
        heads[:steps, :, :, start:stop] += drive
        # From state to value: state = scale * value + 1 - scale, solved for the value.
        waved_time = _delay(plan, time) if isinstance(time, Tensor) else time
        waved_mask = None if mask is None else _delay(plan, mask)
        values = heads.new_empty(beats + 1, batch, plan.num_neurons)
        values[0] = (state + (plan.scale - 1.0)) / plan.scale
        _run_beats(plan, heads, values, recurrent, waved_time, waved_mask, rate, amplitude)
        ctx.plan, ctx.num_shown = plan, num_shown
        ctx.time = None if isinstance(time, Tensor) else time
        saved_time = waved_time if isinstance(time, Tensor) else None
        ctx.save_for_backward(
            rows, heads, values, recurrent, from_inputs, saved_time, waved_mask, rate, amplitude
        )
        # Each layer's values at its own steps, and back from values to states.
        shown, final = _undelay(plan, values[1:], steps, num_shown)
        if plan.scale != 1.0:
            shown.mul_(plan.scale).sub_(plan.scale - 1.0)
            final.mul_(plan.scale).sub_(plan.scale - 1.0)
        return shown.transpose(0, 1), final

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_shown: Tensor, grad_final: Tensor) -> tuple[Tensor | None, ...]:
        """Run all beats in reverse, a chunk of them at a time."""
        rows, heads, values, recurrent, from_inputs, time, mask, rate, amplitude = (
            ctx.saved_tensors
        )
        plan: WavePlan = ctx.plan
        flow = _delay_grad(plan, grad_shown.transpose(0, 1), grad_final, len(heads))
        reverse = _Reverse(
            plan,
            heads,
            values,
            flow,
            recurrent.t().contiguous(),
            rows.view(-1, heads.shape[1], plan.num_inputs),
            from_inputs,
            ctx.time if time is None else time,
            None if mask is None else ~mask,
            rate,
            amplitude,
        )
        grad_inputs = torch.empty_like(rows) if ctx.needs_input_grad[2] else None
        grad_time = torch.empty_like(flow) if ctx.needs_input_grad[4] else None
        sums = reverse.run(grad_inputs, grad_time)
        if grad_inputs is not None:
            grad_inputs = grad_inputs.view(-1, heads.shape[1], plan.num_inputs).transpose(0, 1)
        # All neurons share the time of a step: dL/dt is the sum of theirs, each at its own beat.
        if grad_time is not None:
            shown, _ = _undelay(plan, grad_time, len(heads) - plan.delay, plan.num_neurons)
            grad_time = shown.sum(-1).t()
        # values[0] = (state + scale - 1) / scale, so dL/dstate = dL/dvalues[0] / scale.
        return (
            None,
            None,
            grad_inputs,
            reverse.grad_state / plan.scale,
            grad_time,
            None,
            sums.rate,
            sums.amplitude,
            *sums.blocks(plan),
        )


def _assemble(plan: WavePlan, blocks: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return the product of one beat (neurons, heads * neurons) and the bias (heads, neurons)."""
    neurons = plan.num_neurons
    start, stop = plan.layers[0]
    num_heads = len(blocks[1]) // (stop - start)
    recurrent = blocks[0].new_zeros(neurons, num_heads, neurons)
    bias = blocks[0].new_empty(num_heads, neurons)
    for layer, (start, stop) in enumerate(plan.layers):
        weight = blocks[2 * layer].view(num_heads, stop - start, -1).permute(2, 0, 1)
        bias[:, start:stop] = blocks[2 * layer + 1].view(num_heads, -1)
        split = weight.shape[0] - (stop - start)
        # W state = scale W value - (scale - 1) W 1: the last term belongs to the bias. The first
        # layer's sources before `split` are inputs, which are no states.
        if plan.scale != 1.0:
            of_states = weight if layer > 0 else weight[split:]
            bias[:, start:stop] -= (plan.scale - 1.0) * of_states.sum(0)
        recurrent[start:stop, :, start:stop] = weight[split:]
        if layer > 0:
            before, until = plan.layers[layer - 1]
            recurrent[before:until, :, start:stop] = weight[:split]
    return (plan.scale * recurrent).view(neurons, -1), bias


def _delay(plan: WavePlan, values: Tensor) -> Tensor:
    """Return values (batch, time) as each neuron meets them, (beats, batch, neurons)."""
    values = values.t().unsqueeze(-1)
    steps, batch, _ = values.shape
    waved = values.new_zeros(steps + plan.delay, batch, plan.num_neurons)
    for late, (start, stop) in enumerate(plan.layers):
        waved[late : late + steps, :, start:stop] = values
    return waved


def _delay_grad(plan: WavePlan, grad_shown: Tensor, grad_final: Tensor, beats: int) -> Tensor:
    """Return the gradient of what was handed out as that of the values (beats, batch, neurons).

    As state = scale * value + 1 - scale, dL/dvalue = scale dL/dstate.
    """
    steps, batch, num_shown = grad_shown.shape
    flow = grad_shown.new_zeros(beats, batch, plan.num_neurons)
    for late, (start, stop) in enumerate(plan.layers):
        stop_shown = min(stop, num_shown)
        if start < stop_shown:
            flow[late : late + steps, :, start:stop_shown] = grad_shown[:, :, start:stop_shown]
        flow[late + steps - 1, :, start:stop] += grad_final[:, start:stop]
    return flow if plan.scale == 1.0 else flow.mul_(plan.scale)


def _undelay(plan: WavePlan, waved: Tensor, steps: int, num_shown: int) -> tuple[Tensor, Tensor]:
    """Return (time, batch, num_shown) and (batch, neurons) of waved (beats, batch, neurons)."""
    shown = waved.new_empty(steps, waved.shape[1], num_shown)
    final = waved.new_empty(waved.shape[1:])
    for late, (start, stop) in enumerate(plan.layers):
        stop_shown = min(stop, num_shown)
        if start < stop_shown:
            shown[:, :, start:stop_shown] = waved[late : late + steps, :, start:stop_shown]
        final[:, start:stop] = waved[late + steps - 1, :, start:stop]
    return shown, final


def _run_beats(
    plan: WavePlan,
    heads: Tensor,
    values: Tensor,
    recurrent: Tensor,
    time: float | Tensor,
    mask: Tensor | None,
    rate: Tensor | None,
    amplitude: Tensor | None,
) -> None:
    """Fill `values` from the first one on; `heads` turn from drive into activations."""
    moments = values.unbind(0)
    flat_heads = heads.flatten(2).unbind(0)
    masks = None if mask is None else mask.unbind(0)
    run_beat = _choose_beat(plan, heads, time, rate, amplitude)
    for beat, flat in enumerate(flat_heads):
        now, new = moments[beat], moments[beat + 1]
        # heads[s] += values[s] W, for all layers at once; then the neuron's own equation.
        flat.addmm_(now, recurrent)
        run_beat(beat, new)
        if masks is not None:
            torch.where(masks[beat], new, now, out=new)
        if beat < plan.delay:
            # Before its first beat a layer just holds the first state.
            for start, stop in plan.layers[beat + 1 :]:
                new[:, start:stop] = now[:, start:stop]


def _choose_beat(
    plan: WavePlan,
    heads: Tensor,
    time: float | Tensor,
    rate: Any,
    amplitude: Any,
) -> Callable[[int, Tensor], None]:
    """Return a function (beat, out) that turns the affine heads of a beat into new states.

    It works in place: the heads then hold activations, for the backward pass.
    """
    if plan.mode == 'pure':
        lasting = rate.abs()

        # v = A (1 - f exp(-(|r| + |f|) t))
        def run_pure(beat: int, out: Tensor) -> None:
            value = heads[beat, :, 0]
            now = time[beat] if isinstance(time, Tensor) else time
            decay = torch.exp(-(lasting + value.abs()) * now)
            torch.mul(amplitude, 1.0 - decay * value, out=out)

        return run_pure
    width = plan.num_neurons
    flat = heads.flatten(2)
    slopes: Any = None
    moments: Any = None
    if isinstance(time, Tensor):
        slopes, moments = flat[:, :, :width].unbind(0), time.unbind(0)
    active, gates = flat[:, :, -3 * width :].unbind(0), flat[:, :, -width:].unbind(0)
    early = flat[:, :, -3 * width : -2 * width].unbind(0)
    late = flat[:, :, -2 * width : -width].unbind(0)

    # G = slope t + offset; e, l, g = sigmoid(E, L, G); v = e + g (l - e).
    def run_default(beat: int, out: Tensor) -> None:
        if slopes is not None:
            gates[beat].addcmul_(slopes[beat], moments[beat])
        active[beat].sigmoid_()
        torch.lerp(early[beat], late[beat], gates[beat], out=out)

    # v = tanh(E) + tanh(L) sigmoid(G).
    def run_no_gate(beat: int, out: Tensor) -> None:
        if slopes is not None:
            gates[beat].addcmul_(slopes[beat], moments[beat])
        gates[beat].sigmoid_()
        early[beat].tanh_()
        late[beat].tanh_()
        torch.addcmul(early[beat], late[beat], gates[beat], out=out)

    return run_default if plan.mode == 'default' else run_no_gate


class _Sums(NamedTuple):
    """The gradients that all beats add to."""

    recurrent: Tensor
    bias: Tensor
    from_inputs: Tensor
    rate: Any
    amplitude: Any

    def blocks(self, plan: WavePlan) -> list[Tensor]:
        """Return the gradients of each layer's weight and bias."""
        neurons = plan.num_neurons
        recurrent, num_heads = self.recurrent, len(self.bias) // neurons
        # By W of scale W value - (scale - 1) W 1, the reverse of what `_assemble` did.
        if plan.scale != 1.0:
            recurrent = (plan.scale * recurrent).sub_(self.bias, alpha=plan.scale - 1.0)
        recurrent, bias = recurrent.view(neurons, num_heads, -1), self.bias.view(num_heads, -1)
        start, stop = plan.layers[0]
        sources = self.from_inputs.view(num_heads, stop - start, -1).permute(2, 0, 1)
        grads = []
        for layer, (start, stop) in enumerate(plan.layers):
            weight = torch.cat((sources, recurrent[start:stop, :, start:stop]))
            grads.append(weight.permute(1, 2, 0).reshape(num_heads * (stop - start), -1))
            grads.append(bias[:, start:stop].reshape(-1))
            if layer < plan.delay:
                begin, end = plan.layers[layer + 1]
                sources = recurrent[start:stop, :, begin:end]
        return grads


class _Reverse:
    """The beats in reverse. `flow`, the gradient of the values, is completed in place."""

    # So many beats keep their scratch memory in the second-level cache of a processor.
    chunk = 16

    def __init__(
        self,
        plan: WavePlan,
        heads: Tensor,
        values: Tensor,
        flow: Tensor,
        backwards: Tensor,
        rows: Tensor,
        from_inputs: Tensor,
        time: float | Tensor,
        keep: Tensor | None,
        rate: Any,
        amplitude: Any,
    ) -> None:
        self.plan, self.heads, self.values, self.flow = plan, heads, values, flow
        self.backwards, self.rows, self.from_inputs = backwards, rows, from_inputs
        self.time, self.keep, self.rate, self.amplitude = time, keep, rate, amplitude
        self.grad_state = torch.zeros_like(flow[0])

    def run(self, grad_inputs: Tensor | None, grad_time: Tensor | None) -> _Sums:
        """Return the gradients of the parameters; fill those of inputs and time if wanted."""
        beats, batch, num_heads, neurons = self.heads.shape
        scratch = self.heads.new_empty(self.chunk, batch, num_heads, neurons)
        sums = _Sums(
            recurrent=self.heads.new_zeros(neurons, num_heads * neurons),
            bias=self.heads.new_zeros(num_heads * neurons),
            from_inputs=torch.zeros_like(self.from_inputs),
            rate=None if self.rate is None else torch.zeros_like(self.rate),
            amplitude=None if self.amplitude is None else torch.zeros_like(self.amplitude),
        )
        for stop in range(beats, 0, -self.chunk):
            start = max(0, stop - self.chunk)
            slopes = self._slopes(start, stop, scratch[: stop - start])
            self._flow_back(start, stop, slopes)
            # `slopes` are now gradients of the heads. Of the product's weight it is the sum over
            # beats of values[s]^T head_flow[s], of the bias that of head_flow[s].
            flat = slopes.view(-1, num_heads * neurons)
            sums.recurrent.addmm_(self.values[start:stop].view(-1, neurons).t(), flat)
            sums.bias.add_(flat.sum(0))
            self._reach_inputs(start, stop, slopes, sums.from_inputs, grad_inputs)
            if self.plan.mode == 'pure' or grad_time is not None:
                self._reach_limits(start, stop, slopes, sums, grad_time)
        return sums

    def _slopes(self, start: int, stop: int, out: Tensor) -> Tensor:
        """Return dv/dhead of some beats, (beats, B, H, N), zero where v stayed as it was."""
        time = self.time[start:stop] if isinstance(self.time, Tensor) else self.time
        _local_slopes(self.plan, self.heads[start:stop], time, self.rate, self.amplitude, out)
        if self.keep is not None:
            out.masked_fill_(self.keep[start:stop].unsqueeze(2), 0.0)
        for late, (begin, end) in enumerate(self.plan.layers):
            if start < late:
                out[: late - start, :, :, begin:end] = 0.0
        return out

    def _flow_back(self, start: int, stop: int, slopes: Tensor) -> None:
        """Turn `slopes` into the gradient of the heads, beat by beat.

        head_flow[s] = flow[s] * dv/dhead, and flow[s - 1] += head_flow[s] W^T; where a value
        stayed as it was, by mask or before a layer's first beat, flow[s - 1] += flow[s].
        """
        flow, plan = self.flow, self.plan
        before = self.grad_state if start == 0 else flow[start - 1]
        targets = (before, *flow[start:stop].unbind(0))
        wide, moments = flow[start:stop].unsqueeze(2).unbind(0), slopes.unbind(0)
        flat = slopes.flatten(2).unbind(0)
        kept = None if self.keep is None else self.keep[start:stop].to(flow.dtype).unbind(0)
        for index in range(stop - start - 1, -1, -1):
            moments[index].mul_(wide[index])
            targets[index].addmm_(flat[index], self.backwards)
            if kept is not None:
                targets[index].addcmul_(targets[index + 1], kept[index])
            elif start + index < plan.delay:
                for begin, end in plan.layers[start + index + 1 :]:
                    targets[index][:, begin:end] += targets[index + 1][:, begin:end]

    def _reach_inputs(
        self, start: int, stop: int, head_flow: Tensor, weight: Tensor, inputs: Tensor | None
    ) -> None:
        """Add the gradient of the inputs' weight, head_flow^T rows; set theirs, head_flow W."""
        stop = min(stop, len(self.rows))
        if stop <= start:
            return
        begin, end = self.plan.layers[0]
        first = head_flow[: stop - start, :, :, begin:end].reshape(-1, weight.shape[0])
        rows = self.rows[start:stop].flatten(0, 1)
        weight.addmm_(first.t(), rows)
        if inputs is not None:
            batch = self.rows.shape[1]
            torch.mm(first, self.from_inputs, out=inputs[start * batch : stop * batch])

    def _reach_limits(
        self, start: int, stop: int, head_flow: Tensor, sums: _Sums, grad_time: Any
    ) -> None:
        """Add the gradients of time, rate and amplitude.

        With a gate dG/dt is the slope. Pure, with D = exp(-(|r| + |f|) t): dv/dA = 1 - D f,
        dv/dr = A D f t sign(r), dv/dt = A D f (|r| + |f|).
        """
        heads = self.heads[start:stop]
        if self.plan.mode != 'pure':
            torch.mul(head_flow[:, :, -1], heads[:, :, 0], out=grad_time[start:stop])
            return
        moved = self.flow[start:stop].clone()
        if self.keep is not None:
            moved.masked_fill_(self.keep[start:stop], 0.0)
        for late, (begin, end) in enumerate(self.plan.layers):
            if start < late:
                moved[: late - start, :, begin:end] = 0.0
        time = self.time[start:stop] if isinstance(self.time, Tensor) else self.time
        value = heads[:, :, 0]
        speed = self.rate.abs() + value.abs()
        left = torch.exp(-speed * time) * value
        sums.amplitude.add_((moved * (1.0 - left)).sum((0, 1)))
        moved = moved * self.amplitude * left
        sums.rate.add_((moved * time).sum((0, 1)) * self.rate.sign())
        if grad_time is not None:
            torch.mul(moved, speed, out=grad_time[start:stop])


def _local_slopes(
    plan: WavePlan,
    heads: Tensor,
    time: float | Tensor,
    rate: Any,
    amplitude: Any,
    out: Tensor,
) -> None:
    """Write the derivative of each new value with respect to each of its affine heads."""
    # dv/df = -A D (1 - t |f|), as d|f|/df f = |f|.
    if plan.mode == 'pure':
        value = heads[:, :, 0]
        decay = torch.exp(-(rate.abs() + value.abs()) * time)
        torch.mul(-amplitude * decay, 1.0 - time * value.abs(), out=out[:, :, 0])
        return
    early, late, gate = heads[:, :, -3], heads[:, :, -2], heads[:, :, -1]
    to_early, to_late, to_gate = out[:, :, -3], out[:, :, -2], out[:, :, -1]
    if plan.mode == 'default':
        # All three are sigmoids s, with the derivative s - s^2:
        # dv/dE = (e - e^2) (1 - g), dv/dL = (l - l^2) g, dv/dG = (g - g^2) (l - e).
        torch.addcmul(heads, heads, heads, value=-1.0, out=out)
        to_early.addcmul_(to_early, gate, value=-1.0)
        to_late.mul_(gate)
        to_gate.mul_(late - early)
    else:
        # dv/dE = 1 - e^2, dv/dL = (1 - l^2) g, dv/dG = (g - g^2) l, with e and l as tanh.
        torch.addcmul(torch.ones_like(early), early, early, value=-1.0, out=to_early)
        torch.addcmul(gate, gate, late * late, value=-1.0, out=to_late)
        torch.addcmul(gate, gate, gate, value=-1.0, out=to_gate)
        to_gate.mul_(late)
    # G = slope t + offset: dv/dslope = t dv/dG, dv/doffset = dv/dG.
    if isinstance(time, Tensor):
        torch.mul(to_gate, time, out=out[:, :, 0])
