# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Wirings: immutable recipes that say which neuron listens to which.

A recipe (:class:`NCPWiring`, :class:`RandomWiring`, :class:`FullyConnectedWiring`) does not know
how many inputs there will be. ``recipe.connect(num_inputs)`` draws the synapses and returns a
:class:`Circuit`. The same recipe and the same number of inputs give the same circuit, always.
"""

from __future__ import annotations

import abc
import dataclasses
import json
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

EXCITATORY_FRACTION = 2 / 3


class Wiring(abc.ABC):
    """Anything that becomes a :class:`Circuit` once the number of inputs is known."""

    kind: str
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @abc.abstractmethod
    def connect(self, num_inputs: int) -> Circuit:
        """Return the circuit for `num_inputs` sensory neurons."""

    @abc.abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` makes an equal wiring."""

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Wiring:
        """Return the wiring that :meth:`to_dict` described."""
        fields = dict(data)
        kind = fields.pop('kind', None)
        if kind not in WIRINGS:
            raise ValueError(f"'kind' of a wiring must be one of {sorted(WIRINGS)}, got {kind!r}")
        return WIRINGS[kind]._from_fields(fields)

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Wiring:
        known = set(cls.__dataclass_fields__)
        if unknown := set(fields) - known:
            raise ValueError(
                f'{cls.__name__} has the fields {sorted(known)}, got also {sorted(unknown)}'
            )
        return cls(**fields)

    def to_json(self) -> str:
        """Return :meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict())

    @staticmethod
    def from_json(text: str) -> Wiring:
        """Return the wiring that :meth:`to_json` wrote."""
        return Wiring.from_dict(json.loads(text))


@dataclasses.dataclass(frozen=True)
class Layer:
    """A named range of neighbouring neurons that a CfC updates together."""

    name: str
    start: int
    stop: int


@dataclasses.dataclass(frozen=True, eq=False)
class Circuit(Wiring):
    """Every synapse of a network, as signed adjacency matrices.

    Neurons are numbered output first: the motor neurons are ``0 … num_outputs - 1``.

    :param sensory_polarity: (num_inputs, num_neurons), entry [source, target]: +1 excitatory,
        -1 inhibitory, 0 no synapse.
    :param internal_polarity: (num_neurons, num_neurons), the same between neurons.
    :param num_outputs: How many motor neurons there are.
    :param layers: Ranges of neurons in the order signals travel. Empty: all neurons are one layer.
        Synapses may lead from a layer to itself or to the next one, inputs to the first one.
    """

    sensory_polarity: NDArray[np.int8]
    internal_polarity: NDArray[np.int8]
    num_outputs: int
    layers: tuple[Layer, ...] = ()
    kind = 'circuit'

    def __post_init__(self) -> None:
        for name in ('sensory_polarity', 'internal_polarity'):
            polarity = np.array(getattr(self, name), dtype=np.int8)
            if polarity.ndim != 2 or not np.isin(polarity, (-1, 0, 1)).all():
                raise ValueError(
                    f'{name} must be a matrix of -1, 0 and 1, got shape {polarity.shape} with '
                    f'values {np.unique(polarity).tolist()}'
                )
            polarity.setflags(write=False)
            object.__setattr__(self, name, polarity)
        layers = tuple(self.layers) or (Layer('neuron', 0, self.num_neurons),)
        object.__setattr__(self, 'layers', layers)
        self._check_shapes()
        self._check_layers()

    def _check_shapes(self) -> None:
        size = self.internal_polarity.shape[0]
        if self.internal_polarity.shape != (size, size) or self.sensory_polarity.shape[1] != size:
            raise ValueError(
                'internal_polarity must be (num_neurons, num_neurons) and sensory_polarity '
                f'(num_inputs, num_neurons), got {self.internal_polarity.shape} and '
                f'{self.sensory_polarity.shape}'
            )
        if not 1 <= self.num_outputs <= size:
            raise ValueError(
                f'num_outputs must be between 1 and the {size} neurons, got {self.num_outputs}'
            )

    def _check_layers(self) -> None:
        covered = sorted(i for layer in self.layers for i in range(layer.start, layer.stop))
        if covered != list(range(self.num_neurons)):
            raise ValueError(
                f'layers must hold each of the {self.num_neurons} neurons exactly once, got '
                f'{self.layers}'
            )
        if len(self.layers) == 1:
            return
        rank = np.empty(self.num_neurons, dtype=int)
        for position, layer in enumerate(self.layers):
            rank[layer.start : layer.stop] = position
        source, target = np.nonzero(self.internal_polarity)
        step = rank[target] - rank[source]
        if (
            not np.isin(step, (0, 1)).all()
            or (rank[np.nonzero(self.sensory_polarity)[1]] > 0).any()
        ):
            raise ValueError(
                'a layered circuit must lead inputs to its first layer, each layer to itself or '
                'to the next one; pass layers=() to update all neurons together instead'
            )

    @property
    def num_inputs(self) -> int:
        """How many sensory neurons there are."""
        return self.sensory_polarity.shape[0]

    @property
    def num_neurons(self) -> int:
        """How many neurons have a state."""
        return self.internal_polarity.shape[0]

    @property
    def num_sensory_synapses(self) -> int:
        """How many synapses lead from the inputs to neurons."""
        return int(np.count_nonzero(self.sensory_polarity))

    @property
    def num_internal_synapses(self) -> int:
        """How many synapses lead from neuron to neuron."""
        return int(np.count_nonzero(self.internal_polarity))

    @property
    def num_synapses(self) -> int:
        """How many synapses there are in all."""
        return self.num_sensory_synapses + self.num_internal_synapses

    def neuron_kind(self, neuron: int) -> str:
        """Return 'motor' for an output neuron, else the name of its layer or 'inter'."""
        if neuron < self.num_outputs:
            return 'motor'
        if len(self.layers) == 1:
            return 'inter'
        return next(layer.name for layer in self.layers if layer.start <= neuron < layer.stop)

    def connect(self, num_inputs: int) -> Circuit:
        """Return this circuit if it has `num_inputs` inputs."""
        if num_inputs != self.num_inputs:
            raise ValueError(
                f'this circuit was drawn for {self.num_inputs} inputs, not for {num_inputs}; '
                'pass the recipe (such as NCPWiring) instead of the circuit'
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with one (source, target, polarity) entry for each synapse."""
        return {
            'kind': self.kind,
            'num_inputs': self.num_inputs,
            'num_neurons': self.num_neurons,
            'num_outputs': self.num_outputs,
            'layers': [[layer.name, layer.start, layer.stop] for layer in self.layers],
            'sensory_synapses': _list_synapses(self.sensory_polarity),
            'internal_synapses': _list_synapses(self.internal_polarity),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Circuit:
        num_inputs, num_neurons = fields['num_inputs'], fields['num_neurons']
        sensory = np.zeros((num_inputs, num_neurons), dtype=np.int8)
        internal = np.zeros((num_neurons, num_neurons), dtype=np.int8)
        for source, target, polarity in fields['sensory_synapses']:
            sensory[source, target] = polarity
        for source, target, polarity in fields['internal_synapses']:
            internal[source, target] = polarity
        layers = tuple(Layer(*layer) for layer in fields['layers'])
        return cls(sensory, internal, fields['num_outputs'], layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Circuit) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.sensory_polarity.tobytes(), self.internal_polarity.tobytes()))


