# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The synapses of a liquid layer as C has them: for each neuron its sources and their values."""

from collections.abc import Sequence
from typing import NamedTuple

from lnn_control.liquid import LiquidLayer


class Ends(NamedTuple):
    """A neuron or an input, by what it is called and its number."""

    kind: str
    number: int


class WiredSynapse(NamedTuple):
    """A synapse with numbers in the place of names."""

    source: Ends
    target: int
    values: dict[str, float]


def read_synapses(layer: LiquidLayer) -> list[WiredSynapse]:
    """Return every synapse of a layer, sorted by target; of each the inputs come first."""
    found = [
        WiredSynapse(_read_name(each.source), _read_name(each.target).number, dict(each.values))
        for each in layer.list_synapses()
    ]
    return sorted(found, key=lambda one: (one.target, one.source.kind != 'input', one.source))


def _read_name(name: str) -> Ends:
    kind, _, index = name.rpartition(' ')
    return Ends(kind, int(index))


def group_by_target(synapses: Sequence[WiredSynapse], targets: range) -> list[list[WiredSynapse]]:
    """Return the synapses of each neuron of a range."""
    groups: dict[int, list[WiredSynapse]] = {target: [] for target in targets}
    for synapse in synapses:
        if synapse.target in groups:
            groups[synapse.target].append(synapse)
    return list(groups.values())


def choose_index_type(num_sources: int) -> str:
    """Return the smallest type in C that counts so many sources."""
    return 'uint8_t' if num_sources <= 256 else 'uint16_t'
