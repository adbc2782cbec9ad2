# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every backend flies an exported policy as the network itself flies."""

import ctypes
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lnn_control.core.observation import Observation
from lnn_control.policies.backends import compiler
from lnn_control.policies.backends.deployment import DeploymentError, hash_file, read_manifest
from lnn_control.policies.backends.load import load_deployment
from lnn_control.policies.checkpoint import load_policy
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import is_blind, make_policy
from tests.deploy.flights import make_flight
from tests.deploy.tools import require


@pytest.fixture(scope='session', autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Compile into a cache of these tests' own, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture
def policy(exported: Path) -> Policy:
    """Return the policy of an exported folder."""
    require('gcc')
    return load_deployment(exported)


def leaves_of(state: Any) -> list[np.ndarray]:
    """Return the arrays of a state, however a backend keeps them."""
    if isinstance(state, np.ndarray):
        return [state]
    return [leaf for part in state for leaf in leaves_of(part)]


def test_policy_flies_and_shows_its_neurons_as_the_network_does(
    policy: Policy, small_checkpoint: Path
) -> None:
    network, flight = load_policy(small_checkpoint), make_flight()
    assert policy.preprocessing == network.preprocessing
    assert policy.domain == network.domain
    assert policy.circuit == network.circuit
    states: list[Any] = [policy.initial_state(), network.initial_state()]
    assert policy.neuron_activity(states[0]).tolist() == [0.0] * 36
    for index in range(len(flight)):
        elapsed = float(flight.elapsed_time[index])
        (ours, states[0]), (theirs, states[1]) = (
            each(flight.observe(index), state, elapsed)
            for each, state in zip((policy, network), states, strict=True)
        )
        assert np.abs(ours.to_array() - theirs.to_array()).max() < 2e-5
        difference = policy.neuron_activity(states[0]) - network.neuron_activity(states[1])
        assert np.abs(difference).max() < 2e-5


def test_states_stay_as_they_are_and_repeat_what_follows(policy: Policy) -> None:
    flight = make_flight()
    _, first = policy(flight.observe(0), policy.initial_state(), 0.05)
    kept = [leaf.copy() for leaf in leaves_of(first)]
    command, second = policy(flight.observe(1), first, 0.05)
    policy(flight.observe(2), second, 0.1)
    assert all(np.array_equal(*pair) for pair in zip(kept, leaves_of(first), strict=True))
    again, _ = policy(flight.observe(1), first, 0.05)
    assert again == command


@pytest.mark.parametrize('elapsed', [0.0, -0.05, float('nan'), float('inf')])
def test_time_that_is_not_positive_is_refused(policy: Policy, elapsed: float) -> None:
    with pytest.raises(ValueError, match='elapsed_time must be positive seconds'):
        policy(make_flight().observe(0), policy.initial_state(), elapsed)


def test_image_of_another_size_is_refused(policy: Policy) -> None:
    larger = Observation(np.zeros((72, 128, 3), np.uint8), np.zeros(12, np.float32))
    with pytest.raises(ValueError, match=r'must have shape \(24, 40, 3\), got \(72, 128, 3\)'):
        policy(larger, policy.initial_state(), 0.05)


def test_state_that_is_not_finite_gives_no_command(policy: Policy) -> None:
    _, state = policy(make_flight().observe(0), policy.initial_state(), 0.05)
    leaves_of(state)[0][:] = np.nan
    with pytest.raises(FloatingPointError, match='policy small gave'):
        policy(make_flight().observe(1), state, 0.05)


def test_policy_is_made_by_its_folder_and_travels_with_its_files(
    exported: Path, tmp_path: Path
) -> None:
    require('gcc')
    copy = shutil.copytree(exported, tmp_path / 'copy')
    assert make_policy(str(copy)).name == 'small'
    assert not is_blind(str(copy))
    packed = pack_policy(str(copy))
    shutil.rmtree(copy)
    command, _ = (made := packed())(make_flight().observe(0), made.initial_state(), 0.05)
    assert np.isfinite(command.to_array()).all()


def test_changed_program_does_not_fly(exported: Path, tmp_path: Path) -> None:
    require('gcc')
    folder = shutil.copytree(exported, tmp_path / 'changed')
    name = {'onnx': 'policy.onnx', 'c': 'lnn_weights.h'}[read_manifest(folder).target]
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DeploymentError, match=f'{name} does not fit'):
        load_deployment(folder)


