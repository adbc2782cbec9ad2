# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every liquid layer shares: shapes, time, masks, memory and the loop over a sequence."""

from __future__ import annotations

import abc
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lnn_control.liquid.arguments import (
    ALONE,
    BATCH,
    BATCH_TIME,
    TIME,
    TIME_BATCH,
    Axes,
    Call,
    find_axes,
    read_call,
    return_axes,
)
from lnn_control.liquid.inspection import Activity, Synapse
from lnn_control.liquid.memory import LongMemory
from lnn_control.liquid.wiring import Circuit, Wiring, as_wiring

# A neuron forgets over many steps of the typical time, so rates are learned in units of this many.
MEMORY_STEPS = 16.0


class LiquidLayer(nn.Module, abc.ABC):
    """A recurrent layer in time: ``outputs, state = layer(inputs, state, elapsed_time)``.

    The state is never hidden: it comes in and goes out. Outputs are the motor neurons, which are
    the first ones in the state.

    :param num_inputs: Number of input features.
    :param wiring: Who listens to whom, or a number of fully connected neurons.
    :param typical_elapsed_time: Usual time between two inputs in seconds. Sets the initial time
        constants, and is the time that passes when a call gives none.
    :param time_unit: Seconds that the learned rates count as one. Left out, it follows from
        `typical_elapsed_time`.
    :param has_memory: Let an LSTM cell carry long memory beside the liquid state (Lechner and
        Hasani 2020). The state is then twice as wide: liquid first, memory second.
    :param num_projected: Width of a linear readout of the motor neurons; None: no readout.
    :param batch_first: Sequences are (batch, time, features), else (time, batch, features).
    """

    kind: str

    def __init__(
        self,
        num_inputs: int,
        wiring: Wiring | int,
        *,
        typical_elapsed_time: float,
        time_unit: float,
        has_memory: bool,
        num_projected: int | None,
        batch_first: bool,
    ) -> None:
        super().__init__()
        for name, value in (
            ('typical_elapsed_time', typical_elapsed_time),
            ('time_unit', time_unit),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f'{name} must be positive and finite seconds, got {value}')
        self.wiring = as_wiring(wiring)
        self.circuit: Circuit = self.wiring.connect(num_inputs)
        self.num_inputs = num_inputs
        self.typical_elapsed_time = float(typical_elapsed_time)
        self.time_unit = float(time_unit)
        self.has_memory = has_memory
        self.num_projected = num_projected
        self.batch_first = batch_first
        self._circuit_buffers: dict[str, NDArray[np.int64]] = {}

    def _register_circuit_buffer(self, name: str, values: NDArray[np.int64], device: Any) -> None:
        """Keep what follows from the circuit with the weights that it gives a meaning.

        Persistent, so that a layer made on the meta device gets it back from a checkpoint.
        """
        self._circuit_buffers[name] = values
        self.register_buffer(name, torch.as_tensor(values, device=device))

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        for name, expected in self._circuit_buffers.items():
            found = state_dict.get(prefix + name)
            if found is None or found.device.type == 'meta' or found.shape != expected.shape:
                continue  # torch reports what is missing or of another shape
            if not np.array_equal(found.cpu().numpy(), expected):
                error_msgs.append(
                    f'{prefix}{name} differs: the checkpoint has another circuit (other '
                    'seed or sizes); build the layer with the wiring in its config'
                )
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def _add_shared_parts(self, device: Any, dtype: Any) -> None:
        """Create what comes after the neurons' own parameters."""
        factory = {'device': device, 'dtype': dtype}
        self.memory = (
            LongMemory(self.num_inputs, self.num_neurons, **factory) if self.has_memory else None
        )
        self.projection = (
            None
            if self.num_projected is None
            else nn.Linear(self.circuit.num_outputs, self.num_projected, **factory)
        )

    @property
    def num_neurons(self) -> int:
        """Return how many neurons have a state."""
        return self.circuit.num_neurons

    @property
    def num_outputs(self) -> int:
        """Return the width of the outputs."""
        return self.circuit.num_outputs if self.num_projected is None else self.num_projected

    @property
    def state_size(self) -> int:
        """Return the width of the state."""
        return self.num_neurons * (2 if self.has_memory else 1)

    def initial_state(self, batch_size: int) -> Tensor:
        """Return the state before the first input: zeros (batch_size, state_size)."""
        return self._like().new_zeros(batch_size, self.state_size)

    def forward(
        self,
        inputs: Tensor,
        state: Tensor | None = None,
        elapsed_time: float | Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Run over a sequence.

        :param inputs: (batch, time, num_inputs), or (time, num_inputs) without a batch.
        :param state: (batch, state_size), or (state_size,) without a batch. None: zeros.
        :param elapsed_time: Seconds since the previous input: a number, (batch,) or (batch, time);
            (time,) without a batch. None: `typical_elapsed_time`. Negative or not finite it is an
            error; on a GPU, which is not waited for, the output becomes NaN instead.
        :param mask: (batch, time), False where a step is padding: the state passes through it and
            the output repeats. (time,) without a batch.
        :return: Outputs (batch, time, num_outputs) and the state after the last step.
        """
        orders = (TIME, BATCH_TIME if self.batch_first else TIME_BATCH)
        return self._answer(find_axes(self, inputs, orders), inputs, state, elapsed_time, mask)

    def step(
        self,
        inputs: Tensor,
        state: Tensor | None = None,
        elapsed_time: float | Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Take one step.

        :param inputs: (batch, num_inputs), or (num_inputs,) without a batch.
        :param state: (batch, state_size), or (state_size,) without a batch. None: zeros.
        :param elapsed_time: Seconds since the previous step: a number or (batch,).
        :return: Outputs (batch, num_outputs) and the new state.
        """
        axes = find_axes(self, inputs, (BATCH, ALONE))
        return self._answer(axes, inputs, state, elapsed_time, None)

    def run_states(
        self,
        inputs: Tensor,
        state: Tensor | None = None,
        elapsed_time: float | Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the state after every step (batch, time, state_size); batch first."""
        axes = find_axes(self, inputs, (BATCH_TIME,))
        call = read_call(self, axes, inputs, state, elapsed_time, mask)
        return self._run(call, self.state_size)[0]

    @abc.abstractmethod
    def list_synapses(self) -> list[Synapse]:
        """Return every synapse with its learned numbers."""

    @torch.no_grad()
    def record_activity(
        self,
        inputs: Tensor,
        state: Tensor | None = None,
        elapsed_time: float | Tensor | None = None,
    ) -> Activity:
        """Run over (batch, time, features) and return what happened inside; batch first."""
        axes = find_axes(self, inputs, (BATCH_TIME,))
        call = read_call(self, axes, inputs, state, elapsed_time, None)
        after, _ = self._run(call, self.state_size)
        before = torch.cat((call.state.unsqueeze(1), after[:, :-1]), dim=1)
        after = after[..., : self.num_neurons]
        if self.memory is not None:
            # The liquid neurons start each step from what the memory hands them.
            parts = (call.inputs, *before.chunk(2, dim=-1))
            before = self.memory(*(part.flatten(0, 1) for part in parts))[0].view_as(after)
        time = call.time.unsqueeze(-1) if isinstance(call.time, Tensor) else call.time
        time_constants, currents = self._look_inside(call.inputs, before, after, time)
        seconds = (time_constants * self.time_unit).expand_as(after)
        return Activity(*(part.cpu().numpy() for part in (after, seconds, currents)))

    @torch.no_grad()
    def silence(self, neuron: int) -> None:
        """Cut the synapses from a neuron to all others, in place; itself it goes on to hear.

        Where a backbone mixes what a layer hears, it no longer hears itself either.

        :raises IndexError: if there is no such neuron.
        :raises ValueError: of a layer with a long memory, which hears every neuron.
        """
        if self.memory is not None:
            raise ValueError('no neuron can be silenced where a long memory hears all: has_memory')
        if not 0 <= neuron < self.num_neurons:
            raise IndexError(f'neuron must be 0 to {self.num_neurons - 1}, got {neuron}')
        self._silence(neuron)

    def to_config(self) -> dict[str, Any]:
        """Return plain data from which :func:`build_layer` makes a layer of the same kind."""
        return {
            'kind': self.kind,
            'num_inputs': self.num_inputs,
            'wiring': self.wiring.to_dict(),
            'typical_elapsed_time': self.typical_elapsed_time,
            'time_unit': self.time_unit,
            'has_memory': self.has_memory,
            'num_projected': self.num_projected,
            'batch_first': self.batch_first,
        }

    def extra_repr(self) -> str:
        """Describe the layer in one line."""
        return (
            f'num_inputs={self.num_inputs}, num_neurons={self.num_neurons}, '
            f'num_outputs={self.num_outputs}, num_synapses={self.circuit.num_synapses}'
        )

    @abc.abstractmethod
    def _prepare(self) -> Any:
        """Return what of the parameters stays the same over a sequence."""

    @abc.abstractmethod
    def _drive(self, prepared: Any, inputs: Tensor) -> Any:
        """Return what the inputs (batch, time, features) do, for all steps at once."""

    @abc.abstractmethod
    def _advance(
        self, prepared: Any, drive: Any, state: Tensor, elapsed_time: float | Tensor
    ) -> Tensor:
        """Return the neurons after one step; time in time units, a number or (batch, 1)."""

    @abc.abstractmethod
    def _look_inside(
        self, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the time constants in time units and the currents of :class:`Activity`.

        :param before: (batch, time, neurons) where each step began. :param after: where it ended.
        :param time: in time units, a number or (batch, time, 1).
        """

    @abc.abstractmethod
    def _silence(self, neuron: int) -> None:
        """Do what :meth:`silence` says."""

    @abc.abstractmethod
    def _like(self) -> Tensor:
        """Return a parameter, for its dtype and device."""

    def _read_out(self, motor: Tensor) -> Tensor:
        return motor

    # A layer may have faster ways than `_advance`; `choose_route` asks for them.

    def _has_kernels(self) -> bool:
        """Return whether there is a :meth:`_run_sequence`, and perhaps a :meth:`_take_step`."""
        return False

    def _run_sequence(self, call: Call, num_shown: int) -> tuple[Tensor, Tensor]:
        """Return what :meth:`_run` does, of all steps at once."""
        raise NotImplementedError

    def _read_step_time(self, elapsed_time: float | Tensor) -> float | Tensor | None:
        """Return the time as :meth:`_take_step` wants it; None: this layer has no such step."""
        return None

    def _take_step(self, inputs: Tensor, state: Tensor, time: float | Tensor) -> Tensor:
        """Return the new state (batch, neurons) of inputs (batch, features), without gradients."""
        raise NotImplementedError

    def _answer(
        self,
        axes: Axes,
        inputs: Tensor,
        state: Tensor | None,
        elapsed_time: float | Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return outputs and the last state, in the caller's order of axes."""
        call = read_call(self, axes, inputs, state, elapsed_time, mask)
        num_motor = self.circuit.num_outputs
        if call.route == 'step':
            final = self._take_step(call.inputs[:, 0], call.state, call.time)
            motor = final[:, :num_motor].unsqueeze(1)
        else:
            motor, final = self._run(call, num_motor)
        outputs = self._read_out(motor)
        if self.projection is not None:
            outputs = self.projection(outputs)
        elif outputs is motor and call.route == 'step':
            # A copy: a caller who clips the outputs in place must not change the state.
            outputs = outputs.clone()
        return (outputs, final) if axes is BATCH_TIME else return_axes(axes, outputs, final)

    def _run(self, call: Call, num_shown: int) -> tuple[Tensor, Tensor]:
        """Return the first entries of every state (batch, time, num_shown), and the last state."""
        if call.route == 'sequence':
            with torch.autocast(call.inputs.device.type, enabled=False):
                return self._run_sequence(call, num_shown)
        states = self._run_loop(call)
        # A copy, as above.
        return states[..., :num_shown], states[:, -1].clone()

    def _run_loop(self, call: Call) -> Tensor:
        """Return all states (batch, time, state_size), one step after the other."""
        _, inputs, state, time, mask = call
        prepared = self._prepare()
        drives = self._drive(prepared, inputs)
        states = []
        for index in range(inputs.shape[1]):
            now = time if isinstance(time, float) else time[:, index : index + 1]
            if self.memory is None:
                new = self._advance(prepared, drives[:, index], state, now)
            else:
                liquid, cell = self.memory(inputs[:, index], *state.chunk(2, dim=1))
                liquid = self._advance(prepared, drives[:, index], liquid, now)
                new = torch.cat((liquid, cell), dim=1)
            state = new if mask is None else torch.where(mask[:, index : index + 1], new, state)
            states.append(state)
        return torch.stack(states, dim=1)

    def _name_synapses(self, source: Any, target: Any, values: dict[str, Tensor]) -> list[Synapse]:
        """Return a row for each synapse.

        :param source: Numbers of their sources, the inputs before the neurons. :param target: Of
            their neurons. :param values: Of each learned number its name, and one a synapse.
        """
        circuit = self.circuit
        inputs = [f'input {index}' for index in range(circuit.num_inputs)]
        neurons = [f'{circuit.neuron_kind(i)} {i}' for i in range(circuit.num_neurons)]
        names = inputs + neurons
        polarity = np.concatenate((circuit.sensory_polarity, circuit.internal_polarity))
        columns = [column.tolist() for column in values.values()]
        return [
            Synapse(names[s], neurons[t], int(polarity[s, t]), dict(zip(values, row, strict=True)))
            for s, t, *row in zip(source, target, *columns, strict=True)
        ]


class SingleStep(nn.Module):
    """One step of a layer as a module of tensors only, to export or to trace.

    :param layer: The layer, whose parameters are shared.
    """

    def __init__(self, layer: LiquidLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self, inputs: Tensor, state: Tensor, elapsed_time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return outputs (batch, num_outputs) and the new state.

        :param inputs: (batch, num_inputs).
        :param state: (batch, state_size).
        :param elapsed_time: (batch,) in seconds.
        """
        return self.layer.step(inputs, state, elapsed_time)
