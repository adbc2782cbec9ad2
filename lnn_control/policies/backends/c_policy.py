# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flies a policy exported to C, compiled when it is first used."""

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.circuit import Circuit
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.policies.backends.compiler import FOR_THIS_COMPUTER, compile_library
from lnn_control.policies.backends.deployment import DeploymentError, read_manifest
from lnn_control.policies.backends.inputs import check_inputs, read_command
from lnn_control.policies.policy import Policy

_OK = 0
_COMPLAINTS = {
    1: 'the elapsed time is not positive',
    2: 'an inertial feature is not finite',
    3: 'the state is not finite',
    4: 'the command would not be finite',
}


class CPolicy(Policy):
    """Flies an exported program, one observation at a time. The state is all its floats.

    :param folder: as `lnn-control export --to c` wrote it.
    :param optimisation: flags of the compiler that change the speed and not the bits.
    :raises DeploymentError: if the folder is broken, or there is no compiler.
    """

    def __init__(self, folder: Path, optimisation: tuple[str, ...] = FOR_THIS_COMPUTER) -> None:
        deployment = read_manifest(folder)
        super().__init__(deployment.name, deployment.preprocessing, deployment.domain)
        self._deployment = deployment
        self._size = sum(int(np.prod(part.shape)) for part in deployment.state)
        library = compile_library(folder, deployment, optimisation)
        try:
            # PyDLL holds Python's lock over a call: the program's working memory is static.
            program = ctypes.PyDLL(str(library))
        except OSError as error:
            raise DeploymentError(f'{library} cannot be loaded: {error}: remove it') from error
        pointer = ctypes.c_void_p
        self._step = program.lnn_step
        self._step.argtypes = [pointer, pointer, pointer, ctypes.c_float, pointer]
        self._step.restype = ctypes.c_int
        self._read = program.lnn_read_neurons
        self._read.argtypes, self._read.restype = [pointer, pointer], None

    @property
    def circuit(self) -> Circuit:
        """Neurons and synapses as they were exported."""
        return self._deployment.circuit

    def initial_state(self) -> NDArray[np.float32]:
        """Return the memory before the first observation."""
        return np.zeros(self._size, dtype=np.float32)

    def __call__(
        self, observation: Observation, state: NDArray[np.float32], elapsed_time: float
    ) -> tuple[VelocityCommand, NDArray[np.float32]]:
        """Return the program's command and its next state."""
        check_inputs(observation, elapsed_time, self.preprocessing)
        image = np.ascontiguousarray(observation.image)
        imu = np.ascontiguousarray(observation.imu, dtype=np.float32)
        after, command = state.copy(), np.zeros(4, dtype=np.float32)
        result = self._step(
            after.ctypes.data,
            image.ctypes.data,
            imu.ctypes.data,
            elapsed_time,
            command.ctypes.data,
        )
        if result != _OK:
            raise FloatingPointError(
                f'policy {self.name} gave no command: {_COMPLAINTS.get(result, result)}'
            )
        return read_command(self.name, command), after

    def neuron_activity(self, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the state of every neuron."""
        neurons = np.zeros(self._deployment.num_neurons, dtype=np.float32)
        self._read(state.ctypes.data, neurons.ctypes.data)
        return neurons
