# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Image augmentation that makes a policy look at shapes and contrasts instead of one season.

:func:`draw_looks` draws once a window what :func:`apply_looks` does to all of its images. Draws
and constants are on the device of the generator. `imitation.pixels` does the same faster on a CPU.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from lnn_control.core.checks import check_number
from lnn_control.imitation.loss import scale_columns

# Signs of what a mirror image turns around: vy and yaw rate; IMU y, roll and yaw axes.
MIRROR_COMMAND = (1.0, -1.0, 1.0, -1.0)
MIRROR_IMU = (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0) + 6 * (1.0,)

NUM_CLASSES = 256
TARGET_CLASS = 8
"""Class of the thing to be found in a segmentation: its colour may be what tells it."""

_LARGEST_BLEND = 0.7  # of a random convolution
_LARGEST_HAZE = 0.5
_LARGEST_RECOLOURING = 0.7
_DARKEST = 1e-3  # for the logarithm in gamma
_LIGHT_GRID = (3, 5)
_MEAN_STRIDE = 8  # the mean colour of a window is that of every eighth image


@dataclass(frozen=True)
class Augmentation:
    """Strength of each change, drawn once a window so that a flight stays consistent."""

    colour_mixing: float = 0.25
    """How far the three colour channels are mixed into each other."""
    brightness: float = 0.25
    """Standard deviation of the logarithm of a factor on all pixels."""
    contrast: float = 0.25
    """Standard deviation of the logarithm of a factor about the mean."""
    tint: float = 0.15
    """Standard deviation of the logarithm of a factor on each colour channel."""
    image_noise: float = 0.03
    """Largest standard deviation of pixel noise, of pixels from 0 to 1."""
    mirror: float = 0.5
    """Probability of a mirror image with mirrored labels, 0 to 1; none where left and right are
    not alike."""
    random_convolution: float = 0.0
    """Probability that a random 3x3 convolution across channels is blended in, up to 0.7."""
    gamma: float = 0.0
    """Standard deviation of the logarithm of a factor on the exponent of pixels."""
    uneven_light: float = 0.0
    """Standard deviation of the logarithm of a smooth field of factors, as light falls."""
    haze: float = 0.0
    """Probability that grey is blended in, up to 0.5."""
    recolouring: float = 0.0
    """Probability that each class of a recorded segmentation but the target gets a colour of its
    own blended in, up to 0.7."""

    def __post_init__(self) -> None:
        strengths = ('colour_mixing', 'brightness', 'contrast', 'tint', 'image_noise')
        for name in (*strengths, 'gamma', 'uneven_light'):
            check_number(name, getattr(self, name), 0.0, 2.0)
        for name in ('mirror', 'random_convolution', 'haze', 'recolouring'):
            check_number(name, getattr(self, name), 0.0, 1.0)


LEVELS: dict[str, Augmentation] = {
    'none': Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    'weak': Augmentation(),
    'strong': Augmentation(
        image_noise=0.06,
        random_convolution=0.35,
        gamma=0.3,
        uneven_light=0.25,
        haze=0.3,
        recolouring=0.5,
    ),
}
"""Name of a level -> its strengths."""


def soften(strength: Augmentation) -> Augmentation:
    """Return the same changes, each at most as strong as in the weak level."""
    weak = LEVELS['weak']
    names = [entry.name for entry in fields(strength)]
    return Augmentation(**{n: min(getattr(strength, n), getattr(weak, n)) for n in names})


@dataclass(frozen=True, eq=False)
class Looks:
    """What was drawn for b windows; None where a change is left out.

    A pixel becomes clamp(clamp(kernel * pixel + offset)^gamma * gain + haze + noise), where * is
    the convolution over pixels and channels, which sees black beyond the border.

    :param kernel: shape (b, 3, 3, 3, 3): to and from channel, down, right. Without a random
        convolution only its middle is not zero.
    :param offset: shape (b, 3). :param is_convolved: shape (b,), None where no window is.
    :param gamma: shape (b,). :param gain: light and what haze leaves of it, (b, height, width).
    :param haze: what haze adds, shape (b,). :param noise: standard deviation, shape (b,).
    :param class_gain, class_offset: of a pixel by its class, shape (b, classes, 3).
    :param is_mirrored: shape (b,).
    """

    kernel: Tensor
    offset: Tensor
    is_convolved: Tensor | None
    gamma: Tensor | None
    gain: Tensor | None
    haze: Tensor
    noise: Tensor
    class_gain: Tensor | None
    class_offset: Tensor | None
    is_mirrored: Tensor

    @property
    def is_plain(self) -> Tensor:
        """Whether kernel and offset leave a window's pixels as they are, shape (b,)."""
        untouched = torch.zeros_like(self.kernel)
        untouched[:, :, :, 1, 1] = torch.eye(3, device=untouched.device)
        is_same = (self.kernel == untouched).flatten(1).all(dim=1)
        return is_same & (self.offset == 0).all(dim=1)

    def take(self, rows: slice) -> 'Looks':
        """Return the looks of some of the windows."""
        values: dict[str, Any] = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        taken: dict[str, Any] = {k: None if v is None else v[rows] for k, v in values.items()}
        return Looks(**taken)


