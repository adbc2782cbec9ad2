# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder in C: four convolutions row by row, then places and sectors."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lnn_control.deploy.c_program.source import Constants, fill
from lnn_control.policies.encoder import SpatialEncoder

_LARGEST_BLOCK = 16
"""Columns whose sums are kept in registers."""


class Strip(NamedTuple):
    """Where a weight's column finds what it is multiplied with.

    :param phase: which columns, of those that the stride skips between. :param shift: by how many.
    """

    phase: int
    shift: int


@dataclass(frozen=True)
class Convolution:
    """A convolution of the encoder with its shapes.

    :param weight: shape (outputs, inputs, kernel, kernel). :param bias: shape (outputs,).
    :param input_size: (height, width) of its input.
    """

    number: int
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    input_size: tuple[int, int]

    @property
    def kernel(self) -> int:
        """Rows and columns of a map's weights."""
        return self.weight.shape[2]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the output."""
        height, width = (-(-side // self.stride) for side in self.input_size)
        return height, width

    @property
    def block(self) -> int:
        """How many columns are computed at a time: the width in equal parts."""
        return max(n for n in range(1, _LARGEST_BLOCK + 1) if self.size[1] % n == 0)

    def find_strip(self, column: int) -> Strip:
        """Return where the weights of a kernel's column read."""
        shift, phase = divmod(column - self.kernel // 2, self.stride)
        return Strip(phase, shift)

    def describe_ring(self, kind: str) -> str:
        """Return the declaration of the rows that it reads, each with a margin of one column."""
        return (
            f'    {kind} rows_{self.number}[{self.kernel}][{self.weight.shape[1]}]'
            f'[{self.stride}][{self.size[1] + 2}];'
        )


def list_convolutions(encoder: SpatialEncoder) -> list[Convolution]:
    """Return the convolutions of an encoder, first to last."""
    found: list[Convolution] = []
    for layer in encoder.convolutions:
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            found.append(
                Convolution(
                    number=len(found) + 1,
                    weight=layer.weight.detach().cpu().numpy(),
                    bias=layer.bias.detach().cpu().numpy(),
                    stride=layer.stride[0],
                    input_size=found[-1].size if found else encoder.size_px,
                )
            )
    return found


def write_encoder(encoder: SpatialEncoder, constants: Constants) -> str:
    """Return the C of an encoder; its numbers are added to the constants."""
    convolutions = list_convolutions(encoder)
    for each in convolutions:
        constants.add(
            f'weight_{each.number}',
            each.weight,
            f'Convolution {each.number}: weights of each output map, input map, row and column.',
            [f'map {index}' for index in range(len(each.weight))],
        )
        constants.add(f'bias_{each.number}', each.bias, f'Convolution {each.number}: biases.')
    height, width = convolutions[-1].size
    grid = encoder.grid.detach().cpu().numpy().reshape(height, width, 2)
    sizes = {
        'map_height': height,
        'map_width': width,
        'num_places': encoder.num_places,
    }
    readers, reading = [], []
    if encoder.num_places > 0:
        constants.add('temperature', encoder.temperature.detach().cpu(), 'Of each map of places.')
        constants.add('grid_right', grid[0, :, 0], 'Where a column is, -1 left to 1 right.')
        constants.add('grid_down', grid[:, 0, 1], 'Where a row is, -1 top to 1 bottom.')
        readers.append(fill('places.c', **sizes))
        reading.append(_write_loop('map', encoder.num_places, 'read_place'))
    if encoder.num_scans > 0:
        scans = {'num_scans': encoder.num_scans, 'num_sectors': encoder.NUM_SECTORS}
        readers.append(fill('sectors.c', **sizes, **scans))
        reading.append(_write_loop('scan', encoder.num_scans, 'read_sectors'))
    return fill(
        'encoder.c',
        num_seen=encoder.num_features,
        rings='\n'.join(each.describe_ring('float') for each in convolutions),
        num_maps=len(convolutions[-1].weight),
        map_height=height,
        map_width=width,
        readers='\n'.join(readers).rstrip(),
        reading='\n'.join(reading),
        first_kernel=convolutions[0].kernel,
        convolutions='\n'.join(
            _write_convolution(each, following)
            for each, following in zip(convolutions, [*convolutions[1:], None], strict=True)
        ).rstrip(),
    )


def _write_loop(index: str, count: int, function: str) -> str:
    """Return the lines that call a reader of maps for each of them."""
    return (
        f'    for (int {index} = 0; {index} < {count}; {index}++) {{\n'
        f'        {function}({index}, features);\n    }}'
    )


def _write_convolution(convolution: Convolution, following: Convolution | None) -> str:
    """Return the function that computes one row of a convolution's output.

    :param following: which reads it; None where the maps are read out.
    """
    outputs, inputs, kernel, _ = convolution.weight.shape
    number, (height, width) = convolution.number, convolution.size
    strips = [convolution.find_strip(column) for column in range(kernel)]
    taps = [
        f'const float *restrict x{v} = &work.rows_{number}[(top + u) % {kernel}][i]'
        f'[{strip.phase}][start + {1 + strip.shift}];'
        for v, strip in enumerate(strips)
    ]
    return fill(
        'convolution.c',
        number=number,
        outputs=outputs,
        inputs=inputs,
        height=height,
        width=width,
        input_height=convolution.input_size[0],
        input_width=convolution.input_size[1],
        kernel=kernel,
        stride=convolution.stride,
        margin=kernel // 2,
        before=number - 1,
        block=convolution.block,
        compute_input='compute_image' if number == 1 else f'compute_convolution_{number - 1}',
        activation='' if following is None else 'relu',
        taps='\n'.join(f'{" " * 20}{tap}' for tap in taps),
        terms=' '.join(f'+ w[{v}] * x{v}[c]' for v in range(kernel)),
        store='\n'.join(f'{" " * 16}{line}' for line in _write_store(convolution, following)),
    )


def _write_store(convolution: Convolution, following: Convolution | None) -> list[str]:
    """Return the lines that put a sum where it is read."""
    if following is None:
        return [f'work.maps[o][row * {convolution.size[1]} + start + c] = sum[c];']
    place = f'work.rows_{following.number}[row % {following.kernel}][o]'
    column = (
        '[0][1 + start + c]'
        if following.stride == 1
        else f'[c % {following.stride}][1 + (start + c) / {following.stride}]'
    )
    if following.stride > 1 and convolution.block % following.stride:
        column = column.replace('[c %', '[(start + c) %')
    return [f'{place}{column} = sum[c] > 0.0f ? sum[c] : 0.0f;']
