# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Linear readouts of a reservoir: fitted in one go, or learned while it runs."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class LinearReadout:
    """``outputs = features @ weight + bias``.

    :param weight: (features, outputs).
    :param bias: (outputs,).
    """

    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return outputs (…, outputs) of features (…, features)."""
        return features @ self.weight + self.bias


def fit_ridge(features: Tensor, targets: Tensor, ridge: float = 1e-6) -> LinearReadout:
    """Return the readout with the least squared error plus `ridge` times squared weights.

    :param features: (…, features); all leading dimensions are samples. Leave out the first steps,
        while the reservoir still remembers its initial state.
    :param targets: (…, outputs) with the same leading dimensions.
    """
    if features.shape[:-1] != targets.shape[:-1]:
        raise ValueError(
            'features and targets must have the same samples, got '
            f'{tuple(features.shape)} and {tuple(targets.shape)}'
        )
    if ridge < 0:
        raise ValueError(f'ridge must not be negative, got {ridge}')
    rows, wanted = features.flatten(0, -2).double(), targets.flatten(0, -2).double()
    # The bias is not penalised: take the means out, and put them back.
    mean, wanted_mean = rows.mean(0), wanted.mean(0)
    rows, wanted = rows - mean, wanted - wanted_mean
    gram = rows.T @ rows + ridge * torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
    weight = torch.linalg.solve(gram, rows.T @ wanted)
    bias = wanted_mean - mean @ weight
    return LinearReadout(weight.to(features.dtype), bias.to(features.dtype))


@dataclasses.dataclass(frozen=True)
class RecursiveState:
    """What recursive least squares knows.

    :param weight: (features + 1, outputs), the bias last.
    :param covariance: (features + 1, features + 1), inverse of the weighted sum of squares.
    """

    weight: Tensor
    covariance: Tensor


@dataclasses.dataclass(frozen=True)
class RecursiveLeastSquares:
    """A readout that learns from every sample as it comes (Haykin, "Adaptive filter theory").

    :param num_features: Width of the features.
    :param num_outputs: Width of the outputs.
    :param forgetting: How much the past counts a sample later, in (0, 1]; 1: all the same.
    :param regularisation: Weight of the initial guess of zero, as in ridge regression.
    """

    num_features: int
    num_outputs: int
    forgetting: float = 1.0
    regularisation: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 < self.forgetting <= 1:
            raise ValueError(f'forgetting must be in (0, 1], got {self.forgetting}')
        if self.regularisation <= 0:
            raise ValueError(f'regularisation must be positive, got {self.regularisation}')

    def initial_state(self) -> RecursiveState:
        """Return the state before the first sample; in double precision, which updates need."""
        size = self.num_features + 1
        return RecursiveState(
            torch.zeros(size, self.num_outputs, dtype=torch.float64),
            torch.eye(size, dtype=torch.float64) / self.regularisation,
        )

    def predict(self, state: RecursiveState, features: Tensor) -> Tensor:
        """Return outputs (…, outputs) of features (…, features)."""
        weight = state.weight.to(features)
        return features @ weight[:-1] + weight[-1]

    def update(
        self, state: RecursiveState, features: Tensor, target: Tensor
    ) -> tuple[Tensor, RecursiveState]:
        """Learn from one sample.

        :param features: (features,).
        :param target: (outputs,).
        :return: The prediction before learning (outputs,), and the new state.
        """
        if features.shape != (self.num_features,) or target.shape != (self.num_outputs,):
            raise ValueError(
                f'one sample is features ({self.num_features},) and target '
                f'({self.num_outputs},), got {tuple(features.shape)} and {tuple(target.shape)}'
            )
        row = torch.cat((features, features.new_ones(1))).to(state.covariance)
        prediction = row @ state.weight
        reach = state.covariance @ row
        gain = reach / (self.forgetting + row @ reach)
        weight = state.weight + torch.outer(gain, target.to(row) - prediction)
        covariance = (state.covariance - torch.outer(gain, reach)) / self.forgetting
        # Rounding must not make it lopsided, or it loses positivity after many samples.
        covariance = 0.5 * (covariance + covariance.T)
        return prediction.to(features.dtype), RecursiveState(weight, covariance)
