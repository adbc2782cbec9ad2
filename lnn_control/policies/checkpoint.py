# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A policy on disk: a folder with config.json, model.safetensors and a model card."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from lnn_control.core.config import parse_config
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.whole_file import write_whole
from lnn_control.policies.folders import CheckpointError, find_checkpoint
from lnn_control.policies.memories import DEFAULT_MEMORY
from lnn_control.policies.network import Network
from lnn_control.policies.network_config import NetworkConfig
from lnn_control.policies.network_policy import NetworkPolicy

FORMAT = 'lnn_control/checkpoint/2'
_OLD_FORMAT = 'lnn_control/checkpoint/1'  # without a domain
# Of checkpoints from before there were other memories.
_FIRST_MEMORY = {'memory': DEFAULT_MEMORY, 'memory_option': []}
# How the weights of liquid layers are called in files and in the network.
_FILE_PREFIX, _NETWORK_PREFIX = 'liquid.', 'memory.liquid.'


def save_checkpoint(
    folder: Path,
    name: str,
    network: Network,
    training: dict[str, Any],
    domain: TrainingDomain | None = None,
) -> None:
    """Write a network with everything needed to fly it and to train it again.

    :param training: settings, data, losses, versions and commit, as JSON values.
    :param domain: what it was trained for; None if nobody knows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        _replace_prefix(key, _NETWORK_PREFIX, _FILE_PREFIX): value.contiguous()
        for key, value in network.state_dict().items()
    }
    config = {
        'format': FORMAT,
        'name': name,
        'network': asdict(network.config),
        'num_parameters': network.num_parameters(),
        'memory': {
            'kind': network.memory.kind,
            'words': network.memory.words,
            'neurons': _count_neurons(network),
            'num_parameters': network.count_parts(),
        },
        **({} if network.wiring is None else {'wiring': network.wiring.to_dict()}),
        'domain': asdict(domain or TrainingDomain()),
        'training': training,
    }
    text = json.dumps(config, indent=2) + '\n'
    # Written by ourselves so that the files get the usual permissions: others may read them.
    for name, data in (('model.safetensors', save(state)), ('config.json', text.encode())):
        with write_whole(folder / name) as stream:
            stream.write(data)


def _replace_prefix(key: str, old: str, new: str) -> str:
    return new + key.removeprefix(old) if key.startswith(old) else key


def _count_neurons(network: Network) -> dict[str, int]:
    """Return how many neurons of each kind the memory has."""
    groups = network.memory.circuit.neuron_groups
    return {group.name: group.stop - group.start for group in groups}


def read_config(folder: Path) -> dict[str, Any]:
    """Return a checkpoint's config.json.

    :raises CheckpointError: if it cannot be read, is of another format or has no name.
    """
    path = folder / 'config.json'
    try:
        config = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f'{path} must be JSON, but cannot be read: {error}') from error
    found = config.get('format') if isinstance(config, dict) else type(config).__name__
    if found not in (FORMAT, _OLD_FORMAT):
        raise CheckpointError(f'{path} must have format {FORMAT!r}, got {found!r}')
    if not isinstance(config.get('name'), str):
        raise CheckpointError(f'{path} must have a name, got {config.get("name")!r}')
    return config


def read_domain(folder: Path) -> TrainingDomain:
    """Return what a checkpoint was trained for; one of format 1 does not say.

    :raises CheckpointError: if config.json says it in another way.
    """
    config = read_config(folder)
    if config['format'] == _OLD_FORMAT:
        return TrainingDomain()
    try:
        return parse_config(TrainingDomain, config.get('domain'), 'domain')
    except ValueError as error:
        raise CheckpointError(f'{folder / "config.json"}: {error}') from error


def _make_network(path: Path, config: dict[str, Any]) -> Network:
    values: Any = config.get('network')
    if isinstance(values, dict) and not _FIRST_MEMORY.keys() & values.keys():
        values = {**_FIRST_MEMORY, **values}
    try:
        described = parse_config(NetworkConfig, values, 'network')
        missing = list(_find_missing_keys(asdict(described), values))
        if missing:
            raise ValueError(f'network: missing keys {missing}: copy config.json again')
        return Network(described)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f'{path} does not describe a network: {error}') from error


def _find_missing_keys(
    expected: dict[str, Any], values: dict[str, Any], prefix: str = ''
) -> Iterator[str]:
    """Yield the keys that are not there: today's defaults are not those it was trained with."""
    for key, value in expected.items():
        if key not in values:
            yield f'{prefix}{key}'
        elif isinstance(value, dict):
            yield from _find_missing_keys(value, values[key], f'{prefix}{key}.')


def load_network(folder: Path) -> Network:
    """Return the trained network of a checkpoint.

    :raises CheckpointError: if a file is missing, broken, or does not fit the other.
    """
    config = read_config(folder)
    network = _make_network(folder / 'config.json', config)
    path = folder / 'model.safetensors'
    try:
        read = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f'{path} cannot be read: {error}: copy the file again') from error
    state = {_replace_prefix(key, _FILE_PREFIX, _NETWORK_PREFIX): read[key] for key in read}
    expected = network.state_dict()
    wrong = sorted(
        f'{key} {tuple(state[key].shape) if key in state else "missing"}'
        for key in expected
        if key not in state or state[key].shape != expected[key].shape
    )
    wrong += sorted(f'{key} unknown' for key in state if key not in expected)
    if wrong:
        raise CheckpointError(f'{path} does not fit config.json: {", ".join(wrong[:4])}')
    broken = sorted(key for key, value in state.items() if not torch.isfinite(value).all())
    if broken:
        raise CheckpointError(f'{path} must hold finite weights, got NaN or infinity in {broken}')
    network.load_state_dict(state)
    made = None if network.wiring is None else network.wiring.to_dict()
    if made != config.get('wiring'):
        raise CheckpointError(
            f'{folder / "config.json"} names another wiring than the one made from its seed'
        )
    return network


def limit_threads(count: int) -> None:
    """Let torch compute on so many threads, in all of this process."""
    torch.set_num_threads(count)


def load_policy(name_or_path: str | Path) -> NetworkPolicy:
    """Return the policy of a checkpoint, ready to fly.

    :param name_or_path: a folder, or the name of a shipped checkpoint.
    :raises CheckpointError: if there is no such checkpoint or it is broken.
    """
    folder = find_checkpoint(name_or_path)
    return NetworkPolicy(read_config(folder)['name'], load_network(folder), read_domain(folder))
