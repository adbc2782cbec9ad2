# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""From what an encoder saw of a batch to the losses that training makes small."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor

from lnn_control.imitation.augment import mirror_signals
from lnn_control.imitation.heads import PrivilegedHeads, mirror_privileged
from lnn_control.imitation.loss import compute_head_loss, compute_loss, weigh_obstacles
from lnn_control.policies.network import Network


@dataclass(frozen=True, eq=False)
class Signals:
    """What a batch says besides its images, on the device.

    :param imu: shape (batch, steps, 12). :param elapsed_time: [s], shape (batch, steps).
    :param labels: shape (batch, steps, 4). :param weight: shape (batch, steps).
    :param privileged: shape (batch, steps, 20), None where nobody has any.
    :param is_known: 1 where there are privileged labels, shape (batch, steps).
    """

    imu: Tensor
    elapsed_time: Tensor
    labels: Tensor
    weight: Tensor
    privileged: Tensor | None = None
    is_known: Tensor | None = None

    @classmethod
    def load(cls, source: Any, load: Callable[[Any], Tensor]) -> 'Signals':
        """Return the signals of something that has the same fields, such as a batch."""
        values: dict[str, Any] = {f.name: getattr(source, f.name) for f in fields(cls)}
        loaded: dict[str, Any] = {k: None if v is None else load(v) for k, v in values.items()}
        return cls(**loaded)


@dataclass(frozen=True, eq=False)
class Objective:
    """What is made small.

    :param heads: None where nothing privileged is guessed.
    :param axis_weights: how much vx, vy, vz and yaw rate count.
    :param obstacle_weight: what an obstacle ahead adds to how much an image counts.
    """

    network: Network
    heads: PrivilegedHeads | None
    axis_weights: tuple[float, float, float, float]
    obstacle_weight: float = 0.0

    def compute(
        self, signals: Signals, is_mirrored: Tensor, seen: Tensor, state: Any
    ) -> tuple[Tensor, Tensor, Any]:
        """Return the loss of the commands, that of the heads and the memory's next state.

        :param is_mirrored: windows whose images were mirrored, shape (batch,).
        :param seen: the encoder's features, shape (batch, steps, features).
        :param state: of the memory; None starts afresh.
        """
        imu, labels = mirror_signals(signals.imu, signals.labels, is_mirrored)
        features = self.network.join(seen, imu)
        commands, state = self.network.steer(features, signals.elapsed_time, state)
        scale = self.network.command_scale
        emphasis = None
        if self.obstacle_weight > 0.0 and signals.privileged is not None:
            emphasis = weigh_obstacles(signals.privileged, self.obstacle_weight)
        loss = compute_loss(commands, labels, signals.weight, scale, self.axis_weights, emphasis)
        head_loss = loss.new_zeros(())
        if (
            self.heads is not None
            and signals.privileged is not None
            and signals.is_known is not None
        ):
            privileged = mirror_privileged(signals.privileged, is_mirrored)
            is_known = signals.is_known.float()
            head_loss = compute_head_loss(self.heads(features), privileged, is_known)
        return loss, head_loss, state
