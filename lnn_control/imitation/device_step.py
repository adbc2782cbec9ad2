# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Training steps on a GPU that the processor does not wait for.

A step reads its batch from one place and is the same work every time. So a CUDA graph holds all of
it, from augmentation to optimiser, and the processor only says go. What the steps came to is read
a few steps later.
"""

import math
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lnn_control.imitation.augment import (
    Augmentation,
    Looks,
    apply_looks,
    draw_looks,
    measure_colour,
)
from lnn_control.imitation.carried import CarriedState
from lnn_control.imitation.objective import Objective
from lnn_control.imitation.resident import BatchShape, Flights, Inputs, extend_flights
from lnn_control.imitation.windows import Window

READ_EVERY = 8
"""Steps after which what they came to is read; at most twice as many are under way."""

_WARM_UP = 3  # steps before a graph is captured: libraries choose and allocate in them


class Outcome(NamedTuple):
    """What a step came to.

    :param num_weighted: images that bore loss.
    """

    loss: float
    head_loss: float
    gradient_norm: float
    num_weighted: int

    @property
    def is_finite(self) -> bool:
        """Whether the weights after the step are numbers."""
        return all(math.isfinite(value) for value in self[:3])


class Ledger:
    """Outcomes of steps, written on the device and read in blocks when they have arrived."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._rows = torch.zeros(READ_EVERY, 3, device=device)
        self._counts: list[int] = []
        # Rows on their way to the host, what tells that they are there, and their counts.
        self._sent: deque[tuple[Tensor, Any, list[int]]] = deque()

    def note(self, values: Tensor, num_weighted: int) -> None:
        """Take note of a step. :param values: loss, loss of the heads, gradient norm."""
        self._rows[len(self._counts)].copy_(values)
        self._counts.append(num_weighted)
        if len(self._counts) == len(self._rows):
            self._send()

    def _send(self) -> None:
        """Let what was noted travel to the host."""
        is_remote = self.device.type == 'cuda'
        block = torch.empty(len(self._counts), 3, pin_memory=is_remote)
        block.copy_(self._rows[: len(block)], non_blocking=True)
        event = None
        if is_remote:
            event = torch.cuda.Event()
            event.record()
        self._sent.append((block, event, self._counts))
        self._counts = []

    def read(self, is_complete: bool = False) -> list[Outcome]:
        """Return the outcomes of blocks before the last one sent.

        :param is_complete: of all steps, waiting for those under way.
        """
        if is_complete and self._counts:
            self._send()
        outcomes = []
        while len(self._sent) > (0 if is_complete else 1):
            block, event, counts = self._sent.popleft()
            if event is not None:
                event.synchronize()
            rows = block.tolist()
            pairs = zip(rows, counts, strict=True)
            outcomes += [Outcome(row[0], row[1], row[2], count) for row, count in pairs]
        return outcomes


@dataclass(frozen=True, eq=False)
class Learning:
    """What a step works on, all of it on one device.

    :param optimiser: whose learning rate is a tensor. :param dtype: of the convolutions.
    """

    objective: Objective
    optimiser: torch.optim.Optimizer
    carried: CarriedState
    strength: Augmentation
    max_gradient_norm: float
    dtype: torch.dtype

    @property
    def parameters(self) -> list[Tensor]:
        """What the optimiser changes."""
        return [p for group in self.optimiser.param_groups for p in group['params']]


