# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What an exported policy's folder holds: its manifest, read and checked without torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lnn_control.core.appearance import Appearance
from lnn_control.core.circuit import Circuit, parse_circuit
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.observation import Preprocessing
from lnn_control.core.whole_file import write_whole
from lnn_control.policies.folders import MANIFEST, CheckpointError

FORMAT = 'lnn_control/deployment/1'
TARGETS = ('onnx', 'c')
ENCODERS = ('float32', 'int8')


class DeploymentError(CheckpointError):
    """An exported policy is missing, broken or of another kind; the message is one line."""


@dataclass(frozen=True)
class StatePart:
    """One array of the memory that is handed from step to step, float32, zeros at the start.

    :param shape: of one flight, without the batch.
    """

    name: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, 'shape', tuple(self.shape))


@dataclass(frozen=True)
class Deployment:
    """A policy as a program that needs no torch.

    :param name: of the policy. :param target: 'onnx' or 'c'.
    :param encoder: 'float32', or 'int8' for 8-bit weights and activations.
    :param weights_sha256: of the checkpoint's model.safetensors.
    :param training_commit: of the code that trained it, as far as the checkpoint knows.
    :param files: of the program, name -> SHA-256.
    :param state: what is handed from step to step, in this order.
    :param circuit: neurons and synapses, for display.
    :param export_versions: of what made the program.
    """

    name: str
    target: str
    encoder: str
    preprocessing: Preprocessing
    domain: TrainingDomain
    circuit: Circuit
    state: tuple[StatePart, ...]
    weights_sha256: str
    training_commit: str
    files: Mapping[str, str]
    export_versions: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ValueError(f'target must be one of {TARGETS}, got {self.target!r}')
        if self.encoder not in ENCODERS:
            raise ValueError(f'encoder must be one of {ENCODERS}, got {self.encoder!r}')

    @property
    def num_neurons(self) -> int:
        """How many neurons there are to look at."""
        return self.circuit.num_neurons

    def check_file(self, folder: Path, name: str) -> Path:
        """Return a file of the program, unchanged since the manifest was written.

        :raises DeploymentError: if the manifest does not list it or it is another one.
        """
        path = folder / name
        if name not in self.files:
            raise DeploymentError(f'{folder / MANIFEST} lists no file {name}: export it again')
        if not path.is_file():
            raise DeploymentError(f'{path} is missing: copy the whole folder, or export it again')
        if hash_file(path) != self.files[name]:
            raise DeploymentError(
                f'{path} does not fit {folder / MANIFEST}, its SHA-256 is another one: copy the '
                'whole folder, or export it again'
            )
        return path


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, deployment: Deployment, described: Mapping[str, Any]) -> None:
    """Write the manifest of a folder, which is complete with it.

    :param described: what else people and other programs may want to know: inputs, outputs,
        the recorded flight; not read back.
    """
    values = {'format': FORMAT, **asdict(deployment), **described}
    with write_whole(folder / MANIFEST) as stream:
        stream.write((json.dumps(values, indent=2) + '\n').encode())


def read_manifest(folder: Path) -> Deployment:
    """Return what a folder holds.

    :raises DeploymentError: if its manifest cannot be read or is of another format.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DeploymentError(f'{path} must be JSON, but cannot be read: {error}') from error
    found = values.get('format') if isinstance(values, dict) else type(values).__name__
    if found != FORMAT:
        raise DeploymentError(
            f'{path} must have format {FORMAT!r}, got {found!r}: export it again with this version'
        )
    try:
        return _parse(values)
    except (KeyError, TypeError, ValueError) as error:
        text = f'lacks {error}' if isinstance(error, KeyError) else str(error)
        raise DeploymentError(f'{path}: {text}: export it again') from error


def _parse(values: Mapping[str, Any]) -> Deployment:
    """Return the dataclass of a manifest's values."""
    circuit = parse_circuit(values['circuit'])
    domain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values['domain'].items()
    }
    if domain.get('appearance') is not None:
        looks = domain['appearance']
        domain['appearance'] = Appearance(
            tuple(looks['mean']), tuple(looks['variance']), looks['usual']
        )
    return Deployment(
        name=values['name'],
        target=values['target'],
        encoder=values['encoder'],
        preprocessing=Preprocessing(**values['preprocessing']),
        domain=TrainingDomain(**domain),
        circuit=circuit,
        state=tuple(StatePart(**part) for part in values['state']),
        weights_sha256=values['weights_sha256'],
        training_commit=values['training_commit'],
        files=dict(values['files']),
        export_versions=dict(values['export_versions']),
    )
