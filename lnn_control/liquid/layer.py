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
        if inputs.dim() == 2:
            outputs, new_state = self._run_batch(
                *self._add_batch(inputs, state, elapsed_time, mask)
            )
            return outputs.squeeze(0), new_state.squeeze(0)
        if inputs.dim() != 3:
            raise ValueError(
                f'inputs must be {self._shape_text()} or (time, {self.num_inputs}), got '
                f'{tuple(inputs.shape)}; a single step goes through layer.step'
            )
        if self.batch_first:
            return self._run_batch(inputs, state, elapsed_time, mask)
        outputs, new_state = self._run_batch(
            inputs.transpose(0, 1), state, _swap(elapsed_time), _swap(mask)
        )
        return outputs.transpose(0, 1), new_state

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
        if inputs.dim() == 1:
            state = None if state is None else state.unsqueeze(0)
            outputs, new_state = self.step(inputs.unsqueeze(0), state, elapsed_time)
            return outputs.squeeze(0), new_state.squeeze(0)
        if inputs.dim() != 2:
            raise ValueError(
                f'inputs of a step must be (batch, {self.num_inputs}) or ({self.num_inputs},), '
                f'got {tuple(inputs.shape)}; a sequence goes through layer(...)'
            )
        outputs, new_state = self._run_batch(inputs.unsqueeze(1), state, elapsed_time, None)
        return outputs.squeeze(1), new_state

    def run_states(
        self,
        inputs: Tensor,
        state: Tensor | None = None,
        elapsed_time: float | Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the state after every step (batch, time, state_size); batch first."""
        if inputs.dim() != 3:
            raise ValueError(
                f'inputs must be (batch, time, {self.num_inputs}), got {tuple(inputs.shape)}'
            )
        return self._run(*self._read(inputs, state, elapsed_time, mask))

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
    def _like(self) -> Tensor:
        """Return a parameter, for its dtype and device."""

    def _read_out(self, motor: Tensor) -> Tensor:
        return motor

    def _run_batch(
        self,
        inputs: Tensor,
        state: Tensor | None,
        elapsed_time: float | Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        motor, final = self._run_outputs(*self._read(inputs, state, elapsed_time, mask))
        outputs = self._read_out(motor)
        return (outputs if self.projection is None else self.projection(outputs)), final

    def _run_outputs(
        self, inputs: Tensor, state: Tensor, time: float | Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the motor neurons (batch, time, neurons) and the last state."""
        states = self._run(inputs, state, time, mask)
        # A copy: a caller who clips the outputs in place must not change the state.
        return states[..., : self.circuit.num_outputs], states[:, -1].clone()

    def _run(
        self, inputs: Tensor, state: Tensor, time: float | Tensor, mask: Tensor | None
    ) -> Tensor:
        """Return all states (batch, time, state_size), one step after the other."""
        prepared = self._prepare()
        drives = self._drive(prepared, inputs)
        states = []
        for index in range(inputs.shape[1]):
            now = time if isinstance(time, float) else time[:, index : index + 1]
            new = self._step_once(prepared, drives, index, inputs, state, now)
            state = new if mask is None else torch.where(mask[:, index : index + 1], new, state)
            states.append(state)
        return torch.stack(states, dim=1)

    def _step_once(
        self,
        prepared: Any,
        drives: Any,
        index: int,
        inputs: Tensor,
        state: Tensor,
        time: float | Tensor,
    ) -> Tensor:
        drive = drives[:, index]
        if self.memory is None:
            return self._advance(prepared, drive, state, time)
        liquid, cell = self.memory(inputs[:, index], *state.chunk(2, dim=1))
        return torch.cat((self._advance(prepared, drive, liquid, time), cell), dim=1)

    def _read(
        self,
        inputs: Tensor,
        state: Tensor | None,
        elapsed_time: float | Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor, float | Tensor, Tensor | None]:
        """Check what a caller gave; time comes back in time units."""
        batch, steps, features = inputs.shape
        if features != self.num_inputs or steps == 0:
            raise ValueError(
                f'inputs must be {self._shape_text()} with at least one step, got '
                f'{tuple(inputs.shape)}'
            )
        like = self._like()
        if inputs.dtype != like.dtype:
            if not torch.is_autocast_enabled(inputs.device.type):
                raise ValueError(
                    f'inputs must be {like.dtype} as the layer is, got {inputs.dtype}; convert '
                    'one of them with .to(dtype)'
                )
            inputs = inputs.to(like.dtype)
        if state is None:
            state = like.new_zeros(batch, self.state_size)
        elif state.shape != (batch, self.state_size):
            raise ValueError(
                f'state must be (batch, state_size) = ({batch}, {self.state_size}), got '
                f'{tuple(state.shape)}'
            )
        elif state.dtype != like.dtype:
            state = state.to(like.dtype)
        if mask is not None:
            if mask.shape != (batch, steps) or mask.dtype != torch.bool:
                raise ValueError(
                    f'mask must be boolean (batch, time) = ({batch}, {steps}), got {mask.dtype} '
                    f'{tuple(mask.shape)}'
                )
            # Padding may hold anything, and zero times NaN is NaN: take it out before any sum.
            inputs = torch.where(mask.unsqueeze(-1), inputs, 0.0)
        return inputs, state, self._read_time(elapsed_time, batch, steps, mask, like), mask

    def _read_time(
        self,
        elapsed_time: float | Tensor | None,
        batch: int,
        steps: int,
        mask: Tensor | None,
        like: Tensor,
    ) -> float | Tensor:
        if elapsed_time is None:
            elapsed_time = self.typical_elapsed_time
        if not isinstance(elapsed_time, Tensor):
            seconds = float(elapsed_time)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ValueError(
                    f'elapsed_time must be finite and not negative seconds, got {seconds}'
                )
            return seconds / self.time_unit
        if elapsed_time.shape not in ((), (batch,), (batch, steps)):
            raise ValueError(
                f'elapsed_time must be a number, (batch,) = ({batch},) or (batch, time) = '
                f'({batch}, {steps}), got {tuple(elapsed_time.shape)}'
            )
        time = elapsed_time.to(like)
        if time.dim() == 1:
            time = time.unsqueeze(1)
        time = time.expand(batch, steps)
        if mask is not None:
            time = torch.where(mask, time, 0.0)
        if not _is_eager(time):
            return time / self.time_unit
        is_valid = (time >= 0) & (time < math.inf)
        if not _is_at_hand(time):
            # Looking would wait for the device, and a graph of it could not be captured.
            return torch.where(is_valid, time / self.time_unit, math.nan)
        if not bool(is_valid.all()):
            raise ValueError(
                'elapsed_time must be finite and not negative seconds, got values from '
                f'{time.min().item()} to {time.max().item()}'
            )
        return time / self.time_unit

    def _add_batch(
        self,
        inputs: Tensor,
        state: Tensor | None,
        elapsed_time: float | Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor | None, float | Tensor | None, Tensor | None]:
        if state is not None:
            if state.dim() != 1:
                raise ValueError(
                    f'state of a sequence without a batch must be ({self.state_size},), got '
                    f'{tuple(state.shape)}'
                )
            state = state.unsqueeze(0)
        if isinstance(elapsed_time, Tensor) and elapsed_time.dim() == 1:
            elapsed_time = elapsed_time.unsqueeze(0)
        if mask is not None:
            mask = mask.unsqueeze(0)
        return inputs.unsqueeze(0), state, elapsed_time, mask

    def _shape_text(self) -> str:
        order = 'batch, time' if self.batch_first else 'time, batch'
        return f'({order}, {self.num_inputs})'


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


def _swap(value: float | Tensor | None) -> Any:
    return value.transpose(0, 1) if isinstance(value, Tensor) and value.dim() == 2 else value


def can_step_fast(inputs: Tensor) -> bool:
    """Return whether a single step without gradients may use buffers and plain arithmetic.

    It compares weights before each step, which on a GPU would wait for the device.
    """
    return (
        inputs.shape[1] == 1
        and not torch.is_grad_enabled()
        and _is_at_hand(inputs)
        and _is_eager(inputs)
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def is_same(kept: Tensor, values: Tensor) -> bool:
    """Return whether two vectors hold the same numbers in the same place and precision."""
    return (
        kept.device == values.device and kept.dtype == values.dtype and torch.equal(kept, values)
    )


def can_use_kernel(inputs: Tensor) -> bool:
    """Return whether a hand-written sequence pays and may run: eager, outside of transforms."""
    return (
        inputs.shape[1] > 1
        and _is_eager(inputs)
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def _is_eager(values: Tensor) -> bool:
    """Return whether values are computed: not while compiling, exporting or on the meta device."""
    return not (
        torch.compiler.is_compiling() or torch.jit.is_tracing() or values.device.type == 'meta'
    )


def _is_at_hand(values: Tensor) -> bool:
    """Return whether looking at values waits for nothing."""
    return values.device.type == 'cpu'