class _Draws:
    """Random numbers on a generator's device."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator, self.device = generator, generator.device

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device)

    def factor(self, spread: float, *shape: int) -> Tensor:
        """Return exp(spread n), exactly one where there is no spread."""
        return torch.exp(spread * self.normal(*shape))

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self.uniform(*shape) < probability


def measure_colour(images: Tensor) -> Tensor:
    """Return the mean of each channel over a window, 0 to 1, shape (batch, 3).

    :param images: uint8, shape (batch, steps, height, width, 3).
    """
    return images[:, ::_MEAN_STRIDE].float().mean(dim=(1, 2, 3)) / 255


def draw_looks(
    strength: Augmentation,
    colour: Tensor,
    size_px: tuple[int, int],
    generator: torch.Generator,
    has_classes: bool = False,
) -> Looks:
    """Draw the looks of a batch of windows.

    :param colour: mean of each channel, shape (batch, 3), on the generator's device.
    :param size_px: height and width. :param has_classes: whether there is a segmentation.
    """
    draws, batch = _Draws(generator), len(colour)
    matrix, offset = _draw_colours(strength, colour, draws)
    kernel = torch.zeros(batch, 3, 3, 3, 3, device=draws.device)
    kernel[:, :, :, 1, 1] = matrix
    is_convolved = None
    if strength.random_convolution > 0:
        is_convolved = draws.chance(strength.random_convolution, batch)
        kernel, offset = _blend_convolution(kernel, offset, colour, is_convolved, draws)
    gamma = draws.factor(strength.gamma, batch) if strength.gamma > 0 else None
    # Light and haze are one factor and one summand in the end.
    gain = _draw_light(strength.uneven_light, batch, size_px, draws)
    haze = torch.zeros(batch, device=draws.device)
    if strength.haze > 0:
        depth = draws.chance(strength.haze, batch) * _LARGEST_HAZE * draws.uniform(batch)
        haze = depth * (0.5 + 0.4 * draws.uniform(batch))
        remaining = (1 - depth)[:, None, None]
        gain = remaining.expand(-1, *size_px) if gain is None else gain * remaining
    class_gain, class_offset = None, None
    if has_classes and strength.recolouring > 0:
        class_gain, class_offset = _draw_class_colours(strength.recolouring, batch, draws)
    return Looks(
        kernel,
        offset,
        is_convolved,
        gamma,
        gain,
        haze,
        strength.image_noise * draws.uniform(batch),
        class_gain,
        class_offset,
        draws.chance(strength.mirror, batch),
    )


def _draw_colours(strength: Augmentation, colour: Tensor, draws: _Draws) -> tuple[Tensor, Tensor]:
    """Return the matrix between channels (batch, 3, 3) and the offset (batch, 3)."""
    batch = len(colour)
    eye = torch.eye(3, device=draws.device)
    mixing = eye + strength.colour_mixing * draws.normal(batch, 3, 3)
    # Rows sum to the tint, so that grey stays near grey and only colours move.
    tint = draws.factor(strength.tint, batch, 3, 1)
    mixing = mixing / mixing.sum(dim=2, keepdim=True).clamp(min=0.4) * tint
    brightness = draws.factor(strength.brightness, batch, 1)
    contrast = draws.factor(strength.contrast, batch, 1)
    # Contrast turns about the mean of all channels.
    mean = colour.mean(dim=1, keepdim=True)
    offset = brightness * mean * (1 - contrast)
    return mixing * (brightness * contrast)[:, :, None], offset.expand(-1, 3)


def _blend_convolution(
    kernel: Tensor, offset: Tensor, colour: Tensor, is_convolved: Tensor, draws: _Draws
) -> tuple[Tensor, Tensor]:
    """Return kernel and offset with a random convolution blended into some windows.

    Of mixed pixels y = M x + o it makes (1 - a) y + a (K * y - sum(K) mean(y) + 0.45): shapes
    stay, textures and colours change, the mean stays near a middling grey.
    """
    batch = len(kernel)
    matrix = kernel[:, :, :, 1, 1]
    filters = draws.normal(batch, 3, 3, 3, 3) * (0.8 / math.sqrt(27))
    blend = is_convolved * _LARGEST_BLEND * draws.uniform(batch)
    mixed = torch.einsum('bikyx,bkj->bijyx', filters, matrix)
    weights = blend[:, None, None, None, None]
    # K * o and K * mean(y) are sums over the filter, away from the border.
    total = filters.sum(dim=(3, 4))
    mean = torch.einsum('bij,bj->bi', matrix, colour) + offset
    shift = torch.einsum('bij,bj->bi', total, offset - mean) + 0.45
    blend = blend[:, None]
    return kernel * (1 - weights) + mixed * weights, offset * (1 - blend) + shift * blend


def _draw_light(
    spread: float, batch: int, size_px: tuple[int, int], draws: _Draws
) -> Tensor | None:
    """Return a smooth field of factors, shape (batch, height, width)."""
    if spread == 0:
        return None
    field = torch.nn.functional.interpolate(
        draws.normal(batch, 1, *_LIGHT_GRID), size_px, mode='bicubic'
    )
    return torch.exp(spread * field[:, 0])


def _draw_class_colours(probability: float, batch: int, draws: _Draws) -> tuple[Tensor, Tensor]:
    """Return what each class's pixels are multiplied by and what is added, (batch, classes, 3)."""
    chosen = draws.chance(probability, batch, 1, 1)
    blend = chosen * _LARGEST_RECOLOURING * draws.uniform(batch, NUM_CLASSES, 1)
    blend[:, TARGET_CLASS] = 0.0
    return (1 - blend).expand(-1, -1, 3), blend * draws.uniform(batch, NUM_CLASSES, 3)


