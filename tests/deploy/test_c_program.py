# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""C programs of every memory: the same bytes everywhere, and what PyTorch answers."""

import ctypes
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from lnn_control.deploy.c_program.build import build_c
from lnn_control.deploy.c_program.memories import C_MEMORIES
from lnn_control.deploy.flight import RecordedFlight, answer_flight, write_vectors
from lnn_control.deploy.program import ExportError
from lnn_control.deploy.quantised import quantise_network
from lnn_control.policies.checkpoint import load_network
from lnn_control.policies.folders import find_checkpoint
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network import Network
from lnn_control.policies.network_policy import NetworkPolicy
from tests.deploy.flights import make_flight, make_network
from tests.deploy.tools import require

HOST = ('gcc', 'clang', 'make')
EMULATORS = (
    'aarch64-linux-gnu-gcc',
    'qemu-aarch64',
    'arm-none-eabi-gcc',
    'qemu-system-arm',
)
INT8 = 'int8'
every_program = pytest.mark.parametrize('name', [*MEMORIES, INT8])


def make_program(name: str) -> Network:
    """Return a small network with a memory, or one whose encoder counts in 8 bits."""
    if name != INT8:
        return make_network(name)
    return quantise_network(make_network('ncp_cfc'), make_flight(seed=1).images)


def write_program(network: Network, folder: Path, flight: RecordedFlight | None = None) -> Path:
    """Write the program of a network with a flight to test it with."""
    flight = flight if flight is not None else make_flight(network.config.preprocessing)
    for file, content in build_c('small', network).files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    commands = answer_flight(NetworkPolicy('small', network), flight)
    write_vectors(flight, commands).tofile(folder / 'flight.bin')
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['make', '-C', str(folder), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@every_program
def test_program_answers_as_pytorch_with_the_same_bytes_from_every_compiler(
    name: str, tmp_path: Path
) -> None:
    require(*HOST)
    done = make(write_program(make_program(name), tmp_path), 'test')
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ''  # no warning
    assert 'clang-O2: the same bytes as gcc-O0' in done.stdout
    found = re.findall(r'(\d+) images, largest difference (\S+)', done.stdout)
    assert len(found) == 4 and {count for count, _ in found} == {'16'}
    assert max(float(difference) for _, difference in found) < 2e-5


@every_program
def test_emulated_processors_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    require(*HOST, *EMULATORS)
    folder = write_program(make_program(name), tmp_path)
    done = make(folder, 'test-aarch64', 'test-cortex-m7')
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ''
    assert 'aarch64: the same bytes as gcc-O0' in done.stdout
    assert 'cortex-m7: the same bytes as gcc-O0' in done.stdout


def test_command_that_differs_by_more_than_its_tolerance_fails(tmp_path: Path) -> None:
    require(*HOST)
    folder = write_program(make_network('one_frame'), tmp_path)
    rows = np.fromfile(folder / 'flight.bin', np.uint8).reshape(16, -1)
    commands = rows[:, 56:72].copy().view(np.float32)
    commands[9, 2] += 2e-4
    rows[:, 56:72] = commands.view(np.uint8)
    rows.tofile(folder / 'flight.bin')
    done = make(folder, 'test')
    assert done.returncode != 0
    assert 'largest difference 2.0e-04' in done.stdout


def test_command_that_would_not_be_finite_changes_neither_state_nor_command(
    tmp_path: Path,
) -> None:
    require('gcc')
    network = make_network('ncp_cfc')
    with torch.no_grad():
        # Near the largest float at rest, beyond it with a deflection.
        network.command_scale.fill_(1.6e38)
        network.bias.fill_(2.0)
        network.gain.fill_(1.0)
    for file, content in build_c('wild', network).files.items():
        if '/' not in file:
            (tmp_path / file).write_bytes(content)
    flags = ['-std=c99', '-O2', '-ffp-contract=off', '-shared', '-fPIC']
    library = tmp_path / 'policy.so'
    subprocess.run(['gcc', *flags, '-o', library, tmp_path / 'lnn_policy.c'], check=True)
    step = ctypes.PyDLL(str(library)).lnn_step
    pointer = ctypes.c_void_p
    step.argtypes = [pointer, pointer, pointer, ctypes.c_float, pointer]
    flight = make_flight()
    state, command = np.full(36, 0.1, np.float32), np.full(4, 7.0, np.float32)
    given = [each.ctypes.data for each in (state, flight.images[0], flight.imu[0])]
    assert step(*given, 0.05, command.ctypes.data) == 4
    assert state.tolist() == [np.float32(0.1)] * 36
    assert command.tolist() == [7.0] * 4


def test_every_size_of_image_and_encoder_is_computed_right(tmp_path: Path) -> None:
    from lnn_control.core.observation import Preprocessing

    require('gcc', 'make')
    # Odd widths, one row of maps, no places, no scans.
    for index, (size, places) in enumerate([((37, 23), 0), ((9, 8), 6), ((64, 17), 2)]):
        changes = {'preprocessing': Preprocessing(*size), 'num_places': places}
        network = make_network('ncp_cfc', **changes)
        folder = write_program(network, tmp_path / f'{index}')
        done = make(folder, 'build/gcc-O2.commands')
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(('encoder', 'most_flash', 'most_ram'), [
    ('float32', 100_000, 180_000), ('int8', 56_000, 80_000),
])  # fmt: skip
def test_flagship_fits_a_microcontroller_and_needs_no_library(
    tmp_path: Path, encoder: str, most_flash: int, most_ram: int
) -> None:
    require('arm-none-eabi-gcc')
    network = load_network(find_checkpoint('forest_cfc'))
    if encoder == INT8:
        images = make_flight(network.config.preprocessing, 8).images
        network = quantise_network(network, images)
    for file, content in build_c('flagship', network).files.items():
        if '/' not in file:
            (tmp_path / file).write_bytes(content)
    board = ['-mcpu=cortex-m7', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16']
    flags = ['-std=c99', '-O2', '-ffp-contract=off', *board]
    command = ['arm-none-eabi-gcc', *flags, '-c', 'lnn_policy.c']
    subprocess.run(command, cwd=tmp_path, check=True)
    text, data, bss = (
        int(word)
        for word in subprocess.run(
            ['arm-none-eabi-size', 'lnn_policy.o'],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[1].split()[:3]
    )  # fmt: skip
    assert text <= most_flash
    assert data + bss <= most_ram
    undefined = subprocess.run(
        ['arm-none-eabi-nm', '-u', 'lnn_policy.o'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[1::2]
    # What compilers call on their own, and every one has.
    assert set(undefined) <= {'memcpy', 'memset'}


def test_every_memory_of_the_registry_has_its_c() -> None:
    assert set(C_MEMORIES) == set(MEMORIES)


def test_memory_without_its_c_is_refused_with_a_way_out() -> None:
    network = make_network('tests.policies.averaging_memory:Averaging')
    with pytest.raises(ExportError, match=r"Averaging' cannot be exported to C.*export to onnx"):
        build_c('own', network)
