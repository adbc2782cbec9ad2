# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""LTC: liquid time-constant neurons (Hasani et al., AAAI 2021), conductance-based ODEs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lnn_control.liquid.arguments import Call
from lnn_control.liquid.inspection import Synapse
from lnn_control.liquid.layer import MEMORY_STEPS, LiquidLayer
from lnn_control.liquid.membranes import Membranes, run_membranes
from lnn_control.liquid.single_step import LTCStep, StepStore
from lnn_control.liquid.solvers import SOLVERS
from lnn_control.liquid.tables import CircuitTables
from lnn_control.liquid.wiring import Wiring

POSITIVITIES = ('softplus', 'none')
LEAST_CONDUCTANCE = 1e-8
# Initial time constants in typical steps, and total conductance of the open synapses of a neuron.
LEAST_STEPS, MOST_STEPS = 1.0, 20.0
SYNAPSE_LOAD = 4.0


class LTCParameters(NamedTuple):
    """The parameters of an LTC in physical units, ready for its equations.

    Per neuron: capacitance, leak (conductance), leak_current. Per synapse, sensory and internal:
    slope, threshold (slope * midpoint), and matrices (synapses, 2 * neurons) that turn
    activations into currents (first half) and conductances (second half).
    """

    capacitance: Tensor
    leak: Tensor
    leak_current: Tensor
    sensory_slope: Tensor
    sensory_threshold: Tensor
    sensory_matrix: Tensor
    slope: Tensor
    threshold: Tensor
    matrix: Tensor