def _list_synapses(polarity: NDArray[np.int8]) -> list[list[int]]:
    return [[int(s), int(t), int(polarity[s, t])] for s, t in np.argwhere(polarity)]


class _Recipe(Wiring):
    """A wiring whose fields are plain numbers."""

    def to_dict(self) -> dict[str, Any]:
        return {
            'kind': self.kind,
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
        }


@dataclasses.dataclass(frozen=True)
class FullyConnectedWiring(_Recipe):
    """Every input and every neuron reaches every neuron."""

    num_neurons: int
    num_outputs: int | None = None
    seed: int = 0
    kind = 'fully_connected'

    def __post_init__(self) -> None:
        _check_count('num_neurons', self.num_neurons, 1)
        if self.num_outputs is not None:
            _check_count('num_outputs', self.num_outputs, 1, self.num_neurons)

    def connect(self, num_inputs: int) -> Circuit:
        """Return the dense circuit; only the polarities are random."""
        _check_count('num_inputs', num_inputs, 1)
        draw = _Draw(self.seed, EXCITATORY_FRACTION)
        internal = draw.polarities((self.num_neurons, self.num_neurons))
        sensory = draw.polarities((num_inputs, self.num_neurons))
        return Circuit(sensory, internal, _count_outputs(self))


@dataclasses.dataclass(frozen=True)
class RandomWiring(_Recipe):
    """A share of all possible synapses, drawn evenly.

    :param sparsity: Share of the possible synapses that do not exist, in [0, 1).
    """

    num_neurons: int
    num_outputs: int | None = None
    sparsity: float = 0.5
    seed: int = 0
    kind = 'random'

    def __post_init__(self) -> None:
        _check_count('num_neurons', self.num_neurons, 1)
        if self.num_outputs is not None:
            _check_count('num_outputs', self.num_outputs, 1, self.num_neurons)
        if not 0 <= self.sparsity < 1:
            raise ValueError(f'sparsity must be in [0, 1), got {self.sparsity}')

    def connect(self, num_inputs: int) -> Circuit:
        """Return a circuit with exactly the asked share of synapses."""
        _check_count('num_inputs', num_inputs, 1)
        draw = _Draw(self.seed, EXCITATORY_FRACTION)
        internal = self._draw_matrix(draw, self.num_neurons)
        sensory = self._draw_matrix(draw, num_inputs)
        return Circuit(sensory, internal, _count_outputs(self))

    def _draw_matrix(self, draw: _Draw, num_sources: int) -> NDArray[np.int8]:
        size = num_sources * self.num_neurons
        flat = np.zeros(size, dtype=np.int8)
        chosen = draw.choose(np.arange(size), round(size * (1 - self.sparsity)))
        flat[chosen] = draw.polarities((len(chosen),))
        return flat.reshape(num_sources, self.num_neurons)


