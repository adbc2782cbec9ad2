# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a checkpoint as a program: its files, a manifest, and a flight to test it with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.provenance import describe_versions
from lnn_control.core.whole_file import write_whole
from lnn_control.deploy.c_program.build import build_c
from lnn_control.deploy.flight import (
    GAP,
    RecordedFlight,
    answer_flight,
    read_vectors,
    write_vectors,
)
from lnn_control.deploy.manifest_text import describe_interface
from lnn_control.deploy.onnx_model import build_onnx
from lnn_control.deploy.program import ExportError, Program
from lnn_control.deploy.quantised import quantise_network
from lnn_control.policies.backends.deployment import (
    TARGETS,
    Deployment,
    hash_file,
    read_manifest,
    write_manifest,
)
from lnn_control.policies.backends.load import load_deployment
from lnn_control.policies.checkpoint import load_network, read_config, read_domain
from lnn_control.policies.folders import MANIFEST, is_deployment
from lnn_control.policies.network_policy import NetworkPolicy

FLIGHT = 'flight.bin'
TOLERANCE = 1e-4
"""How far a program's commands may be from PyTorch's [m/s, rad/s]."""


@dataclass(frozen=True, eq=False)
class Order:
    """What becomes of a checkpoint.

    :param target: 'onnx' or 'c'.
    :param flight: to test the program with; no test vectors are written if None.
    :param calibration: images of flights, shape (n, height, width, 3): the encoder then counts in
        8 bits, scaled by them. None leaves it in floats.
    """

    target: str
    flight: RecordedFlight | None = None
    calibration: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ExportError(f'target must be one of {TARGETS}, got {self.target!r}')
        if self.calibration is not None and self.target != 'c':
            raise ExportError(
                f'only C has an encoder in 8 bits, not {self.target}: leave --encoder int8 out'
            )


def export_checkpoint(checkpoint: Path, output: Path, order: Order) -> Deployment:
    """Write the policy of a checkpoint as a program.

    :param output: a new or empty folder, or that of an earlier export, which is replaced.
    :raises ExportError: if the target has no such memory, or the folder holds something else.
    """
    config, network = read_config(checkpoint), load_network(checkpoint)
    if order.calibration is not None:
        network = quantise_network(network, order.calibration)
    name, domain = config['name'], read_domain(checkpoint)
    policy = NetworkPolicy(name, network, domain)
    program = _build(policy, order.target)
    prepare_output(output)
    for file, content in program.files.items():
        with write_whole(output / file) as stream:
            stream.write(content)
    deployment = Deployment(
        name=name,
        target=order.target,
        encoder='float32' if order.calibration is None else 'int8',
        preprocessing=policy.preprocessing,
        domain=domain,
        circuit=policy.circuit,
        state=program.state,
        weights_sha256=hash_file(checkpoint / 'model.safetensors'),
        training_commit=_find_commit(config),
        files={file: hash_file(output / file) for file in program.files},
        export_versions=describe_versions(),
    )
    described = describe_interface(deployment, network.config.typical_elapsed_time)
    if order.flight is not None:
        described['flight'] = _write_flight(output, order.flight, policy)
    write_manifest(output, deployment, described)
    return deployment


def _build(policy: NetworkPolicy, target: str) -> Program:
    if target == 'onnx':
        return build_onnx(policy.network)
    return build_c(policy.name, policy.network, policy.domain.widest_fov_deg)


def check_output(output: Path) -> None:
    """Check that a folder can take an export.

    :raises ExportError: if it holds anything but an earlier one.
    """
    if output.exists() and not output.is_dir():
        raise ExportError(f'{output} must be a folder, got a file')
    if output.is_dir() and not is_deployment(output) and any(output.iterdir()):
        raise ExportError(
            f'{output} must be a new or empty folder, or that of an earlier export: it holds '
            f'{min(path.name for path in output.iterdir())}'
        )


def prepare_output(output: Path) -> None:
    """Make the folder of an export, and remove what an earlier one left.

    :raises ExportError: if it holds anything else.
    """
    check_output(output)
    if is_deployment(output):
        earlier = read_manifest(output)
        # First the manifest: without it the rest is no policy.
        (output / MANIFEST).unlink()
        for name in (*earlier.files, FLIGHT):
            (output / name).unlink(missing_ok=True)
    output.mkdir(parents=True, exist_ok=True)


def _find_commit(config: Mapping[str, Any]) -> str:
    """Return the commit of the code that trained a checkpoint, as far as it is known."""
    versions = config.get('training', {}).get('versions', {})
    return str(versions.get('commit', 'unknown'))


def _write_flight(output: Path, flight: RecordedFlight, policy: NetworkPolicy) -> dict[str, Any]:
    """Write the test vectors and return what the manifest says of them."""
    rows = write_vectors(flight, answer_flight(policy, flight))
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
    # Stamps are not exact: neither is the gap.
    if flight.starts.sum() < 2 or flight.elapsed_time.max() < 0.95 * GAP:
        raise ExportError(
            f'the recorded flight must have two starts and a gap of {GAP:g} s: choose another '
            '--first-seed'
        )


def compare_flight(folder: Path) -> float:
    """Fly an exported program over its flight; return how far it is from PyTorch [m/s, rad/s].

    :raises DeploymentError: if it cannot fly here.
    :raises ExportError: if it is further away than it may be.
    """
    flight, commands = read_vectors(folder / FLIGHT, read_manifest(folder).preprocessing)
    largest = float(np.abs(answer_flight(load_deployment(folder), flight) - commands).max())
    if largest > TOLERANCE:
        raise ExportError(
            f'{folder} answers otherwise than PyTorch, by up to {largest:.2g} m/s or rad/s where '
            f'{TOLERANCE:g} is allowed: do not fly it'
        )
    return largest