class LTC(LiquidLayer):
    """Liquid time-constant neurons: membranes with leak and sigmoidal chemical synapses.

    ``C dv_i/dt = g_i (V_i - v_i) + sum_j w_ij sigmoid(slope_ij (v_j - mid_ij)) (E_ij - v_i)``,
    the sum being over the synapses of the circuit, inputs included.

    :param solver: One of `SOLVERS`.
    :param num_unfolds: How many equal parts the solver splits each elapsed time into.
    :param positivity: 'softplus': conductances and capacitances are the softplus of their
        parameters. 'none': parameters are used as they are, and `clamp_parameters` after each
        optimiser step keeps them in range.
    :param keeps_polarity: The reversal potential of a synapse keeps the sign that the wiring gave
        it (softplus of the parameter, times the polarity). False: learned freely, as in ncps.
    """

    kind = 'ltc'
    leak_conductance: Tensor
    leak_potential: Tensor
    capacitance: Tensor
    sensory_conductance: Tensor
    sensory_slope: Tensor
    sensory_midpoint: Tensor
    sensory_reversal: Tensor
    sensory_source: Tensor
    sensory_target: Tensor
    sensory_polarity: Tensor
    synapse_conductance: Tensor
    synapse_slope: Tensor
    synapse_midpoint: Tensor
    synapse_reversal: Tensor
    synapse_source: Tensor
    synapse_target: Tensor
    synapse_polarity: Tensor

    def __init__(
        self,
        num_inputs: int,
        wiring: Wiring | int,
        *,
        solver: str = 'semi_implicit',
        num_unfolds: int = 6,
        positivity: str = 'softplus',
        keeps_polarity: bool = True,
        typical_elapsed_time: float = 0.05,
        time_unit: float | None = None,
        has_memory: bool = False,
        num_projected: int | None = None,
        batch_first: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if solver not in SOLVERS:
            raise ValueError(f'solver must be one of {sorted(SOLVERS)}, got {solver!r}')
        if num_unfolds < 1:
            raise ValueError(f'num_unfolds must be at least 1, got {num_unfolds}')
        if positivity not in POSITIVITIES:
            raise ValueError(f'positivity must be one of {POSITIVITIES}, got {positivity!r}')
        super().__init__(
            num_inputs,
            wiring,
            typical_elapsed_time=typical_elapsed_time,
            time_unit=MEMORY_STEPS * typical_elapsed_time if time_unit is None else time_unit,
            has_memory=has_memory,
            num_projected=num_projected,
            batch_first=batch_first,
        )
        self.solver, self.num_unfolds = solver, num_unfolds
        self.positivity, self.keeps_polarity = positivity, keeps_polarity
        self._step_store: StepStore[LTCStep] = StepStore()
        self.tables = CircuitTables(self.circuit, device)
        self._create_parameters({'device': device, 'dtype': dtype})
        self._add_shared_parts(device, dtype)
        self.reset_parameters()

    def _create_parameters(self, factory: dict[str, Any]) -> None:
        circuit, device = self.circuit, factory['device']
        for name in ('leak_conductance', 'leak_potential', 'capacitance'):
            self.register_parameter(name, nn.Parameter(torch.empty(self.num_neurons, **factory)))
        for prefix, polarity in (
            ('sensory', circuit.sensory_polarity),
            ('synapse', circuit.internal_polarity),
        ):
            # Sorted by target, then source.
            target, source = np.nonzero(polarity.T)
            for name in ('conductance', 'slope', 'midpoint', 'reversal'):
                parameter = nn.Parameter(torch.empty(len(source), **factory))
                self.register_parameter(f'{prefix}_{name}', parameter)
            sign = polarity[source, target].astype(np.int64)
            for name, values in (('source', source), ('target', target), ('polarity', sign)):
                self._register_circuit_buffer(f'{prefix}_{name}', values, device)
        self.input_scale = nn.Parameter(torch.empty(self.num_inputs, **factory))
        self.input_shift = nn.Parameter(torch.empty(self.num_inputs, **factory))
        self.output_scale = nn.Parameter(torch.empty(circuit.num_outputs, **factory))
        self.output_shift = nn.Parameter(torch.empty(circuit.num_outputs, **factory))

    def _load_from_state_dict(self, state_dict: dict[str, Any], *details: Any) -> None:
        super()._load_from_state_dict(state_dict, *details)
        # A layer made on the meta device has tables without numbers until now.
        self.tables.fill(self.capacitance.device)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new parameters: time constants are 1 to 20 typical steps, even in logarithm."""
        unpositive = _inverse_softplus if self.positivity == 'softplus' else torch.clone
        self.leak_potential.uniform_(-0.2, 0.2)
        leak = torch.empty_like(self.leak_conductance).uniform_(0.5, 1.0)
        load = leak.clone()
        for prefix in ('sensory', 'synapse'):
            target = getattr(self, f'{prefix}_target')
            fan_in = torch.zeros_like(leak).index_add_(
                0, target, torch.ones_like(target, dtype=leak.dtype)
            )
            values = torch.empty_like(getattr(self, f'{prefix}_conductance'))
            # A synapse of a crowded neuron is weaker, so that the total stays near the leak.
            values.uniform_(0.5, 1.5).mul_(SYNAPSE_LOAD / (1.0 + fan_in[target]))
            getattr(self, f'{prefix}_conductance').copy_(unpositive(values))
            # A sigmoid is half open on average.
            load.index_add_(0, target, 0.5 * values)
            getattr(self, f'{prefix}_slope').uniform_(3.0, 8.0)
            getattr(self, f'{prefix}_midpoint').uniform_(-0.3, 0.6)
            reversal = torch.ones_like(values)
            if self.keeps_polarity:
                reversal = _inverse_softplus(reversal)
            else:
                reversal = reversal * getattr(self, f'{prefix}_polarity')
            getattr(self, f'{prefix}_reversal').copy_(reversal)
        bounds = math.log(LEAST_STEPS), math.log(MOST_STEPS)
        steps = torch.exp(torch.empty_like(leak).uniform_(*bounds))
        seconds = steps * self.typical_elapsed_time
        self.leak_conductance.copy_(unpositive(leak))
        self.capacitance.copy_(unpositive(seconds / self.time_unit * load))
        for scale in (self.input_scale, self.output_scale):
            scale.fill_(1.0)
        for shift in (self.input_shift, self.output_shift):
            shift.zero_()

    @torch.no_grad()
    def clamp_parameters(self) -> None:
        """Set negative conductances and capacitances to zero; for positivity='none'."""
        if self.positivity == 'none':
            for name in (
                'leak_conductance',
                'capacitance',
                'sensory_conductance',
                'synapse_conductance',
            ):
                getattr(self, name).clamp_(min=0.0)

    def to_config(self) -> dict[str, Any]:
        """Return plain data from which :func:`build_layer` makes a layer of the same kind."""
        return {
            **super().to_config(),
            'solver': self.solver,
            'num_unfolds': self.num_unfolds,
            'positivity': self.positivity,
            'keeps_polarity': self.keeps_polarity,
        }

    def _like(self) -> Tensor:
        return self.capacitance

    def _read_out(self, motor: Tensor) -> Tensor:
        return motor * self.output_scale + self.output_shift

    def _positive(self, values: Tensor) -> Tensor:
        return functional.softplus(values) if self.positivity == 'softplus' else values

    def _prepare(self) -> LTCParameters:
        leak = self._positive(self.leak_conductance)
        sensory_matrix = self._synapse_matrix(
            self.sensory_conductance,
            self.sensory_reversal,
            self.sensory_polarity,
            self.sensory_target,
        )
        matrix = self._synapse_matrix(
            self.synapse_conductance,
            self.synapse_reversal,
            self.synapse_polarity,
            self.synapse_target,
        )
        return LTCParameters(
            capacitance=self._positive(self.capacitance),
            leak=leak + LEAST_CONDUCTANCE,
            leak_current=leak * self.leak_potential,
            sensory_slope=self.sensory_slope,
            sensory_threshold=self.sensory_slope * self.sensory_midpoint,
            sensory_matrix=sensory_matrix,
            slope=self.synapse_slope,
            threshold=self.synapse_slope * self.synapse_midpoint,
            matrix=matrix,
        )

    def _read_step_time(self, elapsed_time: float | Tensor) -> float | None:
        """Return one number for all samples, which keeps the fast step free of tables."""
        if not isinstance(elapsed_time, Tensor):
            return elapsed_time
        return elapsed_time.item() if elapsed_time.numel() == 1 else None

    def _take_step(self, inputs: Tensor, state: Tensor, time: Any) -> Tensor:
        if time == 0:
            return state.clone()
        values = torch.cat([each for each in self._parameters.values() if each is not None])
        step = self._step_store.find(values, len(inputs), self._make_step)
        return step.run(inputs, state, time, self.num_unfolds)

    def _make_step(self, values: Tensor, batch: int) -> LTCStep:
        membranes = self._read_membranes()
        return LTCStep(
            values,
            membranes.capacitance,
            (membranes.leak_current, membranes.leak),
            membranes.sensory[:, :-1],
            (self.sensory_source, self.sensory_target),
            membranes.synapses[:, :-1],
            (self.synapse_source, self.synapse_target),
            batch,
        )

    def _has_kernels(self) -> bool:
        return self.solver == 'semi_implicit'

    def _run_sequence(self, call: Call, num_shown: int) -> tuple[Tensor, Tensor]:
        time = call.time
        if call.mask is not None:
            # Without time the state stays as it is, exactly.
            if not isinstance(time, Tensor):
                time = call.inputs.new_full((), time)
            time = torch.where(call.mask, time, 0.0)
        sorted_states = run_membranes(
            self.tables.strata,
            self._read_membranes(),
            call.inputs.permute(2, 1, 0).contiguous(),
            call.state.t(),
            time.t() if isinstance(time, Tensor) else time,
            self.num_unfolds,
        )
        states = sorted_states.index_select(0, self.tables.order).permute(2, 1, 0)
        return states[..., :num_shown], states[:, -1].clone()

    @torch.no_grad()
    def list_synapses(self) -> list[Synapse]:
        """Return every synapse, inputs first.

        Whatever the parameters are, what counts are conductance, reversal, slope and midpoint.
        """
        rows = [self._read_synapses(prefix)[:, :-1] for prefix in ('sensory', 'synapse')]
        slope, threshold, current, conductance = torch.cat(rows, dim=1)
        values = {
            'conductance': conductance,
            'reversal': current / conductance,
            'slope': slope,
            'midpoint': threshold / slope,
        }
        source = torch.cat((self.sensory_source, self.synapse_source + self.num_inputs))
        target = torch.cat((self.sensory_target, self.synapse_target))
        return self._name_synapses(source.tolist(), target.tolist(), values)

    def _silence(self, neuron: int) -> None:
        listeners = (self.synapse_source == neuron) & (self.synapse_target != neuron)
        # Of softplus as good as nothing, and still finite.
        self.synapse_conductance[listeners] = -40.0 if self.positivity == 'softplus' else 0.0

    def _look_inside(
        self, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        membranes = self._read_membranes()
        total = membranes.leak.expand_as(after).clone()
        currents = []
        for parameters, sources, source, target in (
            (membranes.sensory, inputs, self.sensory_source, self.sensory_target),
            (membranes.synapses, after, self.synapse_source, self.synapse_target),
        ):
            slope, threshold, current, conductance = parameters[:, :-1]
            opening = torch.sigmoid(sources[..., source] * slope - threshold)
            currents.append(opening * (current - conductance * after[..., target]))
            total.index_add_(-1, target, opening * conductance)
        return membranes.capacitance / total, torch.cat(currents, dim=-1)

    def _read_membranes(self) -> Membranes:
        leak = self._positive(self.leak_conductance)
        return Membranes(
            capacitance=self._positive(self.capacitance),
            leak=leak + LEAST_CONDUCTANCE,
            leak_current=leak * self.leak_potential,
            sensory=self._read_synapses('sensory', self.input_scale, self.input_shift),
            synapses=self._read_synapses('synapse'),
        )

    def _read_synapses(
        self, prefix: str, scale: Tensor | None = None, shift: Tensor | None = None
    ) -> Tensor:
        """Return slope, threshold, current and conductance of each synapse, and of none.

        :param scale: What each source is multiplied with before `shift` is added.
        """
        slope = getattr(self, f'{prefix}_slope')
        strength = self._positive(getattr(self, f'{prefix}_conductance'))
        reversal = getattr(self, f'{prefix}_reversal')
        if self.keeps_polarity:
            reversal = functional.softplus(reversal) * getattr(self, f'{prefix}_polarity')
        midpoint = getattr(self, f'{prefix}_midpoint')
        if scale is not None and shift is not None:
            source = getattr(self, f'{prefix}_source')
            midpoint = midpoint - shift.index_select(0, source)
            slope, threshold = slope * scale.index_select(0, source), slope * midpoint
        else:
            threshold = slope * midpoint
        rows = torch.stack((slope, threshold, strength * reversal, strength))
        return functional.pad(rows, (0, 1))

    def _synapse_matrix(
        self, conductance: Tensor, reversal: Tensor, polarity: Tensor, target: Tensor
    ) -> Tensor:
        strength = self._positive(conductance)
        if self.keeps_polarity:
            reversal = functional.softplus(reversal) * polarity
        values = torch.cat((strength * reversal, strength))
        count, neurons = len(target), self.num_neurons
        row = torch.arange(count, device=target.device) * (2 * neurons)
        place = torch.cat((row + target, row + target + neurons))
        return (
            values.new_zeros(count * 2 * neurons)
            .scatter(0, place, values)
            .view(count, 2 * neurons)
        )

    def _drive(self, prepared: LTCParameters, inputs: Tensor) -> Tensor:
        """Return the current and conductance (…, 2 * neurons) of leaks and inputs."""
        mapped = inputs * self.input_scale + self.input_shift
        before = mapped.index_select(-1, self.sensory_source)
        opening = torch.sigmoid(before * prepared.sensory_slope - prepared.sensory_threshold)
        rest = torch.cat((prepared.leak_current, prepared.leak))
        return opening @ prepared.sensory_matrix + rest

    def _advance(
        self, prepared: LTCParameters, drive: Tensor, state: Tensor, elapsed_time: float | Tensor
    ) -> Tensor:
        def membrane(voltage: Tensor) -> tuple[Tensor, Tensor]:
            before = voltage.index_select(1, self.synapse_source)
            opening = torch.sigmoid(before * prepared.slope - prepared.threshold)
            current, conductance = torch.addmm(drive, opening, prepared.matrix).chunk(2, dim=1)
            return current, conductance

        return SOLVERS[self.solver](
            membrane, prepared.capacitance, state, elapsed_time, self.num_unfolds
        )


def _inverse_softplus(values: Tensor) -> Tensor:
    return values + torch.log(-torch.expm1(-values))
