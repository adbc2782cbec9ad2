# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every memory is: features and a state in, what steers and the next state out."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lnn_control.core.circuit import Circuit
from lnn_control.liquid import Wiring

State = Any
"""Tensors, nested in tuples, lists or dicts; the first dimension of each is the batch."""


@dataclass(frozen=True)
class MemoryShape:
    """What a network asks of its memory.

    :param num_features: of each step. :param num_outputs: one a command.
    :param typical_elapsed_time: usual time between two steps [s].
    """

    num_features: int
    num_outputs: int
    typical_elapsed_time: float


@dataclass(frozen=True)
class NoOptions:
    """Of a memory that has nothing to choose."""


class Memory(nn.Module, ABC):
    """The part of a network between the encoder and the commands.

    A memory of another package is a subclass with an `__init__` of the same two arguments, and two
    methods. Initial weights come from torch's generator, so that a seed decides them.

    :cvar options: frozen dataclass of what can be chosen, such as a number of neurons; every field
        has a default. It checks its values.
    :cvar kind: what a network with this memory is called, such as 'recurrent neural network'.
    :cvar words: what the memory is made of, in a few words, for people.
    :cvar can_silence: whether neurons can be cut off from all others, to see what they do.
    """

    options: ClassVar[type[Any]] = NoOptions
    kind: ClassVar[str] = 'neural network'
    words: ClassVar[str] = 'of another package'
    can_silence: ClassVar[bool] = False

    def __init__(self, shape: MemoryShape, options: Any) -> None:
        super().__init__()
        if not isinstance(options, self.options):
            raise TypeError(
                f'options of {type(self).__name__} must be {self.options.__name__}, got '
                f'{type(options).__name__}'
            )
        self.shape = shape

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """Return the state before the first step, on the device of the weights."""

    @abstractmethod
    def forward(
        self, features: Tensor, state: State, elapsed_time: Tensor
    ) -> tuple[Tensor, State]:
        """Return what steers, about -1 to 1, shape (batch, steps, outputs), and the next state.

        A sequence gives what its steps one by one give. The state handed in stays as it is.

        :param features: shape (batch, steps, features).
        :param elapsed_time: before each step [s], shape (batch, steps).
        """

    def neuron_activity(self, state: State) -> Tensor:
        """Return the state of every neuron, shape (batch, neurons); empty where there is none."""
        return torch.zeros(0)

    def time_constants(self, features: Tensor, elapsed_time: Tensor) -> Tensor:
        """Return how slowly each neuron forgets along a sequence that starts afresh [s].

        :param features: as :meth:`forward` takes them. :param elapsed_time: likewise.
        :return: shape (batch, steps, neurons); empty where there is no such thing.
        """
        return torch.zeros(0)

    def silence(self, neuron: int) -> None:
        """Cut what goes from a neuron of the circuit to all others, in place.

        :raises ValueError: where `can_silence` says that it cannot be done.
        """
        raise ValueError(f'a memory of {self.words} has no neurons that can be silenced')

    @property
    def circuit(self) -> Circuit:
        """Neurons and synapses for display, neurons as :meth:`neuron_activity` orders them."""
        return Circuit()

    @property
    def wiring(self) -> Wiring | None:
        """Who listens to whom, None where that is no choice."""
        return None


def check_memory(entry: object) -> None:
    """Check that an entry of another package is a memory that can be made.

    :raises ValueError: if not.
    """
    if not (isinstance(entry, type) and issubclass(entry, Memory)):
        raise ValueError(f'expected a subclass of {Memory.__module__}.Memory, got {entry!r}')
    missing = sorted(getattr(entry, '__abstractmethods__', ()))
    if missing:
        raise ValueError(f'a memory must have {" and ".join(missing)}')
    if not dataclasses.is_dataclass(entry.options):
        raise ValueError(f'options of a memory must be a dataclass, got {entry.options!r}')
