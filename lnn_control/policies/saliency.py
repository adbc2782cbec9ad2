# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a convolutional encoder looks at in an image.

VisualBackProp (Bojarski et al., ICRA 2018): the mean over the channels of every convolution's
response, from the last one back to the image, each spread over what it was computed from and
multiplied with the one before. Parts to which every layer responds remain.
"""

import torch
from torch import Tensor, nn

_TINY = 1e-12


@torch.no_grad()
def map_saliency(layers: nn.Sequential, images: Tensor) -> Tensor:
    """Return how much each pixel counts, 0 to 1 in every image.

    :param layers: convolutions and what is between them. :param images: as the first one takes
        them, shape (n, channels, height, width).
    :return: shape (n, height, width); zeros where nothing answers at all.
    :raises ValueError: if there is no convolution among the layers, or one pads by name.
    """
    responses: list[tuple[nn.Conv2d, tuple[int, int], Tensor]] = []
    flow, size = images, (0, 0)
    pending: nn.Conv2d | None = None
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            if pending is not None:
                responses.append((pending, size, _average(flow)))
            pending, size = layer, (flow.shape[2], flow.shape[3])
        flow = layer(flow)
    if pending is None:
        raise ValueError('a saliency map needs a convolution, got none')
    responses.append((pending, size, _average(flow)))

    product = torch.ones_like(responses[-1][2])
    for convolution, below, response in reversed(responses):
        product = _spread(product * response, convolution, below)
        # Values would fade from layer to layer otherwise.
        product = product / product.amax(dim=(2, 3), keepdim=True).clamp(min=_TINY)
    return product[:, 0]


def _average(flow: Tensor) -> Tensor:
    """Return the mean of what a layer lets through, shape (n, 1, height, width)."""
    return flow.relu().mean(dim=1, keepdim=True)


def _spread(response: Tensor, convolution: nn.Conv2d, size: tuple[int, int]) -> Tensor:
    """Return a map as large as what a convolution has read, each value over what it came from."""
    kernel = response.new_ones(1, 1, *convolution.kernel_size)
    stride = convolution.stride
    if isinstance(convolution.padding, str):
        raise ValueError(f'padding of a convolution must be numbers, got {convolution.padding!r}')
    spread = nn.functional.conv_transpose2d(
        response,
        kernel,
        stride=stride,
        dilation=convolution.dilation,  # type: ignore[arg-type]
    )
    # What the padding added is cut off again; what no stride reached counts nothing.
    down, right = convolution.padding
    inner = spread[:, :, down : down + size[0], right : right + size[1]]
    missing = (0, size[1] - inner.shape[3], 0, size[0] - inner.shape[2])
    return nn.functional.pad(inner, missing)
