# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a network is made of, as commands and checkpoints say it."""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lnn_control.core.checks import check_number
from lnn_control.core.config import parse_config
from lnn_control.core.observation import Preprocessing
from lnn_control.policies.memories import DEFAULT_MEMORY, MEMORIES

if TYPE_CHECKING:
    from lnn_control.policies.memories.memory import Memory

# Options of memories that have a field of their own here.
_NAMED = ('num_neurons', 'sparsity', 'wiring_seed')


@dataclass(frozen=True)
class NetworkConfig:
    """Which memory, and the sizes of the network."""

    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """What its image is made of."""
    channels: tuple[int, int, int, int] = (12, 18, 26, 24)
    """Of the encoder's four convolutions."""
    num_places: int = 14
    """How many of the last channels say where one thing is."""
    memory: str = DEFAULT_MEMORY
    """What remembers: a name that `lnn-control list memories` shows, or module:Class."""
    num_neurons: int | None = None
    """Of a memory that has neurons, motor neurons included; its own number if not given."""
    sparsity: float | None = None
    """Share of possible synapses that a neural circuit policy leaves out, 0.1 to 0.9; its own if
    not given."""
    wiring_seed: int | None = None
    """Of a neural circuit policy's random wiring; its own if not given."""
    memory_option: tuple[str, ...] = ()
    """What else the memory lets one choose, written NAME=VALUE."""
    typical_elapsed_time: float = 0.05
    """Time between images, which sets the initial time constants [s]."""

    def __post_init__(self) -> None:
        check_number('typical_elapsed_time', self.typical_elapsed_time, 1e-3, 10.0, 's')
        _ = self.memory_options

    @property
    def memory_class(self) -> 'type[Memory]':
        """The class of the memory."""
        return MEMORIES.find(self.memory)

    @cached_property
    def memory_options(self) -> Any:
        """The memory's own dataclass of options, with its defaults where nothing was chosen.

        :raises ValueError: if it has no option that was chosen, or not with this value.
        """
        named = {name: getattr(self, name) for name in _NAMED}
        given = [(name, value) for name, value in named.items() if value is not None]
        chosen: dict[str, Any] = {}
        for name, value in [*given, *map(_read_option, self.memory_option)]:
            if name in chosen:
                raise ValueError(f'{name} of memory {self.memory!r} is given twice')
            chosen[name] = value
        self._check_names(chosen)
        return parse_config(self.memory_class.options, chosen, f'memory {self.memory!r}')

    def _check_names(self, chosen: Iterable[str]) -> None:
        """Check that the memory has every option: one without effect would be a silent mistake."""
        names = [entry.name for entry in fields(self.memory_class.options)]
        for name in chosen:
            if name not in names:
                closest = difflib.get_close_matches(name, names, n=1)
                hint = f'; did you mean {closest[0]!r}?' if closest else ''
                raise ValueError(
                    f'memory {self.memory!r} has no option {name!r}, it has {names}{hint}'
                )

    def fill(self) -> 'NetworkConfig':
        """Return the same with every option of the memory written out.

        Tomorrow's defaults may be others than those that a network was trained with.
        """
        options = asdict(self.memory_options)
        named: dict[str, Any] = {name: options.get(name) for name in _NAMED}
        others = tuple(sorted(_write_options(options)))
        return replace(self, memory_option=others, **named)


def _read_option(text: str) -> tuple[str, Any]:
    """Return name and value of `name=value`; a value that is no JSON is a text."""
    name, separator, value = text.partition('=')
    if not separator:
        raise ValueError(f'an option of a memory is written as name=value, got {text!r}')
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _write_options(options: dict[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if name not in _NAMED:
            yield f'{name}={json.dumps(value)}'