@dataclasses.dataclass(frozen=True)
class NCPWiring(_Recipe):
    """A neural circuit policy: inputs -> inter -> command (recurrent) -> motor neurons.

    Lechner et al., "Neural circuit policies enabling auditable autonomy", Nature Machine
    Intelligence 2 (2020). Neurons are numbered motor, command, inter.

    :param sensory_fanout: How many inter neurons each input reaches.
    :param inter_fanout: How many command neurons each inter neuron reaches.
    :param num_recurrent_command_synapses: Distinct synapses among the command neurons.
    :param motor_fanin: How many command neurons each motor neuron listens to.
    """

    num_inter: int
    num_command: int
    num_motor: int
    sensory_fanout: int
    inter_fanout: int
    num_recurrent_command_synapses: int
    motor_fanin: int
    seed: int = 0
    kind = 'ncp'

    def __post_init__(self) -> None:
        for name in ('num_inter', 'num_command', 'num_motor'):
            _check_count(name, getattr(self, name), 1)
        _check_count('sensory_fanout', self.sensory_fanout, 1, self.num_inter)
        _check_count('inter_fanout', self.inter_fanout, 1, self.num_command)
        _check_count('motor_fanin', self.motor_fanin, 1, self.num_command)
        _check_count(
            'num_recurrent_command_synapses',
            self.num_recurrent_command_synapses,
            0,
            self.num_command**2,
        )

    @classmethod
    def from_num_neurons(
        cls, num_neurons: int, num_motor: int, sparsity: float = 0.5, seed: int = 0
    ) -> NCPWiring:
        """Choose the sizes of an NCP: two fifths of the neurons that are not motor are command.

        :param sparsity: 0.1 (dense) to 0.9 (very sparse): the fan-outs and the fan-in are
            ``1 - sparsity`` of the neurons they could reach.
        """
        if not 0.1 <= sparsity <= 0.9:
            raise ValueError(f'sparsity must be between 0.1 and 0.9, got {sparsity}')
        if num_motor > num_neurons - 2:
            raise ValueError(
                f'an NCP needs one inter and one command neuron beside its {num_motor} motor '
                f'neurons: num_neurons must be at least {num_motor + 2}, got {num_neurons}'
            )
        num_command = max(1, int(0.4 * (num_neurons - num_motor)))
        num_inter = num_neurons - num_motor - num_command
        density = 1.0 - sparsity
        return cls(
            num_inter=num_inter,
            num_command=num_command,
            num_motor=num_motor,
            sensory_fanout=max(1, int(density * num_inter)),
            inter_fanout=max(1, int(density * num_command)),
            num_recurrent_command_synapses=min(
                num_command**2, max(1, int(2 * density * num_command))
            ),
            motor_fanin=max(1, int(density * num_command)),
            seed=seed,
        )

    @property
    def num_neurons(self) -> int:
        """How many neurons have a state."""
        return self.num_inter + self.num_command + self.num_motor

    @property
    def num_outputs(self) -> int:
        """How many motor neurons there are."""
        return self.num_motor

    def connect(self, num_inputs: int) -> Circuit:
        """Return the circuit; every neuron has a way in, every command neuron a way out."""
        _check_count('num_inputs', num_inputs, 1)
        draw = _Draw(self.seed, 0.5)
        first_inter = self.num_motor + self.num_command
        motor = np.arange(self.num_motor)
        command = np.arange(self.num_motor, first_inter)
        inter = np.arange(first_inter, self.num_neurons)
        sensory = np.zeros((num_inputs, self.num_neurons), dtype=np.int8)
        internal = np.zeros((self.num_neurons, self.num_neurons), dtype=np.int8)
        _fan_out(draw, sensory, np.arange(num_inputs), inter, self.sensory_fanout)
        _fan_out(draw, internal, inter, command, self.inter_fanout)
        pairs = draw.choose(np.arange(len(command) ** 2), self.num_recurrent_command_synapses)
        source, target = command[pairs // len(command)], command[pairs % len(command)]
        internal[source, target] = draw.polarities((len(pairs),))
        _fan_out(draw, internal.T, motor, command, self.motor_fanin)
        layers = (
            Layer('inter', first_inter, self.num_neurons),
            Layer('command', self.num_motor, first_inter),
            Layer('motor', 0, self.num_motor),
        )
        return Circuit(sensory, internal, self.num_motor, layers)


def _fan_out(
    draw: _Draw,
    polarity: NDArray[np.int8],
    origins: NDArray[np.int64],
    reached: NDArray[np.int64],
    fanout: int,
) -> None:
    """Connect each origin to `fanout` of `reached`, then the forgotten ones to some origins."""
    for origin in origins:
        chosen = draw.choose(reached, fanout)
        polarity[origin, chosen] = draw.polarities((fanout,))
    share = min(max(1, len(origins) * fanout // len(reached)), len(origins))
    for forgotten in reached[~polarity[np.ix_(origins, reached)].any(axis=0)]:
        chosen = draw.choose(origins, share)
        polarity[chosen, forgotten] = draw.polarities((share,))


class _Draw:
    """Random choices that stay the same in every version of NumPy.

    RandomState is the one generator whose stream NumPy promises never to change (NEP 19). A
    checkpoint that stores a recipe and a seed depends on that promise.
    """

    def __init__(self, seed: int, excitatory_fraction: float) -> None:
        self._random = np.random.RandomState(seed)
        self._excitatory_fraction = excitatory_fraction

    def choose(self, candidates: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Return `count` different candidates."""
        return candidates[
            np.argsort(self._random.random_sample(len(candidates)), kind='stable')[:count]
        ]

    def polarities(self, shape: tuple[int, ...]) -> NDArray[np.int8]:
        """Return +1 and -1."""
        excitatory = self._random.random_sample(shape) < self._excitatory_fraction
        return np.where(excitatory, 1, -1).astype(np.int8)


def _count_outputs(wiring: FullyConnectedWiring | RandomWiring) -> int:
    return wiring.num_neurons if wiring.num_outputs is None else wiring.num_outputs


def _check_count(name: str, value: int, lowest: int, highest: int | None = None) -> None:
    """Raise unless `value` is a whole number in the range."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f'{name} must be a whole number, got {value!r}')
    if value < lowest or (highest is not None and value > highest):
        limit = f'at least {lowest}' if highest is None else f'from {lowest} to {highest}'
        raise ValueError(f'{name} must be {limit}, got {value}')


def as_wiring(wiring: Wiring | int) -> Wiring:
    """Return a wiring; a number stands for that many fully connected neurons."""
    if isinstance(wiring, Wiring):
        return wiring
    if isinstance(wiring, int) and not isinstance(wiring, bool):
        return FullyConnectedWiring(wiring)
    raise ValueError(
        f'wiring must be a Wiring or a number of neurons, got {type(wiring).__name__}; one of '
        'ncps goes through lnn_control.liquid.circuit_from_ncps first'
    )


WIRINGS: dict[str, type[Wiring]] = {
    'fully_connected': FullyConnectedWiring,
    'random': RandomWiring,
    'ncp': NCPWiring,
    'circuit': Circuit,
}
