# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder's convolutions for training on a CPU: same weights, same result, less time.

Images pass through all convolutions a few at a time, so that what one writes the next one still
finds in the processor's cache. The first convolution reads pairs of pixels as six channels, which
is the same sum in another order and suits the processor better than three.
"""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_backward = torch.ops.aten.convolution_backward
# Of torch's compiler, where the build has it.
_convolve_relu = getattr(torch.ops.mkldnn, '_convolution_pointwise', None)


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
                values = _compute(values, weight, bias, layer)
            ctx.saved.append(inputs)
            maps.append(values)
        return torch.cat(maps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # type: ignore[override]
        """Return the gradients of weights and biases, summed over the chunks in float32."""
        weights = ctx.weights
        counts = [len(inputs[0]) for inputs in ctx.saved]
        flows = gradients[0].to(weights[0].dtype).contiguous(memory_format=torch.channels_last)
        by_weight = [torch.zeros_like(weight, dtype=torch.float32) for weight in weights]
        by_bias = [torch.zeros(len(weight)) for weight in weights]
        spread = [
            _make_squares(weight) if _can_spread(layer, weight, values) else None
            for layer, weight, values in zip(ctx.layers, weights, ctx.saved[0], strict=True)
        ]
        for inputs, flow in zip(ctx.saved, flows.split(counts), strict=True):
            for i in reversed(range(len(inputs))):
                layer, weight = ctx.layers[i], weights[i]
                # Nobody needs the gradient of the pixels.
                mask = [i > 0 and spread[i] is None, True, True]
                sizes = (len(weight),), layer.stride, layer.padding, (1, 1)
                below, *found = _backward(flow, inputs[i], weight, *sizes, False, (0, 0), 1, mask)
                by_weight[i] += found[0]
                by_bias[i] += found[1]
                if i > 0:
                    squares = spread[i]
                    if squares is not None:
                        below = _spread_gradient(flow, squares)
                    flow = below
                    if ctx.layers[i - 1].has_relu:
                        # What ReLU held back has no gradient; it gave this layer's input.
                        flow = torch.ops.aten.threshold_backward(below, inputs[i], 0)
        ctx.saved = []
        unfolded = [
            unfold_weight(gradient, layer.folds, shape[3])
            for gradient, layer, shape in zip(by_weight, ctx.layers, ctx.shapes[::2], strict=True)
        ]
        pairs = zip(unfolded, by_bias, strict=True)
        return None, None, *(gradient for pair in pairs for gradient in pair)


def _compute(values: Tensor, weight: Tensor, bias: Tensor, layer: Layer) -> Tensor:
    """Return what a layer makes of its input."""
    if _convolve_relu is not None and layer.has_relu:
        # Both in one pass.
        sizes = layer.padding, layer.stride, (1, 1)
        result: Tensor = _convolve_relu(values, weight, bias, *sizes, 1, 'relu', [], '')
        return result
    values = nn.functional.conv2d(values, weight, bias, layer.stride, layer.padding)
    return values.relu_() if layer.has_relu else values


def _can_spread(layer: Layer, weight: Tensor, values: Tensor) -> bool:
    """Return whether :func:`_spread_gradient` knows this layer."""
    is_usual = layer.stride == (2, 2) and layer.padding == (1, 1) and weight.shape[2:] == (3, 3)
    return is_usual and values.shape[2] % 2 == 0 and values.shape[3] % 2 == 0


def _make_squares(weight: Tensor) -> Tensor:
    """Return the weights that :func:`_spread_gradient` takes.

    Rows 2i of the input meet output i by the kernel's middle row; rows 2i + 1 meet output i by the
    last one and output i + 1 by the first one; columns likewise. So the four inputs of a square
    are a dense convolution of 2x2 outputs, which is faster than a transposed one with its holes.

    :param weight: shape (out, in, 3, 3).
    :return: shape (4 in, out, 2, 2).
    """
    out, channels = weight.shape[:2]
    # [even or odd, this output or the next] -> row of the kernel; 3 is a row of zeros.
    taps = torch.tensor([[1, 3], [2, 0]])
    padded = nn.functional.pad(weight, (0, 1, 0, 1))
    # out, in, row, down, column, right
    dense = padded[:, :, taps[:, :, None, None], taps[None, None]]
    dense = dense.permute(2, 4, 1, 0, 3, 5).reshape(4 * channels, out, 2, 2)
    return dense.contiguous(memory_format=torch.channels_last)


def _spread_gradient(flow: Tensor, squares: Tensor) -> Tensor:
    """Return the gradient of the input of a 3x3 convolution of stride 2 and padding 1.

    :param flow: gradient of the output, shape (n, out, height, width).
    :param squares: from :func:`_make_squares`.
    :return: shape (n, in, 2 height, 2 width).
    """
    count, _, height, width = flow.shape
    found = nn.functional.conv2d(nn.functional.pad(flow, (0, 1, 0, 1)), squares)
    found = found.permute(0, 2, 3, 1).view(count, height, width, 2, 2, -1)
    spread = found.permute(0, 1, 3, 2, 4, 5).reshape(count, 2 * height, 2 * width, -1)
    return spread.permute(0, 3, 1, 2)


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
        return torch.bfloat16 if _computes_bfloat16() else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32


def _computes_bfloat16() -> bool:
    """Return whether the processor multiplies in bfloat16 by itself.

    oneDNN takes it on every x86 processor with AVX-512, and where it has to make it up from
    float32 that takes several times as long as float32.
    """
    if platform.machine() in ('x86_64', 'AMD64'):
        names = ('_is_avx512_bf16_supported', '_is_amx_tile_supported')
        return any(getattr(torch.cpu, name, bool)() for name in names)
    is_taken = getattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', bool)
    return bool(is_taken())
