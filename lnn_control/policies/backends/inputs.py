# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every backend checks of its inputs before it computes, and of its command after."""

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing


def check_inputs(
    observation: Observation, elapsed_time: float, preprocessing: Preprocessing
) -> None:
    """Check that a program can take an observation: it reads memory without asking.

    :raises ValueError: if the image has another size or the time is not positive.
    """
    wanted = (preprocessing.height_px, preprocessing.width_px, 3)
    if observation.image.shape != wanted:
        raise ValueError(
            f'image must have shape {wanted}, got {observation.image.shape}: prepare it with the '
            "policy's preprocessing"
        )
    if not (np.isfinite(elapsed_time) and elapsed_time > 0):
        raise ValueError(
            f'elapsed_time must be positive seconds, got {elapsed_time!r}: check the stamps'
        )


def read_command(name: str, values: NDArray[np.float32]) -> VelocityCommand:
    """Return what a program answered.

    :raises FloatingPointError: if it is not finite.
    """
    if not np.isfinite(values).all():
        raise FloatingPointError(
            f'policy {name} gave a command that is not finite: {values.tolist()}'
        )
    return VelocityCommand.from_array(values)