def apply_looks(
    images: Tensor, looks: Looks, noise: Tensor | None = None, classes: Tensor | None = None
) -> Tensor:
    """Return images as they look, first mirrored where that was drawn.

    :param images: float 0 to 1, shape (batch, steps, 3, height, width).
    :param noise: of standard deviation 1, shape (batch or 1, steps, 3, height, width).
    :param classes: segmentation, shape (batch, steps, height, width).
    """
    batch = len(images)
    mirrored = looks.is_mirrored[:, None, None, None]
    images = torch.where(mirrored[..., None], images.flip(-1), images)
    if looks.class_gain is not None and looks.class_offset is not None and classes is not None:
        classes = torch.where(mirrored, classes.flip(-1), classes)
        window = torch.arange(batch, device=images.device)[:, None, None, None]
        gain, offset = (
            table[window, classes.long()].movedim(-1, 2)
            for table in (looks.class_gain, looks.class_offset)
        )
        images = images * gain + offset
    images = _colour(images, looks) + looks.offset[:, None, :, None, None]
    if looks.gamma is not None:
        images = images.clamp(_DARKEST, 1) ** looks.gamma[:, None, None, None, None]
    if looks.gain is not None:
        images = images * looks.gain[:, None, None]
    images = images + looks.haze[:, None, None, None, None]
    if noise is not None:
        images = images.addcmul(looks.noise[:, None, None, None, None].to(noise), noise)
    return images.clamp(0, 1)


def _colour(images: Tensor, looks: Looks) -> Tensor:
    """Return images after their kernels, each window with its own."""
    if torch.compiler.is_compiling():
        return _sum_products(images, looks.kernel, looks.is_convolved is not None)
    if looks.is_convolved is None:
        return torch.einsum('bij,btjhw->btihw', looks.kernel[:, :, :, 1, 1], images)
    # All at once: a convolution in as many groups as there are windows.
    batch = len(images)
    rows = images.transpose(0, 1).flatten(1, 2)
    kernel = looks.kernel.flatten(0, 1).to(images.dtype)
    rows = torch.nn.functional.conv2d(rows, kernel, padding=1, groups=batch)
    return rows.unflatten(1, (batch, 3)).transpose(0, 1)


def _sum_products(images: Tensor, kernel: Tensor, is_convolved: bool) -> Tensor:
    """Return the same as sums of products, which a compiler makes one pass over the images.

    :param is_convolved: whether more of the kernel than its middle counts.
    """
    height, width = images.shape[-2:]
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    taps = [(down, right) for down in range(3) for right in range(3)]
    total = torch.zeros_like(images)
    for down, right in taps if is_convolved else [(1, 1)]:
        shifted = padded[..., down : down + height, right : right + width]
        for source in range(3):
            factor = kernel[:, None, :, source, down, right, None, None]
            total = total + factor * shifted[:, :, source, None]
    return total


def augment_images(images: Tensor, strength: Augmentation, generator: torch.Generator) -> Tensor:
    """Return images changed window by window, none mirrored.

    :param images: float 0 to 1, shape (batch, steps, 3, height, width).
    """
    height, width = images.shape[-2:]
    colour = images.mean(dim=(1, 3, 4))
    looks = draw_looks(replace(strength, mirror=0.0), colour, (height, width), generator)
    # One pattern serves all windows, each at its own level: drawing noise is slow.
    noise = torch.randn((1, *images.shape[1:]), generator=generator, device=images.device)
    return apply_looks(images, looks, noise)


def mirror_signals(imu: Tensor, labels: Tensor, is_mirrored: Tensor) -> tuple[Tensor, Tensor]:
    """Return inertial features and commands with left and right swapped in marked windows.

    :param imu: shape (batch, steps, 12). :param labels: shape (batch, steps, 4).
    :param is_mirrored: shape (batch,).
    """
    chosen = is_mirrored[:, None, None]
    return (
        torch.where(chosen, scale_columns(imu, MIRROR_IMU), imu),
        torch.where(chosen, scale_columns(labels, MIRROR_COMMAND), labels),
    )
