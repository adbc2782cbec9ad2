# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder in C: four convolutions row by row, in floats or in 8 bits, then the read-out."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray
from torch import nn

from lnn_control.deploy.c_program.source import Constants, fill, write_float
from lnn_control.deploy.quantised import MOST_ACTIVATION, QuantisedEncoder
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
class Arithmetic:
    """What sums, weights and rows are made of in C.

    :param image: what a colour, counted from -255 to 255, becomes. :param result: after the last
        sum; without a name where it is one sum.
    """

    total: str
    weight: str
    image_row: str
    row: str
    image: str
    initial: str
    formula: str
    result: str
    last_result: str


FLOATS = Arithmetic(
    total='float',
    weight='float',
    image_row='float',
    row='float',
    image=f'(float)twice * {write_float(2 / 255)}',
    initial='bias_{number}[o]',
    formula='relu(bias[o] + sum)',
    result='sum[c] > 0.0f ? sum[c] : 0.0f',
    last_result='sum[c]',
)
INTEGERS = Arithmetic(
    total='int32_t',
    weight='int8_t',
    image_row='int16_t',
    row='uint8_t',
    image='(int16_t)twice',
    initial='0',
    formula=f'round(clip(factor[o] * sum + offset[o], 0, {MOST_ACTIVATION}))',
    result='to_8_bits((float)sum[c] * factor_{number}[o] + offset_{number}[o])',
    last_result='(float)sum[c] * factor_{number}[o] + offset_{number}[o]',
)


@dataclass(frozen=True)
class Convolution:
    """A convolution of the encoder with its shapes.

    :param weight: shape (outputs, inputs, kernel, kernel).
    :param input_size: (height, width) of its input.
    """

    number: int
    weight: NDArray[Any]
    stride: int
    input_size: tuple[int, int]

    @property
    def kernel(self) -> int:
        """Rows and columns of a map's weights."""
        return int(self.weight.shape[2])

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


def write_encoder(encoder: SpatialEncoder | QuantisedEncoder, constants: Constants) -> str:
    """Return the C of an encoder; its numbers are added to the constants."""
    if isinstance(encoder, QuantisedEncoder):
        convolutions, arithmetic = _add_integers(encoder, constants), INTEGERS
        encoder = encoder.encoder
    else:
        convolutions, arithmetic = _add_floats(encoder, constants), FLOATS
    height, width = convolutions[-1].size
    readers, reading = _write_readers(encoder, (height, width), constants)
    kinds = [arithmetic.image_row, *[arithmetic.row] * (len(convolutions) - 1)]
    rings = [each.describe_ring(kind) for each, kind in zip(convolutions, kinds, strict=True)]
    rounding = [fill('to_8_bits.c')] if arithmetic is INTEGERS else []
    followed = zip(convolutions, [*convolutions[1:], None], strict=True)
    functions = [*rounding, *(_write_convolution(*pair, arithmetic) for pair in followed)]
    return fill(
        'encoder.c',
        num_seen=encoder.num_features,
        rings='\n'.join(rings),
        num_maps=len(convolutions[-1].weight),
        map_height=height,
        map_width=width,
        first_kernel=convolutions[0].kernel,
        image=arithmetic.image,
        convolutions='\n'.join(functions).rstrip(),
        readers=readers,
        reading=reading,
    )


def _add_floats(encoder: SpatialEncoder, constants: Constants) -> list[Convolution]:
    """Add the weights of convolutions, and return these first to last."""
    found: list[Convolution] = []
    for layer in encoder.convolutions:
        if not isinstance(layer, nn.Conv2d):
            continue
        assert layer.bias is not None
        number, weight = len(found) + 1, layer.weight.detach().cpu().numpy()
        size = found[-1].size if found else encoder.size_px
        found.append(Convolution(number, weight, layer.stride[0], size))
        _add_weight(found[-1], constants, 'float')
        bias = layer.bias.detach().cpu()
        constants.add(f'bias_{number}', bias, f'Convolution {number}: biases.')
    return found


