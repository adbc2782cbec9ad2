# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Batches on a GPU, always of one shape and in one place, as a CUDA graph wants them.

All flights lie in the device's memory where they fit, and a batch is gathered there by indices
alone. Where they do not, batches come from the cache on disk.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.imitation.augment import TARGET_CLASS
from lnn_control.imitation.batches import NUM_PRIVILEGED, Batch, read_ahead
from lnn_control.imitation.cache import Sequence as EpisodeSequence
from lnn_control.imitation.objective import Signals
from lnn_control.imitation.windows import Window

# Columns of a plan, a row a window.
_FIRST, _START, _LENGTH, _WARM_UP, _STRIDE, _IS_KNOWN, _LANE, _IS_FIRST = range(8)
_NUM_COLUMNS = 8
# Left free for the computation: of each image of a batch, and beside that [bytes].
_ROOM_AN_IMAGE, _ROOM = 2**20, 2**31
_GROWTH = 1.5  # of the memory for flights, when more come than it holds


@dataclass(frozen=True)
class BatchShape:
    """Sizes of every batch.

    :param steps: images a window. :param size_px: height and width.
    :param max_stride: images from one taken to the next, at most.
    """

    windows: int
    steps: int
    size_px: tuple[int, int]
    max_stride: int
    has_privileged: bool
    has_segmentation: bool


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a step reads, overwritten for every step.

    :param images: uint8, shape (batch, steps, height, width, 3).
    :param segmentation: uint8, shape (batch, steps, height, width), None if nobody has any.
    :param lanes: carried memory that each window goes on from, shape (batch,).
    :param is_first: whether it starts anew, shape (batch,).
    """

    images: Tensor
    segmentation: Tensor | None
    signals: Signals
    lanes: Tensor
    is_first: Tensor

    @classmethod
    def make(cls, shape: BatchShape, device: torch.device) -> 'Inputs':
        """Return inputs of zeros."""
        rows = (shape.windows, shape.steps)

        def zeros(*sizes: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(*sizes, dtype=dtype, device=device)

        signals = Signals(
            zeros(*rows, 12),
            zeros(*rows),
            zeros(*rows, 4),
            zeros(*rows),
            zeros(*rows, NUM_PRIVILEGED) if shape.has_privileged else None,
            zeros(*rows) if shape.has_privileged else None,
        )
        return cls(
            zeros(*rows, *shape.size_px, 3, dtype=torch.uint8),
            zeros(*rows, *shape.size_px, dtype=torch.uint8) if shape.has_segmentation else None,
            signals,
            zeros(shape.windows, dtype=torch.int64),
            zeros(shape.windows, dtype=torch.bool),
        )

    def fill_lanes(self, plan: Tensor) -> None:
        """Take over who goes on from whom.

        :param plan: of the step, shape (batch, columns), on the device.
        """
        self.lanes.copy_(plan[:, _LANE])
        self.is_first.copy_(plan[:, _IS_FIRST])


def plan_step(
    windows: Sequence[Window],
    firsts: Sequence[int],
    sequences: Sequence[EpisodeSequence],
    num_rows: int,
) -> NDArray[np.int64]:
    """Return a step's windows as numbers, shape (num_rows, columns); rows too many are empty.

    :param firsts: place of each sequence's first image among all.
    """
    plan = np.zeros((num_rows, _NUM_COLUMNS), np.int64)
    plan[:, _STRIDE] = 1
    for row, window in zip(plan, windows, strict=False):
        row[_FIRST], row[_START] = firsts[window.sequence], window.start
        row[_LENGTH], row[_WARM_UP], row[_STRIDE] = window.length, window.warm_up, window.stride
        row[_IS_KNOWN] = sequences[window.sequence].privileged is not None
        row[_LANE], row[_IS_FIRST] = window.lane or 0, window.is_first
    if windows[0].lane is not None:
        # Empty rows write into lanes whose flights are over, each into its own.
        over = set(range(num_rows)) - {window.lane for window in windows}
        plan[len(windows) :, _LANE] = sorted(lane for lane in over if lane is not None)
    return plan


class ResidentFlights:
    """All flights in the device's memory.

    :raises MemoryError: if they do not fit.
    """

    def __init__(
        self, sequences: Sequence[EpisodeSequence], shape: BatchShape, device: torch.device
    ) -> None:
        self.shape, self.device = shape, device
        self.sequences: list[EpisodeSequence] = []
        self.firsts: list[int] = []
        self.count = self.capacity = 0
        self._columns: dict[str, Tensor] = {}
        self._plans: Iterator[Tensor] = iter(())
        self._steps = torch.arange(shape.steps, device=device)
        self._strides = torch.arange(shape.max_stride, device=device)
        self.add(sequences)

    def add(self, sequences: Sequence[EpisodeSequence]) -> None:
        """Take in more flights.

        :raises MemoryError: if they do not fit.
        """
        needed = self.count + sum(map(len, sequences))
        if needed > self.capacity:
            # Written anew from the cache: old and new side by side might not fit.
            sequences = [*self.sequences, *sequences]
            self._allocate(needed)
        for sequence in sequences:
            self._write(sequence)

    def _allocate(self, needed: int) -> None:
        """Make room for so many images, and more to come where there have been some before."""
        wanted = needed if not self.capacity else max(needed, int(_GROWTH * self.capacity))
        self._columns, self.sequences, self.firsts = {}, [], []
        self.count = self.capacity = 0
        images = self.shape.windows * self.shape.steps
        most = (find_room(self.device) - _ROOM - images * _ROOM_AN_IMAGE) // self._count_bytes()
        if needed > most:
            raise MemoryError(f'{needed} images, of which {max(most, 0)} fit')
        self.capacity = min(wanted, most)
        for name, sizes, dtype in self._list_columns():
            made = torch.zeros(self.capacity, *sizes, dtype=dtype, device=self.device)
            self._columns[name] = made

    def _list_columns(self) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
        """Return name, sizes and type of what is kept of an image."""
        size, single = self.shape.size_px, torch.float32
        columns: list[tuple[str, tuple[int, ...], torch.dtype]] = [
            ('images', (*size, 3), torch.uint8),
            ('imu', (12,), single),
            ('elapsed_time', (), single),
            ('labels', (4,), single),
        ]
        if self.shape.has_privileged:
            columns.append(('privileged', (NUM_PRIVILEGED,), single))
        if self.shape.has_segmentation:
            columns.append(('segmentation', size, torch.uint8))
        return columns

    def _count_bytes(self) -> int:
        """Return the memory of an image."""
        return sum(
            int(np.prod(sizes, dtype=np.int64)) * dtype.itemsize
            for _, sizes, dtype in self._list_columns()
        )

    def _write(self, sequence: EpisodeSequence) -> None:
        rows = slice(self.count, self.count + len(sequence))
        for name, column in self._columns.items():
            values = getattr(sequence, name)
            if values is not None:
                # A copy, as torch wants to be able to write: the cache is mapped read-only.
                column[rows] = _send(np.array(values), self.device)
            elif name == 'segmentation':
                # The class that keeps its colours.
                column[rows].fill_(TARGET_CLASS)
        self.firsts.append(self.count)
        self.sequences.append(sequence)
        self.count += len(sequence)

    def begin(self, groups: Sequence[Sequence[Window]]) -> None:
        """Get ready for the windows of the next steps, which go to the device in one piece."""
        self._plans = iter(_plan_steps(groups, self, self.shape.windows).unbind(0))

    def fill(self, inputs: Inputs) -> None:
        """Write the next step's batch."""
        plan = next(self._plans)
        inputs.fill_lanes(plan)
        columns = [plan[:, i, None] for i in (_FIRST, _START, _LENGTH, _WARM_UP, _STRIDE)]
        first, start, length, warm_up, stride = columns
        taken = torch.minimum(self._steps, length - 1).clamp(min=0)
        index = first + start + stride * taken
        for name, out in (
            ('images', inputs.images),
            ('segmentation', inputs.segmentation),
            ('labels', inputs.signals.labels),
            ('privileged', inputs.signals.privileged),
        ):
            if out is not None:
                self._gather(name, index, out)
        is_real = self._steps < length
        inputs.signals.weight.copy_((self._steps >= warm_up) & is_real)
        if inputs.signals.is_known is not None:
            inputs.signals.is_known.copy_(is_real & plan[:, _IS_KNOWN, None].bool())
        self._merge(index, first, stride, inputs.signals)

    def _gather(self, name: str, index: Tensor, out: Tensor) -> None:
        column = self._columns[name]
        torch.index_select(column, 0, index.flatten(), out=out.view(-1, *column.shape[1:]))

    def _merge(self, index: Tensor, first: Tensor, stride: Tensor, signals: Signals) -> None:
        """Write what happened since the image taken before, see `batches.merge_imu`."""
        since = torch.maximum(index[..., None] - self._strides, first[..., None])
        is_used = (self._strides < stride[..., None]).float()
        signals.elapsed_time.copy_((self._columns['elapsed_time'][since] * is_used).sum(2))
        share = (is_used / stride[..., None])[..., None]
        means, spreads = self._columns['imu'][since].split(6, dim=3)
        mean = (means * share).sum(2)
        variance = ((spreads**2 + (means - mean[:, :, None]) ** 2) * share).sum(2)
        signals.imu.copy_(torch.cat([mean, variance.sqrt()], dim=2))