def edit_manifest(folder: Path, **changes: Any) -> None:
    path = folder / 'manifest.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class TestOnnx:
    """What only ONNX Runtime can get wrong."""

    @pytest.fixture
    def folder(self, exported: Path, tmp_path: Path) -> Path:
        if read_manifest(exported).target != 'onnx':
            pytest.skip('of the other target')
        return shutil.copytree(exported, tmp_path / 'onnx')

    def test_model_with_another_state_does_not_fit_its_manifest(self, folder: Path) -> None:
        edit_manifest(folder, state=[{'name': 'state', 'shape': [35]}])
        with pytest.raises(DeploymentError, match=r'does not fit its manifest: .*\(36,\)'):
            load_deployment(folder)

    def test_model_that_the_runtime_does_not_know_says_which_one_does(self, folder: Path) -> None:
        onnx = pytest.importorskip('onnx')
        model = onnx.load(folder / 'policy.onnx')
        model.opset_import[0].version = 9999
        onnx.save(model, folder / 'policy.onnx')
        files = {'policy.onnx': hash_file(folder / 'policy.onnx')}
        edit_manifest(folder, files=files)
        with pytest.raises(DeploymentError, match=r'onnxruntime .*, 1.18 or newer is needed'):
            load_deployment(folder)


class TestC:
    """What only a compiler can get wrong."""

    @pytest.fixture
    def folder(self, exported: Path) -> Path:
        require('gcc')
        if read_manifest(exported).target != 'c':
            pytest.skip('of the other target')
        return exported

    def test_library_is_compiled_once(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        library = compiler.compile_library(folder, read_manifest(folder))
        monkeypatch.setattr(compiler, '_compile', lambda *_: pytest.fail('compiled again'))
        assert compiler.compile_library(folder, read_manifest(folder)) == library

    @pytest.mark.parametrize(
        ('elapsed', 'imu', 'remembered', 'code'),
        [
            (0.0, 0.5, 0.1, 1),
            (-0.05, 0.5, 0.1, 1),
            (np.nan, 0.5, 0.1, 1),
            (np.inf, 0.5, 0.1, 1),
            (0.05, np.nan, 0.1, 2),
            (0.05, np.inf, 0.1, 2),
            (0.05, 0.5, np.nan, 3),
        ],
    )
    def test_bad_input_has_an_error_code_and_changes_neither_state_nor_command(
        self, folder: Path, elapsed: float, imu: float, remembered: float, code: int
    ) -> None:
        library = compiler.compile_library(folder, read_manifest(folder))
        step = ctypes.PyDLL(str(library)).lnn_step
        pointer = ctypes.c_void_p
        step.argtypes = [pointer, pointer, pointer, ctypes.c_float, pointer]
        image = make_flight().images[0]
        felt = np.full(12, 0.5, dtype=np.float32)
        state, command = np.full(36, 0.1, np.float32), np.full(4, 7.0, np.float32)

        def run(elapsed_time: float) -> int:
            arrays = [each.ctypes.data for each in (state, image, felt)]
            return int(step(*arrays, elapsed_time, command.ctypes.data))

        felt[11], state[35] = imu, remembered
        before = state.copy()
        assert run(elapsed) == code
        assert np.array_equal(state, before, equal_nan=True)
        assert command.tolist() == [7.0] * 4
        # The same with nothing wrong changes both.
        felt[11], state[35] = 0.5, 0.1
        assert run(0.05) == 0
        assert not np.array_equal(state, before) and (command != 7.0).all()

    def test_missing_compiler_is_told_with_the_cure(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv('CC', 'no-such-compiler -m32')
        with pytest.raises(DeploymentError, match=r'found none of no-such-compiler.*apt install'):
            load_deployment(folder)
        monkeypatch.delenv('CC')
        monkeypatch.setenv('PATH', '')
        with pytest.raises(DeploymentError, match='found none of cc, gcc, clang'):
            load_deployment(folder)

    def test_compiler_that_fails_is_told_with_its_last_words(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv('CC', 'gcc -Dlnn_step=for')
        with pytest.raises(DeploymentError, match=r'gcc -Dlnn_step=for .* failed: '):
            load_deployment(folder)
