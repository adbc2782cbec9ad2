# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""CfC: closed-form continuous-time neurons (Hasani et al., Nature Machine Intelligence, 2022)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lnn_control.liquid.arguments import Call
from lnn_control.liquid.inspection import Synapse
from lnn_control.liquid.layer import MEMORY_STEPS, LiquidLayer
from lnn_control.liquid.single_step import CfCStep, StepStore
from lnn_control.liquid.wavefront import WavePlan, run_wavefront
from lnn_control.liquid.wiring import Circuit, Layer, Wiring

CFC_MODES = ('default', 'pure', 'no_gate')
RECURRENCES = ('wiring', 'layer')
HEADS = ('early', 'late', 'gate_slope', 'gate_offset')


def lecun_tanh(values: Tensor) -> Tensor:
    """Return the scaled tanh of LeCun et al., "Efficient BackProp" (1998)."""
    return 1.7159 * torch.tanh(0.666 * values)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    'lecun_tanh': lecun_tanh,
    'tanh': torch.tanh,
    'relu': torch.relu,
    'silu': functional.silu,
    'gelu': functional.gelu,
}


@dataclasses.dataclass(frozen=True)
class Backbone:
    """Dense layers between (inputs, state) and the heads of a fully connected CfC."""

    num_units: int = 128
    num_layers: int = 1
    activation: str = 'lecun_tanh'
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.num_units < 1 or self.num_layers < 1:
            raise ValueError(
                'a backbone needs at least one unit and one layer, got '
                f'{self.num_units} and {self.num_layers}; backbone=None leaves it out'
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f'activation must be one of {sorted(ACTIVATIONS)}, got {self.activation!r}'
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f'dropout must be in [0, 1), got {self.dropout}')