class HostFlights:
    """Flights in the cache on disk, of which batches are copied to the device."""

    def __init__(
        self, sequences: Sequence[EpisodeSequence], shape: BatchShape, device: torch.device
    ) -> None:
        self.shape, self.device = shape, device
        self.sequences: list[EpisodeSequence] = []
        self.firsts: list[int] = []
        self._batches: Iterator[Batch] = iter(())
        self._plans: Iterator[Tensor] = iter(())
        self.add(sequences)

    def add(self, sequences: Sequence[EpisodeSequence]) -> None:
        """Take in more flights."""
        self.sequences += sequences
        self.firsts = [0] * len(self.sequences)

    def begin(self, groups: Sequence[Sequence[Window]]) -> None:
        """Get ready for the windows of the next steps."""
        self._plans = iter(_plan_steps(groups, self, self.shape.windows).unbind(0))
        self._batches = read_ahead(
            self.sequences,
            [list(group) for group in groups],
            with_segmentation=self.shape.has_segmentation,
        )

    def fill(self, inputs: Inputs) -> None:
        """Write the next step's batch."""
        batch = next(self._batches)
        inputs.fill_lanes(next(self._plans))
        windows, steps = batch.weight.shape
        # What is not written below is padding.
        inputs.signals.weight.zero_()
        if inputs.signals.is_known is not None:
            inputs.signals.is_known.zero_()
        pairs = [(inputs.images, batch.images), (inputs.segmentation, batch.segmentation)]
        pairs += [(out, getattr(batch, name)) for name, out in vars(inputs.signals).items()]
        for out, values in pairs:
            if out is not None and values is not None:
                out[:windows, :steps].copy_(_send(values, self.device))
        if inputs.segmentation is not None and batch.segmentation is None:
            inputs.segmentation.fill_(TARGET_CLASS)


