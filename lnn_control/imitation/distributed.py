# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One training over several processes, as `torchrun` starts them.

Every process knows the plan of a whole step and computes some of its windows; gradients are
summed. So all processes hold the same weights after every step, and what is trained does not
depend on how many there are, but for the order in which numbers are added.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

_PATIENCE = timedelta(hours=2)  # the first process may fly trials or read data that long
_LATE = 3.0  # within that time torchrun ends the processes beside one that failed


@dataclass(frozen=True)
class Group:
    """The processes that train one network together, seen from one of them.

    A process that is alone does not touch what it is given.

    :param rank: number of this process, from 0. :param size: how many there are.
    :param local_rank, local_size: the same among those of this computer.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that speaks, judges and writes."""
        return self.rank == 0

    def choose_rows(self, count: int) -> range:
        """Return which of so many windows are this process's; all windows are somebody's."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

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

    @contextmanager
    def take_turns(self) -> Iterator[None]:
        """Let the first process go through the block alone, then the others.

        If it fails, the others never begin: whoever started them ends them.
        """
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()


ALONE = Group()
"""A process that has nobody beside it."""


@contextmanager
def _name_loss() -> Iterator[None]:
    """Say in one line that another process is gone.

    :raises ConnectionError: then.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ConnectionError(
            'lost another process of this training: start it again, it goes on where it was last '
            f'saved ({" ".join(str(error).split())[:200]})'
        ) from error


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
    # Messages on the CPU go over gloo, also where gradients go over NCCL.
    has_gpu = torch.cuda.is_available() and distributed.is_nccl_available()
    backend = 'cpu:gloo,cuda:nccl' if has_gpu else 'gloo'
    try:
        with open(os.devnull, 'w') as nowhere:
            distributed.init_process_group(backend, timeout=_PATIENCE)
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

    :param first: place in the step of the first window that is drawn for.
    :param drawn: number of windows that are drawn for.
    :param rows: which of these the process computes.
    :param batch_rows: where they lie in the process's own batch.
    """

    first: int
    drawn: int
    rows: slice
    batch_rows: slice


def split_step(num_windows: int, num_at_once: int, group: Group) -> Iterator[Part]:
    """Yield the parts of a step that are this process's."""
    mine = group.choose_rows(num_windows)
    for first in range(0, num_windows, num_at_once):
        last = min(first + num_at_once, num_windows)
        start, stop = max(first, mine.start), min(last, mine.stop)
        if start < stop:
            rows = slice(start - first, stop - first)
            yield Part(first, last - first, rows, slice(start - mine.start, stop - mine.start))


def sum_gradients(group: Group, parameters: Sequence[Tensor], losses: list[float]) -> list[float]:
    """Replace gradients by their sums over all processes and return the sums of the losses.

    What has a gradient in no process has none afterwards, as if one process had computed all.
    """
    if group.size == 1:
        return losses
    # All in one message: a message costs more than what is in it.
    has_gradient = [parameter.grad is not None for parameter in parameters]
    pieces = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    notes = pieces[0].new_tensor([*map(float, has_gradient), *losses])
    flat = group.sum(torch.cat([*(piece.flatten() for piece in pieces), notes]))
    *sums, notes = flat.split([*(piece.numel() for piece in pieces), len(notes)])
    values = notes.tolist()
    for parameter, total, count in zip(parameters, sums, values, strict=False):
        parameter.grad = total.view_as(parameter) if count > 0 else None
    return values[len(parameters) :]
