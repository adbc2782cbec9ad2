# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One training over several processes, as `torchrun` starts them.

Every process knows the plan of a whole step and computes some of its windows; gradients are
summed. So all processes hold the same weights after every step, and what is trained does not
depend on how many there are, but for the order in which numbers are added.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

_MEETING = timedelta(minutes=5)  # in which processes that were started together connect
_PATIENCE = timedelta(hours=2)  # the first process may fly trials or read data that long
_PR_SET_PDEATHSIG = 1
_LATE = 10.0  # within that time torchrun has ended the processes beside one that failed [s]


@dataclass(frozen=True)
class Group:
    """The processes that train one network together, seen from one of them.

    A process that is alone does not touch what it is given.

    :param rank: number of this process, from 0. :param size: how many there are.
    :param local_rank, local_size: the same among those of this computer.
    :param unit: windows of a step that one process computes together, see :class:`GradientSum`.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    unit: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that speaks, judges and writes."""
        return self.rank == 0

    def choose_rows(self, count: int) -> range:
        """Return which of so many windows are this process's; all windows are somebody's."""
        units = -(-count // self.unit)
        borders = (units * rank // self.size * self.unit for rank in (self.rank, self.rank + 1))
        start, stop = (min(border, count) for border in borders)
        return range(start, stop)

    def sum(self, numbers: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes, the same bits in each."""
        if self.size == 1:
            return numbers
        numbers = numbers.detach().clone(memory_format=torch.contiguous_format)
        with _name_loss():
            distributed.all_reduce(numbers)
        return numbers

    def tell(self, value: Any) -> Any:
        """Return the first process's value in all of them."""
        if self.size == 1:
            return value
        box = [value if self.is_first else None]
        with _name_loss():
            distributed.broadcast_object_list(box)
        return box[0]

    def is_any(self, flag: bool) -> bool:
        """Return whether a flag is set in any process."""
        return bool(self.sum(torch.tensor(int(flag))))

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.is_any(False)

    def begin_turn(self) -> None:
        """Let the first process go on alone until :meth:`end_turn`; then the others come here.

        If it fails on the way, the others never begin: whoever started them ends them.
        """
        if not self.is_first:
            self.wait()

    def end_turn(self) -> None:
        """Let the others begin."""
        if self.is_first:
            self.wait()


ALONE = Group()
"""A process that has nobody beside it."""


@contextmanager
def _name_loss(what: str = 'lost another process of this training') -> Iterator[None]:
    """Say in one line that another process is gone, or what else came of it.

    :raises ConnectionError: then.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ConnectionError(
            f'{what}: start it again, it goes on where it was last saved '
            f'({" ".join(str(error).split())[:200]})'
        ) from error


def _end_with_parent() -> None:
    """Ask the kernel for our end with that of torchrun, even by SIGKILL.

    Else it would go on writing beside the training that is started again.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _meet() -> None:
    """Connect to the other processes.

    :raises ConnectionError: if that takes too long.
    """
    # Its functions have the group of all processes as a default: imported once that is made, as
    # the optimizer does, they keep it for ever. Threads of gloo then outlive Python, and end the
    # process by SIGABRT where they still hold tensors.
    import torch.distributed.nn

    # Messages on the CPU go over gloo, also where gradients go over NCCL.
    has_gpu = torch.cuda.is_available() and distributed.is_nccl_available()
    backend = 'cpu:gloo,cuda:nccl' if has_gpu else 'gloo'
    with _name_loss('the processes of this training did not find each other'):
        # Gloo waits for those that do not come as long as for any message.
        distributed.init_process_group(backend, timeout=_MEETING)
    distributed.distributed_c10d._set_pg_timeout(_PATIENCE)


@contextmanager
def join_group() -> Iterator[Group]:
    """Join the other processes that torchrun started; without torchrun there are none.

    Only the first process prints. What all of them fail at is told once: the others wait for their
    end before they speak, and do so only if the failure was theirs.
    """
    size = int(os.environ.get('WORLD_SIZE', '1'))
    if size == 1 or not distributed.is_torchelastic_launched():
        yield ALONE
        return
    numbers = (int(os.environ[name]) for name in ('LOCAL_RANK', 'LOCAL_WORLD_SIZE'))
    group = Group(int(os.environ['RANK']), size, *numbers)
    _end_with_parent()
    try:
        _meet()
        with open(os.devnull, 'w') as nowhere:
            if group.is_first:
                yield group
            else:
                with redirect_stdout(nowhere):
                    yield group
        distributed.destroy_process_group()
    except Exception:
        if not group.is_first:
            # One after the other on a computer that the first process is not on.
            time.sleep(_LATE + group.local_rank)
        raise


@dataclass(frozen=True)
class Part:
    """Windows of a step that a process computes at once.

    What is random is drawn for `drawn` windows, whoever computes them, and a process takes the
    rows of its own: so a window sees the same however many processes there are.

    :param index: of the part in the step.
    :param first: place in the step of the first window that is drawn for.
    :param drawn: number of windows that are drawn for.
    :param rows: which of these the process computes.
    :param batch_rows: where they lie in the process's own batch.
    """

    index: int
    first: int
    drawn: int
    rows: slice
    batch_rows: slice


def split_step(num_windows: int, num_at_once: int, group: Group) -> Iterator[Part]:
    """Yield the parts of a step that are this process's."""
    mine = group.choose_rows(num_windows)
    for index, first in enumerate(range(0, num_windows, num_at_once)):
        last = min(first + num_at_once, num_windows)
        start, stop = max(first, mine.start), min(last, mine.stop)
        if start < stop:
            rows = slice(start - first, stop - first)
            yield Part(
                index, first, last - first, rows, slice(start - mine.start, stop - mine.start)
            )


class GradientSum:
    """Gradients and losses of a step, summed over its parts wherever they were computed.

    The sum goes by the order of the parts, not by processes: it is the very same however many
    there are, as long as none of them cuts a part.

    :param num_parts: of the whole step.
    """

    def __init__(self, group: Group, parameters: Sequence[Tensor], num_parts: int) -> None:
        self.group, self.parameters = group, parameters
        self.losses = [0.0, 0.0]
        # A row a part: gradients, whether there are any, losses.
        self.sizes = [parameter.numel() for parameter in parameters]
        width = sum(self.sizes) + len(parameters) + len(self.losses)
        if group.size > 1:
            self.rows = torch.zeros(num_parts, width, device=parameters[0].device)

    def add(self, part: Part, losses: Sequence[float]) -> None:
        """Take what the way back of a part has left in the parameters.

        :param losses: that it adds to those of the step.
        """
        self.losses = [old + new for old, new in zip(self.losses, losses, strict=True)]
        if self.group.size == 1:
            return  # the parameters sum by themselves
        has_gradient = [parameter.grad is not None for parameter in self.parameters]
        pieces = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        notes = pieces[0].new_tensor([*map(float, has_gradient), *losses])
        self.rows[part.index] = torch.cat([*(piece.flatten() for piece in pieces), notes])
        for parameter in self.parameters:
            parameter.grad = None

    def finish(self) -> list[float]:
        """Leave the sums in the parameters and return those of the losses.

        What has a gradient in no process has none, as if one process had computed all.
        """
        if self.group.size == 1:
            return self.losses
        # One message. Each row is of one process and zero in the others, which adds nothing.
        total, *rows = self.group.sum(self.rows)
        for row in rows:
            total = total + row
        *sums, notes = total.split([*self.sizes, total.numel() - sum(self.sizes)])
        values = notes.tolist()
        for parameter, gradient, count in zip(self.parameters, sums, values, strict=False):
            parameter.grad = gradient.view_as(parameter) if count > 0 else None
        return values[len(self.parameters) :]
