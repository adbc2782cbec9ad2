# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded pixels to what the encoder's first convolution reads, fast on a CPU.

The same as :func:`lnn_control.imitation.augment.apply_looks`, and 4x - 2 as the encoder does to
its input, in few passes over few images at a time so that they stay in the processor's cache:

- mirror images of bytes, before they grow to numbers;
- colours as one matrix product: a row of 16 pixels is a vector of 48 numbers, and the 3x3 matrix
  stands 16 times on the diagonal of a 48x48 one, which a processor multiplies at full speed;
- a random convolution likewise, over blocks of four pixels as 12 channels;
- light, haze, noise and 4x - 2 as one product and one sum.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lnn_control.imitation.augment import _DARKEST, Looks

CHUNK = 32
"""Images at a time."""

_NOISE_STEP = (
    1009  # numbers between the patterns of one image and the next; odd, so colours differ
)


def fold_matrix(matrix: Tensor, block: int) -> Tensor:
    """Return a matrix between channels for blocks of pixels, right-hand side of a product.

    :param matrix: to and from channel, shape (3, 3).
    :return: shape (3 block, 3 block).
    """
    return torch.block_diag(*[matrix.T] * block)


def fold_kernel(kernel: Tensor, block: int) -> Tensor:
    """Return a convolution for images whose blocks of pixels side by side are channels.

    :param kernel: to and from channel, down, right, shape (3, 3, 3, 3).
    :return: shape (3 block, 3 block, 3, 3).
    """
    folded = kernel.new_zeros(block, 3, block, 3, 3, 3)
    for target in range(block):
        for right in range(3):
            # The pixel that many to the right, and the block that it lies in.
            there, source = divmod(target + right - 1, block)
            folded[target, :, source, :, :, there + 1] = kernel[:, :, :, right]
    return folded.reshape(3 * block, 3 * block, 3, 3)


class NoiseBank:
    """Normal numbers drawn once, of which windows take pieces: drawing noise is slow.

    :param num_pixels: numbers an image. :param num_steps: images of the longest window.
    """

    def __init__(
        self, num_pixels: int, num_steps: int, generator: torch.Generator, dtype: torch.dtype
    ) -> None:
        self.num_pixels = num_pixels
        longest = num_pixels + num_steps * _NOISE_STEP
        self.numbers = torch.randn(4 * longest, generator=generator).to(dtype)

    def take(self, num_steps: int, level: float, mean: float, place: float) -> Tensor:
        """Return noise for a window's images, shape (num_steps, num_pixels).

        The pattern moves on from image to image.

        :param level: standard deviation. :param mean: added to it.
        :param place: from which part of the bank, 0 to 1.
        """
        length = self.num_pixels + (num_steps - 1) * _NOISE_STEP
        start = int(place * (len(self.numbers) - length))
        piece = self.numbers[start : start + length] * level + mean
        return piece.as_strided((num_steps, self.num_pixels), (_NOISE_STEP, 1))


@dataclass(frozen=True, eq=False)
class _Style:
    """What one window's pixels go through; None where a step is left out."""

    matrix: Tensor | None
    kernel: Tensor | None
    offset: Tensor | None
    gamma: float | None
    gain: Tensor | None
    noise: Tensor | None


