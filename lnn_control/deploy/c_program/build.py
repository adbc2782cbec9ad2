# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A network as a C program: headers, source, numbers, a test and a Makefile."""

from lnn_control.deploy.c_program.encoder import write_encoder
from lnn_control.deploy.c_program.memories import C_MEMORIES
from lnn_control.deploy.c_program.memories.memory_code import MemoryCode, read
from lnn_control.deploy.c_program.source import TEMPLATES, Constants, fill
from lnn_control.deploy.program import ExportError, Program
from lnn_control.policies.network import Network

# Measured by tests/deploy/test_c_math.py over all floats that matter.
ERRORS = {
    'exp_error': '2e-7',
    'sigmoid_error': '1.2e-7',
    'tanh_error': '1.8e-7',
    'log1p_error': '2.5e-7',
}
_AS_THEY_ARE = (
    'lnn_sensors.c',
    'test_flight.c',
    'Makefile',
    'cortex_m7/startup.c',
    'cortex_m7/mps2_an500.ld',
)


def build_c(name: str, network: Network, trained_fov_deg: float | None = None) -> Program:
    """Return the program of a network.

    :param name: of the policy, for the comments.
    :param trained_fov_deg: across its images in training, None where nobody knows.
    :raises ExportError: if C has no such memory.
    """
    constants = Constants()
    encoder = write_encoder(network.encoder, constants)
    memory = _write_memory(network, constants)
    _add_scales(network, constants)
    config = network.config
    includes = '#include "lnn_math.h"'
    if memory.needs_log1p:
        includes = f'#include "lnn_log1p.h"\n{includes}'
    files = {
        'lnn_policy.h': fill(
            'lnn_policy.h',
            name=name,
            width=config.preprocessing.width_px,
            height=config.preprocessing.height_px,
            num_neurons=_count_neurons(memory),
            state_fields='\n'.join(_declare(memory)),
            typical_elapsed_time=f'{config.typical_elapsed_time:g}',
        ),
        'lnn_sensors.h': fill(
            'lnn_sensors.h',
            trained_fov=(
                'not known' if trained_fov_deg is None else f'{trained_fov_deg:g} degrees'
            ),
        ),
        'lnn_math.h': fill('lnn_math.h', **_choose('exp', 'sigmoid', 'tanh')),
        **({'lnn_log1p.h': fill('lnn_log1p.h', **_choose('log1p'))} if memory.needs_log1p else {}),
        'lnn_weights.h': fill('lnn_weights.h', name=name, constants=constants.write().rstrip()),
        'lnn_policy.c': fill(
            'lnn_policy.c',
            name=name,
            kind=network.memory.kind,
            num_parameters=network.num_parameters(),
            includes=includes,
            encoder=encoder.rstrip(),
            memory=memory.text.rstrip(),
            read_neurons='\n'.join(_write_reading(memory)),
        ),
        **{file: (TEMPLATES / file).read_text(encoding='utf-8') for file in _AS_THEY_ARE},
    }
    return Program({file: text.encode() for file, text in files.items()}, memory.state)


def _choose(*names: str) -> dict[str, str]:
    return {f'{name}_error': ERRORS[f'{name}_error'] for name in names}


def _write_memory(network: Network, constants: Constants) -> MemoryCode:
    name = network.config.memory
    if name not in C_MEMORIES:
        raise ExportError(
            f'memory {name!r} cannot be exported to C, only {sorted(C_MEMORIES)}: export to onnx, '
            f'or offer what writes it as an entry point of {C_MEMORIES.group}'
        )
    return C_MEMORIES[name](network.memory, constants)


def _add_scales(network: Network, constants: Constants) -> None:
    """Add what is done to inertial features before, and to the memory's outputs after."""
    scale, mean = read(network.imu_scale), read(network.imu_mean)
    constants.add('imu_mean', mean, 'Of body rates [rad/s] and specific force [g] in training.')
    constants.add('imu_half_rate', 0.5 / scale.astype('float64'), '1 / (2 * their spread).')
    command_scale = read(network.command_scale).astype('float64')
    offset = read(network.command_mean) + command_scale * read(network.bias)
    constants.add('command_offset', offset, 'Of vx, vy, vz [m/s] and yaw rate [rad/s].')
    factor = 2 * command_scale * read(network.gain)
    constants.add('command_factor', factor, 'What steering is multiplied with.')


def _declare(memory: MemoryCode) -> list[str]:
    """Return the fields of the state."""
    return [
        f'    float {part.name}{"".join(f"[{size}]" for size in part.shape)};'
        for part in memory.state
    ]


def _find_lengths(memory: MemoryCode) -> dict[str, int]:
    lengths = {part.name: part.shape[0] for part in memory.state}
    return {name: lengths[name] for name in memory.neurons}


def _count_neurons(memory: MemoryCode) -> int:
    return sum(_find_lengths(memory).values())


def _write_reading(memory: MemoryCode) -> list[str]:
    """Return the body of the function that shows the neurons."""
    if not memory.neurons:
        return ['    (void)state;', '    (void)neurons;']
    lines, start = [], 0
    for name, count in _find_lengths(memory).items():
        place = f'{start} + i' if start else 'i'
        lines += [
            f'    for (int i = 0; i < {count}; i++) {{',
            f'        neurons[{place}] = state->{name}[i];',
            '    }',
        ]
        start += count
    return lines