def _add_integers(encoder: QuantisedEncoder, constants: Constants) -> list[Convolution]:
    """Add the weights and scales of convolutions, and return these first to last."""
    found: list[Convolution] = []
    for number, layer in enumerate(encoder.quantised, start=1):
        size = found[-1].size if found else encoder.encoder.size_px
        found.append(Convolution(number, layer.weight, layer.stride, size))
        _add_weight(found[-1], constants, 'int8_t')
        words = f'Convolution {number}: what sums are multiplied with, and what is added then.'
        constants.add(f'factor_{number}', layer.factor, words)
        constants.add(f'offset_{number}', layer.offset, words)
    return found


def _add_weight(convolution: Convolution, constants: Constants, kind: str) -> None:
    number = convolution.number
    constants.add(
        f'weight_{number}',
        convolution.weight,
        f'Convolution {number}: weights of each output map, input map, row and column.',
        [f'map {index}' for index in range(len(convolution.weight))],
        kind,
    )


def _write_readers(
    encoder: SpatialEncoder, size: tuple[int, int], constants: Constants
) -> tuple[str, str]:
    """Return the functions that read the last maps, and the lines that call them."""
    height, width = size
    sizes = {'map_height': height, 'map_width': width, 'num_places': encoder.num_places}
    readers, reading = [], []
    if encoder.num_places > 0:
        grid = encoder.grid.detach().cpu().numpy().reshape(height, width, 2)
        constants.add('temperature', encoder.temperature.detach().cpu(), 'Of each map of places.')
        constants.add('grid_right', grid[0, :, 0], 'Where a column is, -1 left to 1 right.')
        constants.add('grid_down', grid[:, 0, 1], 'Where a row is, -1 top to 1 bottom.')
        readers.append(fill('places.c', **sizes))
        reading.append(_write_loop('map', encoder.num_places, 'read_place'))
    if encoder.num_scans > 0:
        scans = {'num_scans': encoder.num_scans, 'num_sectors': encoder.NUM_SECTORS}
        readers.append(fill('sectors.c', **sizes, **scans))
        reading.append(_write_loop('scan', encoder.num_scans, 'read_sectors'))
    return '\n'.join(readers).rstrip(), '\n'.join(reading)


def _write_loop(index: str, count: int, function: str) -> str:
    """Return the lines that call a reader of maps for each of them."""
    return (
        f'    for (int {index} = 0; {index} < {count}; {index}++) {{\n'
        f'        {function}({index}, features);\n    }}'
    )


def _write_convolution(
    convolution: Convolution, following: Convolution | None, arithmetic: Arithmetic
) -> str:
    """Return the function that computes one row of a convolution's output.

    :param following: which reads it; None where the maps are read out.
    """
    outputs, inputs, kernel, _ = convolution.weight.shape
    number, (height, width) = convolution.number, convolution.size
    row_kind = arithmetic.image_row if number == 1 else arithmetic.row
    strips = [convolution.find_strip(column) for column in range(kernel)]
    taps = [
        f'{" " * 20}const {row_kind} *restrict x{v} = &work.rows_{number}[(top + u) % {kernel}]'
        f'[i][{strip.phase}][start + {1 + strip.shift}];'
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
        formula=arithmetic.formula if following else 'the same, not rounded or cut off',
        total=arithmetic.total,
        initial=arithmetic.initial.format(number=number),
        weight=arithmetic.weight,
        taps='\n'.join(taps),
        terms=' '.join(f'+ w[{v}] * x{v}[c]' for v in range(kernel)),
        store=f'{" " * 16}{_write_store(convolution, following, arithmetic)}',
    )


def _write_store(
    convolution: Convolution, following: Convolution | None, arithmetic: Arithmetic
) -> str:
    """Return the line that puts a sum where it is read."""
    number, width, block = convolution.number, convolution.size[1], convolution.block
    if following is None:
        result = arithmetic.last_result.format(number=number)
        return f'work.maps[o][row * {width} + start + c] = {result};'
    place = f'work.rows_{following.number}[row % {following.kernel}][o]'
    if following.stride == 1:
        place += '[0][1 + start + c]'
    else:
        column = 'c' if block % following.stride == 0 else '(start + c)'
        place += f'[{column} % {following.stride}][1 + (start + c) / {following.stride}]'
    return f'{place} =\n{" " * 20}{arithmetic.result.format(number=number)};'