class DeviceStep:
    """Takes steps, one batch after another.

    :param carries_state: whether the memory goes on from window to window.
    """

    def __init__(
        self, learning: Learning, flights: Flights, shape: BatchShape, carries_state: bool
    ) -> None:
        self.learning, self.flights, self.shape = learning, flights, shape
        self.device = flights.device
        self.inputs = Inputs.make(shape, self.device)
        self.carries_state = carries_state
        self.ledger = Ledger(self.device)
        self._render: Callable[..., Tensor] = _choose_renderer(self.device)
        self._generator = torch.Generator(self.device)
        self._values = torch.zeros(3, device=self.device)
        self._groups: Any = None
        self._graph: Any = None
        self._num_eager = 0
        self._can_capture = self.device.type == 'cuda'
        self._recent: deque[tuple[float, int]] = deque(maxlen=2 * READ_EVERY + 1)

    def extend(self, sequences: Sequence[Any]) -> None:
        """Learn from more flights from the next pass on."""
        self.flights = extend_flights(self.flights, sequences)

    def change(self, strength: Augmentation) -> None:
        """Augment so from now on."""
        self.learning = replace(self.learning, strength=strength)
        self.forget()

    def forget(self) -> None:
        """Take note that weights or moments lie elsewhere now."""
        self._groups = self._graph = None
        self._num_eager = 0

    def run(
        self, groups: Sequence[Sequence[Window]], place: int, seed: int, learning_rate: float
    ) -> None:
        """Take a step on a batch of a pass; it may still be under way afterwards.

        :param groups: batches of the pass. :param place: of the batch among them; they are taken
            in turn. :param seed: of all that is random in the step.
        """
        if self._groups is not groups:
            self.flights.begin(groups[place:])
            self._groups = groups
        self.flights.fill(self.inputs)
        # Outside of the graph, which would keep them as they are now.
        self._generator.manual_seed(seed)
        for group in self.learning.optimiser.param_groups:
            group['lr'].fill_(learning_rate)
        self._advance()
        windows = groups[place]
        self.ledger.note(self._values, sum(w.length - w.warm_up for w in windows))
        self._recent.append((time.perf_counter(), sum(w.length for w in windows)))

    @property
    def images_per_second(self) -> float:
        """Speed of the last steps; 0 if there was one only."""
        (begin, _), (end, _) = self._recent[0], self._recent[-1]
        images = sum(count for _, count in self._recent) - self._recent[0][1]
        return images / (end - begin) if end > begin else 0.0

    def _advance(self) -> None:
        """Do the work of a step, as a graph as soon as there is one."""
        if self._can_capture and self._graph is None and self._num_eager >= _WARM_UP:
            self._capture()
        if self._graph is not None:
            self._graph.replay()
            return
        self._num_eager += 1
        if not self._can_capture:
            self._learn()
            return
        # What a graph will hold must not have been touched on the usual stream.
        usual, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(usual)
        with torch.cuda.stream(aside):
            self._learn()
        usual.wait_stream(aside)

    def _capture(self) -> None:
        """Write down the work of a step as a graph; without one steps go on, but slower."""
        try:
            # Gradients of a graph lie in memory of its own.
            self.learning.optimiser.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            graph.register_generator_state(self._generator)
            # Batches are read in another thread meanwhile.
            with torch.cuda.graph(graph, capture_error_mode='thread_local'):
                self._learn()
            self._graph = graph
        except torch.cuda.OutOfMemoryError:
            raise
        except (RuntimeError, AttributeError) as error:
            warnings.warn(
                f'no CUDA graph of a training step ({_shorten(error)}): it goes on, but slower',
                stacklevel=2,
            )
            self._can_capture = False
            seed = self._generator.initial_seed()
            self._generator = torch.Generator(self.device).manual_seed(seed)

    def _learn(self) -> None:
        """Compute losses and gradients of the inputs and change the weights."""
        learning, inputs = self.learning, self.inputs
        # The fastest of several ways to convolve is looked for once: sizes never change.
        with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True):
            seen, is_mirrored = self._see()
            state = None
            if self.carries_state:
                state = learning.carried.take_rows(inputs.lanes, inputs.is_first)
            loss, head_loss, state = learning.objective.compute(
                inputs.signals, is_mirrored, seen, state
            )
            if self.carries_state:
                learning.carried.put_rows(inputs.lanes, state)
            learning.optimiser.zero_grad(set_to_none=True)
            (loss + head_loss).backward()
        norm = torch.nn.utils.clip_grad_norm_(learning.parameters, learning.max_gradient_norm)
        learning.optimiser.step()
        self._values.copy_(torch.stack([loss.detach(), head_loss.detach(), norm]))

    def _see(self) -> tuple[Tensor, Tensor]:
        """Return the encoder's features of augmented images, and which windows are mirrored."""
        learning, inputs = self.learning, self.inputs
        encoder, generator = learning.objective.network.encoder, self._generator
        looks = draw_looks(
            learning.strength,
            measure_colour(inputs.images),
            encoder.size_px,
            generator,
            inputs.segmentation is not None,
        )
        # One pattern serves all windows, each at its own level.
        shape = (1, self.shape.steps, 3, *self.shape.size_px)
        noise = torch.randn(shape, generator=generator, device=self.device)
        pixels = self._render(inputs.images, looks, noise, inputs.segmentation, learning.dtype)
        is_short = learning.dtype != torch.float32
        with torch.autocast(self.device.type, learning.dtype, enabled=is_short):
            maps = encoder.convolutions(pixels)
        seen = encoder.read(maps).unflatten(0, (self.shape.windows, self.shape.steps))
        return seen, looks.is_mirrored