class PixelRenderer:
    """Renders windows of recorded pixels.

    :param size_px: height and width. :param num_steps: images of the longest window.
    :param generator: of the noise, on the CPU. :param dtype: of what is returned.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        num_steps: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self.size_px, self.dtype = size_px, dtype
        height, width = size_px
        self.bank = NoiseBank(3 * height * width, num_steps, generator, dtype)
        self.block = next(n for n in (16, 8, 4, 2, 1) if width % n == 0)
        self.convolution_block = min(self.block, 4)

    def render(
        self,
        images: Tensor,
        lengths: Sequence[int],
        looks: Looks,
        places: Tensor,
        classes: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """Yield images window by window, a few at a time, shape (n, height, width, 3), -2 to 2.

        :param images: uint8, shape (batch, steps, height, width, 3).
        :param lengths: of the windows; what lies behind is padding and left out.
        :param places: where each window's noise comes from, 0 to 1, shape (batch,).
        :param classes: segmentation, uint8, shape (batch, steps, height, width).
        """
        for row, length in enumerate(lengths):
            style = self._make_style(looks, row, length, float(places[row]))
            is_mirrored = bool(looks.is_mirrored[row])
            for start in range(0, length, CHUNK):
                chunk = slice(start, min(start + CHUNK, length))
                bytes_ = images[row, chunk]
                if is_mirrored:
                    # As channels_last, the layout that flips fast.
                    bytes_ = bytes_.permute(0, 3, 1, 2).flip(-1).permute(0, 2, 3, 1)
                pixels = bytes_.to(self.dtype)
                if classes is not None and looks.class_gain is not None:
                    pixels = _recolour(pixels, classes[row, chunk], looks, row, is_mirrored)
                noise = None if style.noise is None else style.noise[chunk]
                yield self._render_chunk(pixels, style, noise)

    def _make_style(self, looks: Looks, row: int, num_steps: int, place: float) -> _Style:
        """Return the steps of a window, scaled so that the last gives 4x - 2."""
        kernel, offset = looks.kernel[row], looks.offset[row]
        gamma = None if looks.gamma is None else float(looks.gamma[row])
        haze, level = float(looks.haze[row]), float(looks.noise[row])
        gain = None if looks.gain is None else looks.gain[row]
        if gamma is None and gain is None:
            # Nothing between the matrix and the end: the matrix scales too.
            kernel, offset, mean = kernel * (4 / 255), offset * 4 + 4 * haze - 2, 0.0
        else:
            kernel, mean = kernel / 255, 4 * haze - 2
            gain = torch.full(self.size_px, 4.0) if gain is None else 4 * gain
            gain = gain[:, :, None].expand(-1, -1, 3).reshape(-1).to(self.dtype)
        noise = None
        if level > 0 or gain is not None:
            noise = self.bank.take(num_steps, 4 * level, mean, place)
        if gain is None and bool(looks.is_plain[row]):
            return _Style(None, None, None, None, None, noise)
        if looks.is_convolved is not None and bool(looks.is_convolved[row]):
            block = self.convolution_block
            folded = fold_kernel(kernel, block).to(self.dtype)
            folded = folded.contiguous(memory_format=torch.channels_last)
            return _Style(None, folded, offset.repeat(block).to(self.dtype), gamma, gain, noise)
        matrix = fold_matrix(kernel[:, :, 1, 1], self.block)
        return _Style(
            matrix.to(self.dtype),
            None,
            offset.repeat(self.block).to(self.dtype),
            gamma,
            gain,
            noise,
        )

    def _render_chunk(self, pixels: Tensor, style: _Style, noise: Tensor | None) -> Tensor:
        """Return a few images of one window, -2 to 2.

        :param pixels: 0 to 255, shape (n, height, width, 3). :param noise: shape (n, numbers).
        """
        shape = pixels.shape
        if style.offset is None:
            # One rounding, so that pixels are the very ones that are seen in flight.
            pixels = torch.add(torch.tensor(-2.0), pixels.float(), alpha=4 / 255).to(self.dtype)
        elif style.matrix is not None:
            flat = pixels.view(-1, 3 * self.block)
            pixels = torch.addmm(style.offset, flat, style.matrix)
        elif style.kernel is not None:
            block = self.convolution_block
            folded = pixels.view(*shape[:2], -1, 3 * block).permute(0, 3, 1, 2)
            pixels = torch.nn.functional.conv2d(folded, style.kernel, style.offset, padding=1)
            pixels = pixels.permute(0, 2, 3, 1)
        pixels = pixels.reshape(shape[0], -1)
        if style.gamma is not None:
            # x^g = 2^(g log2 x)
            pixels = pixels.clamp_(_DARKEST, 1).log2_().mul_(style.gamma).exp2_()
        if style.gain is not None and noise is not None:
            pixels = torch.addcmul(noise, pixels, style.gain)
        elif noise is not None:
            pixels = pixels.add_(noise)
        return pixels.clamp_(-2, 2).view(shape)


def _recolour(
    pixels: Tensor, classes: Tensor, looks: Looks, row: int, is_mirrored: bool
) -> Tensor:
    """Return pixels from 0 to 255 with the colours of their classes blended in."""
    if looks.class_gain is None or looks.class_offset is None:
        return pixels
    if is_mirrored:
        classes = classes.flip(-1)
    gain, offset = looks.class_gain[row], looks.class_offset[row]
    if bool((gain == 1).all()):
        return pixels
    index = classes.int()
    return torch.addcmul(
        (255 * offset).to(pixels.dtype)[index], pixels, gain.to(pixels.dtype)[index]
    )
