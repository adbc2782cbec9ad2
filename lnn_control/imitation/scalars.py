# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What TensorBoard shows of a training, where it is installed."""

from pathlib import Path
from typing import Any

from lnn_control.imitation.trainer import StepReport

_NAMES = (
    'loss',
    'head_loss',
    'gradient_norm',
    'learning_rate',
    'images_per_second',
)
FOLDER = 'tensorboard'


class ScalarWriter:
    """Writes scalars of every n-th step; nothing where TensorBoard is missing.

    :param folder: of the checkpoint; the scalars lie in a folder below it.
    """

    def __init__(self, folder: Path, every: int = 10) -> None:
        self.folder, self.every = folder / FOLDER, every
        self.is_missing = False
        self.writer: Any = None

    def _open(self) -> Any:
        """Return the writer, made when there is something to write; None where it is missing."""
        if self.writer is None and not self.is_missing:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                self.is_missing = True
                return None
            self.writer = SummaryWriter(str(self.folder))
        return self.writer

    def add(self, row: StepReport) -> None:
        """Take note of a step."""
        if (row.step - 1) % self.every == 0 and self._open() is not None:
            for name in _NAMES:
                self.writer.add_scalar(name, getattr(row, name), row.step)

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()