class CfC(LiquidLayer):
    """Closed-form continuous-time neurons, dense or wired.

    With x the sources of a neuron (its own state among them, as a membrane has) and t the elapsed
    time in time units:

    - ``default``: ``tanh(f1(x)) * (1 - gate) + tanh(f2(x)) * gate``,
      ``gate = sigmoid(a(x) * t + b(x))``
    - ``no_gate``: ``tanh(f1(x)) + tanh(f2(x)) * gate``
    - ``pure``: ``A - A * exp(-t * (|w| + |f1(x)|)) * f1(x)``

    f1, f2, a and b are affine. Only existing synapses have parameters: one in `weight` for f1 and
    f2, one in `gate_weight` for a and b. Layers of the circuit run one after the other within a
    step, so an input reaches the motor neurons at once.

    :param mode: One of `CFC_MODES`.
    :param backbone: Dense layers before the heads; only for a fully connected circuit.
    :param recurrence: 'wiring': inside a layer only the synapses of the circuit exist, and each
        neuron sees its own state. 'layer': all neurons of a layer see each other.
    :param sparse_gates: False gives a and b synapses from the whole layer and the layer before, as
        ncps has it.
    """

    kind = 'cfc'
    place: Tensor

    def __init__(
        self,
        num_inputs: int,
        wiring: Wiring | int,
        *,
        mode: str = 'default',
        backbone: Backbone | None = None,
        recurrence: str = 'wiring',
        sparse_gates: bool = True,
        typical_elapsed_time: float = 0.05,
        time_unit: float | None = None,
        has_memory: bool = False,
        num_projected: int | None = None,
        batch_first: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if mode not in CFC_MODES:
            raise ValueError(f'mode must be one of {CFC_MODES}, got {mode!r}')
        if recurrence not in RECURRENCES:
            raise ValueError(f'recurrence must be one of {RECURRENCES}, got {recurrence!r}')
        if time_unit is None:
            time_unit = typical_elapsed_time * (MEMORY_STEPS if mode == 'pure' else 1.0)
        super().__init__(
            num_inputs,
            wiring,
            typical_elapsed_time=typical_elapsed_time,
            time_unit=time_unit,
            has_memory=has_memory,
            num_projected=num_projected,
            batch_first=batch_first,
        )
        self.mode, self.backbone_options = mode, backbone
        self.recurrence, self.sparse_gates = recurrence, sparse_gates
        self.blocks = _plan_blocks(self.circuit, backbone, recurrence, sparse_gates)
        self._wave_plan = WavePlan(
            tuple((block.start, block.stop) for block in self.blocks), mode, num_inputs
        )
        self._step_store: StepStore[CfCStep] = StepStore()
        self._num_heads = 1 if mode == 'pure' else 4
        self._create_parameters({'device': device, 'dtype': dtype})
        self._add_shared_parts(device, dtype)
        self.reset_parameters()

    def _create_parameters(self, factory: dict[str, Any]) -> None:
        neurons = self.num_neurons
        num_direct = 1 if self.mode == 'pure' else 2
        synapses = sum(int(block.direct.sum()) for block in self.blocks)
        self.weight = nn.Parameter(torch.empty(num_direct, synapses, **factory))
        self.bias = nn.Parameter(torch.empty(num_direct, neurons, **factory))
        if self.mode == 'pure':
            self.rate = nn.Parameter(torch.empty(neurons, **factory))
            self.amplitude = nn.Parameter(torch.empty(neurons, **factory))
        else:
            gate_synapses = sum(int(block.gate.sum()) for block in self.blocks)
            self.gate_weight = nn.Parameter(torch.empty(2, gate_synapses, **factory))
            self.gate_bias = nn.Parameter(torch.empty(2, neurons, **factory))
        place = _index_parameters(self.blocks, self._num_heads)
        self._is_packed = bool(np.array_equal(place, np.arange(len(place))))
        self._packed_sizes = [
            *(self._num_heads * block.direct.size for block in self.blocks),
            *(self._num_heads * len(block.direct) for block in self.blocks),
        ]
        self._register_circuit_buffer('place', place, factory['device'])
        if self.backbone_options is not None:
            self.backbone = _BackboneLayers(
                self.num_inputs + neurons, self.backbone_options, factory
            )

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new parameters: every neuron holds its state over its own number of typical steps.

        The numbers of steps are spread evenly in logarithm from 1.5 to 30 (as in the chrono
        initialisation of Tallec and Ollivier, 2018).
        """
        fan_in, is_self = _describe_synapses(self.blocks, 'direct')
        spread = torch.as_tensor(np.sqrt(3.0 / fan_in)).to(self.weight)
        own = torch.as_tensor(is_self, device=self.weight.device)
        self.weight.uniform_(-1.0, 1.0).mul_(spread)
        self.bias.zero_()
        if self.mode == 'pure':
            # f1 = 1 - state: without time the state stays, with time it goes to the amplitude.
            self.weight.mul_(0.5)
            self.weight[0] = torch.where(own, -1.0, self.weight[0])
            self.bias.fill_(1.0)
            self.rate.uniform_(0.0, 1.0)
            self.amplitude.fill_(1.0)
            return
        self.weight[0] = torch.where(own, 1.0, 0.5 * self.weight[0])
        gate_fan_in, _ = _describe_synapses(self.blocks, 'gate')
        gate_spread = torch.as_tensor(np.sqrt(3.0 / gate_fan_in)).to(self.weight)
        self.gate_weight.uniform_(-0.3, 0.3).mul_(gate_spread)
        steps = torch.exp(torch.empty_like(self.bias[0]).uniform_(math.log(1.5), math.log(30.0)))
        # The gate opens by 1/steps after one typical step and by 1 - 1/e after `steps` of them.
        after_one = -torch.log(steps - 1.0)
        self.gate_bias[0] = (0.5413 - after_one) / (steps - 1.0)
        self.gate_bias[1] = after_one - self.gate_bias[0]

    def to_config(self) -> dict[str, Any]:
        """Return plain data from which :func:`build_layer` makes a layer of the same kind."""
        backbone = self.backbone_options
        return {
            **super().to_config(),
            'mode': self.mode,
            'backbone': None if backbone is None else dataclasses.asdict(backbone),
            'recurrence': self.recurrence,
            'sparse_gates': self.sparse_gates,
        }

    def _like(self) -> Tensor:
        return self.weight

    def _prepare(self) -> list[tuple[Tensor, Tensor]]:
        """Return weight (heads * neurons, sources) and bias (heads * neurons) of each layer."""
        return self._unpack(self._gather_parameters())

    def _gather_parameters(self) -> Tensor:
        """Return weights and biases in one vector."""
        gates = self.mode != 'pure'
        names = ('weight', 'gate_weight', 'bias', 'gate_bias') if gates else ('weight', 'bias')
        # By the table of parameters: an attribute of a module takes longer to find.
        parts = map(self._parameters.get, names)
        return torch.cat([part.flatten() for part in parts if part is not None])

    def _unpack(self, values: Tensor) -> list[tuple[Tensor, Tensor]]:
        if not self._is_packed:
            zeros = values.new_zeros(sum(self._packed_sizes))
            values = zeros.scatter(0, self.place, values)
        pieces = values.split(self._packed_sizes)
        count = len(self.blocks)
        return [
            (weight.view(len(bias), -1), bias)
            for weight, bias in zip(pieces[:count], pieces[count:], strict=True)
        ]

    def _drive(self, prepared: list[tuple[Tensor, Tensor]], inputs: Tensor) -> Tensor:
        return inputs

    def _advance(
        self,
        prepared: list[tuple[Tensor, Tensor]],
        drive: Tensor,
        state: Tensor,
        elapsed_time: float | Tensor,
    ) -> Tensor:
        signal = drive
        new: list[tuple[int, Tensor]] = []
        for block, (weight, bias) in zip(self.blocks, prepared, strict=True):
            sources = torch.cat((signal, state[:, block.start : block.stop]), dim=1)
            if self.backbone_options is not None:
                sources = self.backbone(sources)
            heads = functional.linear(sources, weight, bias)
            signal = self._respond(block, heads, elapsed_time)
            new.append((block.start, signal))
        if len(new) == 1:
            return signal
        return torch.cat([piece for _, piece in sorted(new, key=lambda item: item[0])], dim=1)

    def _read_step_time(self, elapsed_time: float | Tensor) -> float | Tensor | None:
        return elapsed_time if self.mode == 'default' else None

    def _take_step(self, inputs: Tensor, state: Tensor, time: float | Tensor) -> Tensor:
        step = self._step_store.find(self._gather_parameters(), len(inputs), self._make_step)
        return step.run(inputs, state, time)

    def _make_step(self, values: Tensor, batch: int) -> CfCStep:
        pieces = zip(self.blocks, self._unpack(values), strict=True)
        blocks = [(block.start, block.stop, *piece) for block, piece in pieces]
        return CfCStep(values, blocks, self.num_inputs, batch)

    def _has_kernels(self) -> bool:
        return self.backbone_options is None

    def _run_sequence(self, call: Call, num_shown: int) -> tuple[Tensor, Tensor]:
        _, inputs, state, time, mask = call
        limits = (self.rate, self.amplitude) if self.mode == 'pure' else None
        return run_wavefront(
            self._wave_plan, inputs, state, time, mask, self._prepare(), limits, num_shown
        )

    @torch.no_grad()
    def list_synapses(self) -> list[Synapse]:
        """Return every synapse with its weights, layer by layer; none where a backbone mixes."""
        if self.backbone_options is not None:
            return []
        rows: list[Synapse] = []
        signals = np.arange(self.num_inputs)
        for block, (weight, _) in zip(self.blocks, self._prepare(), strict=True):
            neurons = np.arange(block.start, block.stop)
            sources = np.concatenate((signals, neurons + self.num_inputs))
            target, source = np.nonzero(block.direct)
            heads = weight.view(self._num_heads, len(neurons), -1)[:, target, source]
            values = dict(zip(HEADS, heads, strict=False))
            rows += self._name_synapses(sources[source], neurons[target], values)
            signals = neurons + self.num_inputs
        return rows

    def _silence(self, neuron: int) -> None:
        if self.backbone_options is not None:
            first = next(self.backbone.layers[0].parameters())
            first[:, self.num_inputs + neuron] = 0.0
            return
        self.weight[:, self._find_listeners(neuron, 'direct')] = 0.0
        if self.mode != 'pure':
            self.gate_weight[:, self._find_listeners(neuron, 'gate')] = 0.0

    def _find_listeners(self, neuron: int, role: str) -> Tensor:
        """Return which synapses of a role, in the order of its weights, hear a neuron."""
        found = []
        signals = np.full(self.num_inputs, -1)
        for block in self.blocks:
            neurons = np.arange(block.start, block.stop)
            target, source = np.nonzero(getattr(block, role))
            heard = np.concatenate((signals, neurons))[source]
            found.append((heard == neuron) & (neurons[target] != neuron))
            signals = neurons
        return torch.as_tensor(np.concatenate(found), device=self.weight.device)

    def _look_inside(
        self, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        time_constants, currents = torch.empty_like(after), []
        signal = inputs
        for block, (weight, bias) in zip(self.blocks, self._prepare(), strict=True):
            now = slice(block.start, block.stop)
            sources = torch.cat((signal, before[..., now]), dim=-1)
            if self.backbone_options is not None:
                sources = self.backbone(sources)
            heads = functional.linear(sources, weight, bias)
            weights = weight.view(self._num_heads, block.stop - block.start, -1)
            if self.mode == 'pure':
                time_constants[..., now] = 1.0 / (self.rate[now].abs() + heads.abs())
                mixed = weights[0]
            else:
                _, _, slope, offset = heads.chunk(4, dim=-1)
                opening = slope * time + offset
                # The share that stays is sigmoid(-opening), and exp(-time / constant) as one
                # of an exponential: constant = time / softplus(opening).
                time_constants[..., now] = time / functional.softplus(opening)
                gate = torch.sigmoid(opening).unsqueeze(-1)
                early = weights[0] * (1.0 - gate) if self.mode == 'default' else weights[0]
                mixed = early + weights[1] * gate
            if self.backbone_options is None:
                exists = torch.as_tensor(block.direct, device=after.device)
                currents.append((mixed * sources.unsqueeze(-2))[..., exists])
            signal = after[..., now]
        if not currents:
            return time_constants, after.new_zeros(*after.shape[:2], 0)
        return time_constants, torch.cat(currents, dim=-1)

    def _respond(self, block: _Block, heads: Tensor, elapsed_time: float | Tensor) -> Tensor:
        """Return the new states of a layer from its affine heads."""
        if self.mode == 'pure':
            rate = self.rate[block.start : block.stop].abs() + heads.abs()
            amplitude = self.amplitude[block.start : block.stop]
            return amplitude - amplitude * torch.exp(-elapsed_time * rate) * heads
        early, late, slope, offset = heads.chunk(4, dim=1)
        gate = torch.sigmoid(slope * elapsed_time + offset)
        if self.mode == 'no_gate':
            return torch.tanh(early) + torch.tanh(late) * gate
        return torch.lerp(torch.tanh(early), torch.tanh(late), gate)


class _BackboneLayers(nn.Module):
    """The dense layers that a :class:`Backbone` describes."""

    def __init__(self, num_sources: int, options: Backbone, factory: dict[str, Any]) -> None:
        super().__init__()
        widths = [num_sources] + [options.num_units] * options.num_layers
        linears = [nn.Linear(*pair, **factory) for pair in itertools.pairwise(widths)]
        for linear in linears:
            nn.init.xavier_uniform_(linear.weight)
        self.layers = nn.ModuleList(linears)
        self.activation = options.activation
        self.dropout = options.dropout

    def forward(self, values: Tensor) -> Tensor:
        """Return the features that the heads read."""
        for layer in self.layers:
            values = ACTIVATIONS[self.activation](layer(values))
            if self.dropout > 0:
                values = functional.dropout(values, self.dropout, self.training)
        return values


class _Block(NamedTuple):
    """One layer: which of its possible synapses (neurons, sources) exist."""

    start: int
    stop: int
    direct: NDArray[np.bool_]
    gate: NDArray[np.bool_]
    own: NDArray[np.bool_]


def _plan_blocks(
    circuit: Circuit, backbone: Backbone | None, recurrence: str, sparse_gates: bool
) -> list[_Block]:
    if backbone is not None:
        if len(circuit.layers) > 1 or not circuit.internal_polarity.all():
            raise ValueError(
                'a backbone mixes all sources, so it needs a fully connected wiring; pass '
                'backbone=None or a number of neurons'
            )
        dense = np.ones((circuit.num_neurons, backbone.num_units), dtype=bool)
        return [_Block(0, circuit.num_neurons, dense, dense, np.zeros_like(dense))]
    blocks = []
    sources = circuit.sensory_polarity
    for position, layer in enumerate(circuit.layers):
        now = slice(layer.start, layer.stop)
        if position > 0:
            before: Layer = circuit.layers[position - 1]
            sources = circuit.internal_polarity[before.start : before.stop]
        arriving = sources[:, now].T != 0
        own = np.eye(layer.stop - layer.start, dtype=bool)
        lateral = (circuit.internal_polarity[now, now].T != 0) | own
        if recurrence == 'layer':
            lateral = np.ones_like(lateral)
        direct = np.concatenate((arriving, lateral), axis=1)
        gate = direct if sparse_gates else np.ones_like(direct)
        is_own = np.concatenate((np.zeros_like(arriving), own), axis=1)
        blocks.append(_Block(layer.start, layer.stop, direct, gate, is_own))
    return blocks


def _index_parameters(blocks: list[_Block], num_heads: int) -> NDArray[np.int64]:
    """Return where each parameter goes in the packed dense blocks.

    Parameters come as weights then biases, head by head, layer by layer. Packed are first the
    blocks (heads, neurons, sources) of all layers, then their biases (heads, neurons).
    """
    weights: list[NDArray[np.int64]] = []
    weight_starts = np.cumsum([0] + [num_heads * block.direct.size for block in blocks])
    for head in range(num_heads):
        for block, start in zip(blocks, weight_starts[:-1], strict=True):
            exists = block.direct if head < 2 else block.gate
            weights.append(start + head * exists.size + np.flatnonzero(exists))
    num_neurons = sum(len(block.direct) for block in blocks)
    biases = np.empty((num_heads, num_neurons), dtype=np.int64)
    start = weight_starts[-1]
    for block in blocks:
        size = block.stop - block.start
        for head in range(num_heads):
            biases[head, block.start : block.stop] = start + head * size + np.arange(size)
        start += num_heads * size
    return np.concatenate((*weights, biases.ravel())).astype(np.int64)


def _describe_synapses(
    blocks: list[_Block], role: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return for each synapse the fan-in of its target, and whether it is a neuron's own state."""
    fan_in, is_self = [], []
    for block in blocks:
        exists = getattr(block, role)
        counts = np.broadcast_to(exists.sum(axis=1, keepdims=True), exists.shape)
        fan_in.append(counts[exists])
        is_self.append(block.own[exists])
    return np.concatenate(fan_in).astype(np.float64), np.concatenate(is_self)
