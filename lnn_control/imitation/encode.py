# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder's convolutions for training on a CPU: same weights, same result, less time.

Images pass through all convolutions a few at a time, so that what one writes the next one still
finds in the processor's cache. The first convolution reads pairs of pixels as six channels, which
is the same sum in another order and suits the processor better than three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_backward = torch.ops.aten.convolution_backward


@dataclass(frozen=True)
class Layer:
    """A convolution as it is computed.

    :param folds: pixels side by side that count as channels of one.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]
    folds: int
    has_relu: bool


def plan_layers(convolutions: nn.Sequential, size_px: tuple[int, int]) -> list[Layer]:
    """Return how the convolutions of an encoder are computed.

    :raises ValueError: if there is something else among them than convolutions and ReLU.
    """
    modules = list(convolutions)
    layers: list[Layer] = []
    for place, module in enumerate(modules):
        if isinstance(module, nn.ReLU):
            continue
        if not isinstance(module, nn.Conv2d) or isinstance(module.padding, str):
            raise ValueError(f'encoder must be of Conv2d and ReLU, got {module}')
        down, right = module.stride
        above, left = module.padding
        can_fold = not layers and right == 2 and left % 2 == 0 and size_px[1] % 2 == 0
        has_relu = place + 1 < len(modules) and isinstance(modules[place + 1], nn.ReLU)
        if can_fold:
            layers.append(Layer((down, 1), (above, left // 2), 2, has_relu))
        else:
            layers.append(Layer((down, right), (above, left), 1, has_relu))
    return layers


def fold_weight(weight: Tensor, folds: int) -> Tensor:
    """Return a convolution's weights for images of which pixels side by side are channels.

    :param weight: shape (out, in, down, right), for a horizontal stride of `folds`.
    :return: shape (out, folds * in, down, ceil(right / folds)), channels of the left pixel first.
    """
    if folds == 1:
        return weight
    missing = -weight.shape[3] % folds
    padded = nn.functional.pad(weight, (0, missing))
    out, channels, down, right = padded.shape
    split = padded.view(out, channels, down, right // folds, folds)
    return split.permute(0, 4, 1, 2, 3).reshape(out, folds * channels, down, right // folds)


def unfold_weight(folded: Tensor, folds: int, width: int) -> Tensor:
    """Return weights, or their gradient, as they were before :func:`fold_weight`.

    :param width: of the original weights.
    """
    if folds == 1:
        return folded
    out, channels, down, right = folded.shape
    split = folded.reshape(out, folds, channels // folds, down, right)
    return split.permute(0, 2, 3, 4, 1).reshape(out, channels // folds, down, -1)[..., :width]


class _Convolve(torch.autograd.Function):
    """All convolutions over chunks of images; gradients of the weights alone."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, chunks: Iterable[Tensor], layers: Sequence[Layer], *parameters: Tensor
    ) -> Tensor:
        """Return the last maps of all images, shape (n, channels, height, width)."""
        ctx.layers, ctx.shapes = layers, [p.shape for p in parameters]
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        ctx.weights, ctx.saved = weights, []
        maps = []
        for pixels in chunks:
            if not weights:
                _cast(layers, parameters, pixels.dtype, weights, biases)
            # Pixels lie channel by channel in memory: folding them costs nothing.
            folds = layers[0].folds
            values = pixels.view(*pixels.shape[:2], -1, 3 * folds).permute(0, 3, 1, 2)
            inputs = []
            for layer, weight, bias in zip(layers, weights, biases, strict=True):
                inputs.append(values)
                values = nn.functional.conv2d(values, weight, bias, layer.stride, layer.padding)
                if layer.folds > 1:
                    values = values[..., : -(-pixels.shape[2] // layer.folds)]
                if layer.has_relu:
                    values = values.relu_()
            ctx.saved.append(inputs)
            maps.append(values)
        return torch.cat(maps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # type: ignore[override]
        """Return the gradients of weights and biases, summed over the chunks in float32."""
        sums = [torch.zeros(shape) for shape in ctx.shapes]
        dtype = ctx.weights[0].dtype
        counts = [len(inputs[0]) for inputs in ctx.saved]
        for inputs, gradient in zip(ctx.saved, gradients[0].split(counts), strict=True):
            flow = gradient.to(dtype).contiguous(memory_format=torch.channels_last)
            for i in reversed(range(len(inputs))):
                layer, weight = ctx.layers[i], ctx.weights[i]
                # Nobody needs the gradient of the pixels.
                mask = [i > 0, True, True]
                sizes = (weight.shape[0],), layer.stride, layer.padding, (1, 1)
                below, by_weight, by_bias = _backward(
                    flow, inputs[i], weight, *sizes, False, (0, 0), 1, mask
                )
                width = ctx.shapes[2 * i][3]
                sums[2 * i] += unfold_weight(by_weight, layer.folds, width)
                sums[2 * i + 1] += by_bias
                if i > 0:
                    # What ReLU held back has no gradient; its output is this layer's input.
                    is_open = ctx.layers[i - 1].has_relu
                    flow = (
                        torch.ops.aten.threshold_backward(below, inputs[i], 0)
                        if is_open
                        else below
                    )
        ctx.saved = []
        return None, None, *sums


def _cast(
    layers: Sequence[Layer],
    parameters: Sequence[Tensor],
    dtype: torch.dtype,
    weights: list[Tensor],
    biases: list[Tensor],
) -> None:
    """Fill in the weights and biases as the convolutions take them."""
    for layer, weight, bias in zip(layers, parameters[::2], parameters[1::2], strict=True):
        folded = fold_weight(weight, layer.folds).to(dtype)
        weights.append(folded.contiguous(memory_format=torch.channels_last))
        biases.append(bias.to(dtype))


def convolve(
    convolutions: nn.Sequential, chunks: Iterable[Tensor], size_px: tuple[int, int]
) -> Tensor:
    """Return what the encoder's convolutions make of prepared images.

    :param chunks: images from -2 to 2 a few at a time, shape (n, height, width, 3), in the type
        to compute in.
    :param size_px: height and width.
    :return: shape (n of all, channels, height, width), of the images' type.
    """
    parameters = [
        parameter
        for module in convolutions
        if isinstance(module, nn.Conv2d)
        for parameter in (module.weight, module.bias)
    ]
    return _Convolve.apply(chunks, plan_layers(convolutions, size_px), *parameters)


def choose_dtype(device: torch.device) -> torch.dtype:
    """Return the type to compute convolutions in: bfloat16 where the hardware knows it."""
    if device.type == 'cpu':
        is_supported = getattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', None)
        return torch.bfloat16 if is_supported is not None and is_supported() else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
