# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint as a program: its files, a manifest, and a recorded flight to test it with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.provenance import describe_versions
from lnn_control.core.whole_file import write_whole
from lnn_control.deploy.c_program.build import build_c
from lnn_control.deploy.flight import GAP, RecordedFlight, write_vectors
from lnn_control.deploy.manifest_text import describe_interface
from lnn_control.deploy.onnx_model import build_onnx
from lnn_control.deploy.program import ExportError, Program
from lnn_control.policies.backends.deployment import (
    Deployment,
    hash_file,
    read_manifest,
    write_manifest,
)
from lnn_control.policies.checkpoint import load_network, read_config, read_domain
from lnn_control.policies.folders import MANIFEST, is_deployment
from lnn_control.policies.network import Network
from lnn_control.policies.network_policy import NetworkPolicy

FLIGHT = 'flight.bin'
TOLERANCE = 1e-4
"""How far a program's commands may be from PyTorch's [m/s, rad/s]."""

BUILDERS: dict[str, Callable[[str, Network], Program]] = {
    'onnx': lambda name, network: build_onnx(network),
    'c': build_c,
}
"""Name of what a policy can be exported to -> what makes the program."""


@dataclass(frozen=True, eq=False)
class AnsweredFlight:
    """A flight and the commands of the network in PyTorch to it, shape (n, 4)."""

    flight: RecordedFlight
    commands: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.commands.shape != (len(self.flight), 4):
            raise ValueError(
                f'commands must have shape ({len(self.flight)}, 4), got {self.commands.shape}'
            )


def export_checkpoint(
    checkpoint: Path, output: Path, target: str, answered: AnsweredFlight | None = None
) -> Deployment:
    """Write the policy of a checkpoint as a program.

    :param output: a new or empty folder, or that of an earlier export, which is replaced.
    :param target: what it becomes, 'onnx' or 'c'.
    :param answered: the test vectors; none are written if None.
    :raises ExportError: if the target has no such memory, or the folder holds something else.
    """
    config, network = read_config(checkpoint), load_network(checkpoint)
    program = BUILDERS[target](config['name'], network)
    domain = read_domain(checkpoint)
    prepare_output(output)
    for name, content in program.files.items():
        with write_whole(output / name) as stream:
            stream.write(content)
    deployment = Deployment(
        name=config['name'],
        target=target,
        encoder='float32',
        preprocessing=network.config.preprocessing,
        domain=domain,
        circuit=NetworkPolicy(config['name'], network).circuit,
        state=program.state,
        weights_sha256=hash_file(checkpoint / 'model.safetensors'),
        training_commit=_find_commit(config),
        files={name: hash_file(output / name) for name in program.files},
        export_versions=describe_versions(),
    )
    described = describe_interface(deployment, network.config.typical_elapsed_time)
    if answered is not None:
        described['flight'] = _write_flight(output, answered)
    write_manifest(output, deployment, described)
    return deployment


def prepare_output(output: Path) -> None:
    """Make the folder of an export, and remove what an earlier one left.

    :raises ExportError: if it holds anything else.
    """
    if is_deployment(output):
        earlier = read_manifest(output)
        # First the manifest: without it the rest is no policy.
        (output / MANIFEST).unlink()
        for name in (*earlier.files, FLIGHT):
            (output / name).unlink(missing_ok=True)
    elif output.is_dir() and any(output.iterdir()):
        raise ExportError(
            f'{output} must be a new or empty folder, or that of an earlier export: it holds '
            f'{sorted(path.name for path in output.iterdir())[0]}'
        )
    output.mkdir(parents=True, exist_ok=True)


def _find_commit(config: Mapping[str, Any]) -> str:
    """Return the commit of the code that trained a checkpoint, as far as it is known."""
    versions = config.get('training', {}).get('versions', {})
    return str(versions.get('commit', 'unknown'))


def _write_flight(output: Path, answered: AnsweredFlight) -> dict[str, Any]:
    """Write the test vectors and return what the manifest says of them."""
    flight = answered.flight
    rows = write_vectors(flight, answered.commands)
    with write_whole(output / FLIGHT) as stream:
        stream.write(rows.tobytes())
    return {
        'file': FLIGHT,
        'sha256': hash_file(output / FLIGHT),
        'num_images': len(flight),
        'num_starts': int(flight.starts.sum()),
        'longest_gap': float(flight.elapsed_time.max()),
        'tolerance': TOLERANCE,
        'row': [
            [name, rows.dtype[name].base.str, list(rows.dtype[name].shape)]
            for name in rows.dtype.names or ()
        ],
    }


def check_flight(flight: RecordedFlight) -> None:
    """Check that a flight tests what goes wrong: a start within it and a gap.

    :raises ExportError: if it does not.
    """
    if flight.starts.sum() < 2 or flight.elapsed_time.max() < GAP:
        raise ExportError(
            f'the recorded flight must have two starts and a gap of {GAP:g} s: choose another '
            '--first-seed'
        )