Flights = ResidentFlights | HostFlights


def open_flights(
    sequences: Sequence[EpisodeSequence], shape: BatchShape, device: torch.device
) -> Flights:
    """Return flights in the device's memory, or on disk with a warning where they do not fit."""
    try:
        return ResidentFlights(sequences, shape, device)
    except MemoryError as error:
        return _leave_on_disk(sequences, shape, device, error)


def extend_flights(flights: Flights, sequences: Sequence[EpisodeSequence]) -> Flights:
    """Return the flights and more of them, from now on on disk where they do not fit."""
    known = [*flights.sequences, *sequences]
    try:
        flights.add(sequences)
        return flights
    except MemoryError as error:
        return _leave_on_disk(known, flights.shape, flights.device, error)


def _leave_on_disk(
    sequences: Sequence[EpisodeSequence],
    shape: BatchShape,
    device: torch.device,
    error: MemoryError,
) -> HostFlights:
    warnings.warn(
        f'the memory of {device} does not hold all data ({error}): batches come from disk, which '
        'is slower',
        stacklevel=2,
    )
    return HostFlights(sequences, shape, device)


def _plan_steps(groups: Sequence[Sequence[Window]], flights: Flights, num_rows: int) -> Tensor:
    """Return the plans of steps on the device, shape (steps, num_rows, columns)."""
    plans = [plan_step(group, flights.firsts, flights.sequences, num_rows) for group in groups]
    return _send(np.stack(plans), flights.device)


def _send(values: NDArray[Any], device: torch.device) -> Tensor:
    """Return an array on a device; a GPU fetches it while the processor goes on."""
    tensor = torch.from_numpy(values)
    if device.type == 'cuda':
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def find_room(device: torch.device) -> int:
    """Return how much memory a device can still give [bytes]; a CPU is not asked."""
    if device.type != 'cuda':
        return 2**62
    free, _ = torch.cuda.mem_get_info(device)
    # What torch has kept for itself is free, too.
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + kept