def render_pixels(
    images: Tensor, looks: Looks, noise: Tensor, classes: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """Return images as the encoder's first convolution reads them, -2 to 2.

    :param images: uint8, shape (batch, steps, height, width, 3). :param noise: see `apply_looks`.
    :param classes: segmentation, shape (batch, steps, height, width).
    :return: shape (batch * steps, 3, height, width), channels last in memory.
    """
    pixels = images.permute(0, 1, 4, 2, 3).float() / 255
    pixels = apply_looks(pixels, looks, noise, classes).flatten(0, 1)
    return (pixels * 4 - 2).to(dtype, memory_format=torch.channels_last)


def _choose_renderer(device: torch.device) -> Callable[..., Tensor]:
    """Return what renders pixels: on a GPU compiled, which makes one pass over them of many."""
    if device.type != 'cuda':
        return render_pixels
    compiled = torch.compile(render_pixels, dynamic=False, options={'compile_threads': 1})
    is_broken = False

    def render(*arguments: Any) -> Tensor:
        nonlocal is_broken
        if not is_broken:
            try:
                pixels: Tensor = compiled(*arguments)
                return pixels
            except torch.cuda.OutOfMemoryError:
                raise
            except Exception as error:  # compilers break in any way, most where there is none
                is_broken = True
                warnings.warn(
                    f'augmentation is not compiled ({_shorten(error)}): it goes on, but slower',
                    stacklevel=2,
                )
        return render_pixels(*arguments)

    return render


def _shorten(error: BaseException) -> str:
    """Return the beginning of an error in one line."""
    return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'


def make_optimiser(
    parameters: Sequence[Tensor], learning_rate: float, weight_decay: float, device: torch.device
) -> torch.optim.Optimizer:
    """Return AdamW in one kernel, its learning rate on the device, where a graph can hold it."""
    return torch.optim.AdamW(
        parameters,
        torch.tensor(learning_rate, device=device),
        weight_decay=weight_decay,
        fused=True,
        capturable=device.type == 'cuda',
    )


_OWN_OPTIONS = ('lr', 'fused', 'capturable', 'foreach')


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Take over an optimiser's moments, perhaps of another device; how it computes stays."""
    groups = [
        {**saved, **{name: own[name] for name in _OWN_OPTIONS}}
        for saved, own in zip(state['param_groups'], optimiser.param_groups, strict=True)
    ]
    rates = [group['lr'] for group in optimiser.param_groups]
    optimiser.load_state_dict({**state, 'param_groups': groups})
    # Loading copies; the tensor that steps write to is the one to read from.
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group['lr'] = rate
