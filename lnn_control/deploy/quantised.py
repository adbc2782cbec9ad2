# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder in 8 bits: weights and activations, each channel with its own scale.

With q of an input channel i and scales a of the activations, a convolution is

    y[o] = b[o] + sum over i of w[o][i] a[i] q[i]         (the taps left out)
         = b[o] + s[o] * sum over i of v[o][i] q[i],      v = round(w a / s),  |v| <= 127

which sums whole numbers: exact, in whatever order. The next activation is
``q = round(y / a)``, 0 to 255. The image enters as ``2 p - 255`` for a colour p from 0 to 255,
which loses nothing and makes the padding zero.

How far a channel's numbers reach, 255 a, is what leaves the least squared error over the images of
some flights. The strongest answer ever would be a worse choice: sky and ground give one and the
same value in half of an image, and what rounding does to that value shifts all that follows.
"""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lnn_control.policies.encoder import SpatialEncoder
from lnn_control.policies.network import Network

MOST_WEIGHT, MOST_ACTIVATION = 127, 255
_IMAGE_SCALE = 2.0 / 255.0  # of an image as the encoder has it, -2 to 2
_IMAGES_AT_ONCE = 32
# Reaches that are tried for a channel, as shares of its strongest answer; the first wins a draw.
_SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


class QuantisedConvolution(NamedTuple):
    """A convolution in whole numbers.

    :param weight: int8 of shape (outputs, inputs, kernel, kernel).
    :param factor: what a sum is multiplied with, shape (outputs,). :param offset: added then.
    :param stride: in both directions.
    :param is_last: whether its results are read out as they are, else they are rounded to 8 bits.
    """

    weight: NDArray[np.int8]
    factor: NDArray[np.float32]
    offset: NDArray[np.float32]
    stride: int
    is_last: bool

    def run(self, inputs: Tensor) -> Tensor:
        """Return what the C program computes, bit by bit, of whole numbers as doubles."""
        weight = torch.from_numpy(self.weight).double()
        sums = functional.conv2d(inputs, weight, stride=self.stride, padding=weight.shape[2] // 2)
        factor, offset = (
            torch.from_numpy(each)[:, None, None] for each in (self.factor, self.offset)
        )
        scaled = sums.float() * factor + offset
        if self.is_last:
            return scaled
        return torch.floor(scaled.clamp(0, MOST_ACTIVATION) + 0.5).double()


class QuantisedEncoder(nn.Module):
    """An encoder whose convolutions count in 8 bits; what they give is read out in float.

    :param encoder: that it was made of.
    """

    def __init__(
        self, encoder: SpatialEncoder, convolutions: tuple[QuantisedConvolution, ...]
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.quantised = convolutions

    @property
    def num_features(self) -> int:
        """How many features an image has."""
        return self.encoder.num_features

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of RGB images, see :meth:`SpatialEncoder.forward`."""
        signal = 2 * torch.round(images.double() * 255) - 255
        for convolution in self.quantised:
            signal = convolution.run(signal)
        return self.encoder.read(signal)


def quantise_network(network: Network, images: NDArray[np.uint8]) -> Network:
    """Return a network whose encoder counts in 8 bits; the rest stays as it is.

    :param images: from flights, shape (n, height, width, 3): they say how strongly each channel
        answers.
    :raises ValueError: if there are none.
    """
    if len(images) == 0:
        raise ValueError('at least one image is needed to find the scales of activations')
    quantised: Any = copy.deepcopy(network).eval()
    quantised.encoder = quantise_encoder(quantised.encoder, images)
    return quantised  # type: ignore[no-any-return]


@torch.no_grad()
def quantise_encoder(encoder: SpatialEncoder, images: NDArray[np.uint8]) -> QuantisedEncoder:
    """Return an encoder in 8 bits whose scales are the best for some images."""
    layers = [each for each in encoder.convolutions if isinstance(each, nn.Conv2d)]
    reaches = _find_reaches(encoder, images)
    # Scales of what goes in: of the image, then of each convolution's results.
    scale = torch.full((layers[0].in_channels,), _IMAGE_SCALE, dtype=torch.float64)
    found = []
    for layer, reach in zip(layers, [*reaches, None], strict=True):
        assert layer.bias is not None
        weight = layer.weight.double() * scale[:, None, None]
        spread = weight.abs().amax(dim=(1, 2, 3)).clamp(min=1e-12) / MOST_WEIGHT
        whole = torch.round(weight / spread[:, None, None, None])
        after = torch.ones_like(spread) if reach is None else reach / MOST_ACTIVATION
        found.append(
            QuantisedConvolution(
                whole.to(torch.int8).numpy(),
                (spread / after).float().numpy(),
                (layer.bias.double() / after).float().numpy(),
                layer.stride[0],
                reach is None,
            )
        )
        scale = after
    return QuantisedEncoder(encoder, tuple(found))


def _find_reaches(encoder: SpatialEncoder, images: NDArray[np.uint8]) -> list[Tensor]:
    """Return how far 8 bits should reach for each channel after each rectifier, as doubles."""
    strongest: list[Tensor] = []
    for signals in _activate(encoder, images):
        tops = [signal.amax(dim=(0, 2, 3)).double() for signal in signals]
        strongest = list(map(torch.maximum, strongest or tops, tops))
    # A channel that never answers reaches to one.
    strongest = [torch.where(top > 0, top, 1.0) for top in strongest]
    errors = [torch.zeros(len(_SHARES), len(top), dtype=torch.float64) for top in strongest]
    for signals in _activate(encoder, images):
        for signal, top, error in zip(signals, strongest, errors, strict=True):
            for number, share in enumerate(_SHARES):
                scale = (top * share / MOST_ACTIVATION).float()[:, None, None]
                seen = torch.round(signal / scale).clamp(max=MOST_ACTIVATION) * scale
                error[number] += (seen - signal).square().sum(dim=(0, 2, 3)).double()
    shares = torch.tensor(_SHARES, dtype=torch.float64)
    return [
        top * shares[error.argmin(dim=0)] for top, error in zip(strongest, errors, strict=True)
    ]


def _activate(encoder: SpatialEncoder, images: NDArray[np.uint8]) -> Iterator[list[Tensor]]:
    """Yield what each rectifier gives for some images at a time."""
    for batch in _split(images):
        signal, found = batch * 4 - 2, []
        for layer in encoder.convolutions:
            signal = layer(signal)
            if isinstance(layer, nn.ReLU):
                found.append(signal)
        yield found


def _split(images: NDArray[np.uint8]) -> Iterator[Tensor]:
    """Yield some images at a time as the encoder takes them."""
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        part = torch.from_numpy(images[start : start + _IMAGES_AT_ONCE])
        yield part.permute(0, 3, 1, 2).float() / 255
