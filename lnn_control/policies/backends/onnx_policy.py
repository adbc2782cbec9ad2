# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flies a policy exported to ONNX: in ONNX Runtime, on buffers that are made once."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lnn_control.core.circuit import Circuit
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import NUM_IMU_FEATURES, Observation
from lnn_control.policies.backends.deployment import Deployment, DeploymentError, read_manifest
from lnn_control.policies.backends.inputs import check_inputs, read_command
from lnn_control.policies.policy import Policy

MODEL = 'policy.onnx'
_TYPES = {'uint8': 'tensor(uint8)', 'float32': 'tensor(float)'}


class OnnxState(NamedTuple):
    """What is handed from step to step, and the neurons to look at."""

    parts: tuple[NDArray[np.float32], ...]
    neurons: NDArray[np.float32]


class OnnxPolicy(Policy):
    """Flies an exported model, one observation at a time.

    :param folder: as `lnn-control export --to onnx` wrote it.
    :raises DeploymentError: if the folder is broken, its parts do not fit each other, or the
        runtime is too old.
    """

    def __init__(self, folder: Path) -> None:
        deployment = read_manifest(folder)
        super().__init__(deployment.name, deployment.preprocessing, deployment.domain)
        self._deployment = deployment
        self._session = _load(deployment.check_file(folder, MODEL))
        self._given, self._answered = _make_buffers(deployment)
        _check_signature(folder / MODEL, self._session, self._given, self._answered)
        self._binding = self._session.io_binding()
        for name, array in self._given.items():
            self._binding.bind_input(name, 'cpu', 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in self._answered.items():
            if array.size == 0:  # of a memory that shows no neurons
                continue
            self._binding.bind_output(name, 'cpu', 0, array.dtype, array.shape, array.ctypes.data)

    @property
    def circuit(self) -> Circuit:
        """Neurons and synapses as they were exported."""
        return self._deployment.circuit

    def initial_state(self) -> OnnxState:
        """Return the memory before the first observation."""
        parts = (np.zeros(part.shape, dtype=np.float32) for part in self._deployment.state)
        neurons = np.zeros(self._deployment.num_neurons, dtype=np.float32)
        return OnnxState(tuple(parts), neurons)

    def __call__(
        self, observation: Observation, state: OnnxState, elapsed_time: float
    ) -> tuple[VelocityCommand, OnnxState]:
        """Return the model's command and its next state."""
        check_inputs(observation, elapsed_time, self.preprocessing)
        self._given['image'][0] = observation.image
        self._given['imu'][0] = observation.imu
        self._given['elapsed_time'][0] = elapsed_time
        names = [part.name for part in self._deployment.state]
        for name, part in zip(names, state.parts, strict=True):
            self._given[name][0] = part
        self._session.run_with_iobinding(self._binding)
        command = read_command(self.name, self._answered['command'][0])
        # Copies, as the next step writes into the same buffers.
        parts = tuple(self._answered[f'next_{name}'][0].copy() for name in names)
        return command, OnnxState(parts, self._answered['neurons'][0].copy())

    def neuron_activity(self, state: OnnxState) -> NDArray[np.float32]:
        """Return the state of every neuron after the last observation."""
        return state.neurons


def _load(path: Path) -> onnxruntime.InferenceSession:
    """Return a session of one thread.

    :raises DeploymentError: if the runtime cannot load the model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors come as exceptions
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its exceptions have no common class
        raise DeploymentError(
            f'{path} cannot be loaded by onnxruntime {onnxruntime.__version__}, 1.18 or newer is '
            f'needed: {error}'
        ) from error


def _make_buffers(deployment: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arrays of inputs and outputs by name, each with a batch of one in front."""
    size = deployment.preprocessing.height_px, deployment.preprocessing.width_px, 3
    given: dict[str, Any] = {
        'image': np.zeros((1, *size), dtype=np.uint8),
        'imu': np.zeros((1, NUM_IMU_FEATURES), dtype=np.float32),
        'elapsed_time': np.zeros(1, dtype=np.float32),
    }
    answered: dict[str, Any] = {
        'command': np.zeros((1, 4), dtype=np.float32),
        'neurons': np.zeros((1, deployment.num_neurons), dtype=np.float32),
    }
    for part in deployment.state:
        given[part.name] = np.zeros((1, *part.shape), dtype=np.float32)
        answered[f'next_{part.name}'] = np.zeros((1, *part.shape), dtype=np.float32)
    return given, answered


def _check_signature(
    path: Path,
    session: onnxruntime.InferenceSession,
    given: dict[str, Any],
    answered: dict[str, Any],
) -> None:
    """Check that a model takes and gives what its manifest says.

    :raises DeploymentError: if a name, type or shape is another one.
    """
    for nodes, buffers in ((session.get_inputs(), given), (session.get_outputs(), answered)):
        found = {node.name: (node.type, tuple(node.shape[1:])) for node in nodes}
        wanted = {
            name: (_TYPES[array.dtype.name], array.shape[1:]) for name, array in buffers.items()
        }
        if found != wanted:
            differing = sorted(
                f'{name}: {found.get(name, "missing")} instead of {wanted.get(name, "nothing")}'
                for name in found.keys() | wanted.keys()
                if found.get(name) != wanted.get(name)
            )
            raise DeploymentError(
                f'{path} does not fit its manifest: {", ".join(differing)}: export it again'
            )
