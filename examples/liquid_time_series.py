# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Forecast an irregularly sampled series with LTC, CfC, LSTM and a reservoir.

python examples/liquid_time_series.py [--out forecasts.png]

A sum of two swings is measured at random moments, 5 to 200 ms apart. Every model reads the value
and how long it is until the next measurement, and forecasts that one. The liquid models are told
the elapsed time as time, the LSTM reads it as a number. Runs in under two minutes on one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from lnn_control.liquid import LTC, CfC, RandomWiring, Reservoir, fit_ridge
from lnn_control.reports.circuit import plot_forecasts

STEPS, BATCH, NEURONS = 96, 32, 24
# The first steps of a sequence, before any model can know the phases, do not count.
WARM_UP = 16


@dataclasses.dataclass(frozen=True)
class Series:
    """Measurements of some runs.

    :param values: (batch, steps + 1).
    :param gaps: (batch, steps + 1) seconds since the measurement before.
    """

    values: Tensor
    gaps: Tensor

    @property
    def inputs(self) -> Tensor:
        """What a model reads: (batch, steps, 2), the value and the gap to the next one."""
        return torch.stack((self.values[:, :-1], 10.0 * self.gaps[:, 1:]), dim=-1)

    @property
    def targets(self) -> Tensor:
        """What it should forecast: (batch, steps, 1)."""
        return self.values[:, 1:].unsqueeze(-1)


def draw_series(batch: int, generator: torch.Generator) -> Series:
    """Return new runs with random phases and moments."""
    low, high = torch.tensor(0.005).log(), torch.tensor(0.2).log()
    gaps = torch.exp(low + (high - low) * torch.rand(batch, STEPS + 1, generator=generator))
    moments = gaps.cumsum(1)
    phases = 6.3 * torch.rand(2, batch, 1, generator=generator)
    values = 0.6 * torch.sin(4.0 * moments + phases[0]) + 0.3 * torch.sin(
        9.0 * moments + phases[1]
    )
    return Series(values, gaps)


class LiquidForecaster(nn.Module):
    """A liquid layer that is told how much time passed."""

    def __init__(self, kind: Callable[..., nn.Module]) -> None:
        super().__init__()
        wiring = RandomWiring(NEURONS, sparsity=0.5)
        self.layer = kind(2, wiring, num_projected=1, typical_elapsed_time=0.05)

    def forward(self, series: Series) -> Tensor:
        """Return forecasts (batch, steps, 1)."""
        return self.layer(series.inputs, None, series.gaps[:, :-1])[0]


class LSTMForecaster(nn.Module):
    """An LSTM that reads the gaps as numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, NEURONS, batch_first=True)
        self.readout = nn.Linear(NEURONS, 1)

    def forward(self, series: Series) -> Tensor:
        """Return forecasts (batch, steps, 1)."""
        elapsed = 10.0 * series.gaps[:, :-1].unsqueeze(-1)
        return self.readout(self.lstm(torch.cat((series.inputs, elapsed), dim=-1))[0])


def train(model: nn.Module, learning_rate: float, num_updates: int) -> nn.Module:
    """Train on new runs in every update."""
    generator = torch.Generator().manual_seed(2)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, num_updates)
    for _ in range(num_updates):
        series = draw_series(BATCH, generator)
        loss = (model(series) - series.targets)[:, WARM_UP:].square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model


def fit_reservoir(generator: torch.Generator) -> Callable[[Series], Tensor]:
    """Return a forecaster whose reservoir is random and whose readout is fitted at once."""
    reservoir = Reservoir(2, 300, time_constant=(0.03, 1.0), bias_scaling=0.3, input_scaling=0.7)
    series = draw_series(200, generator)

    def expand(given: Series) -> Tensor:
        states, _ = reservoir(given.inputs, None, given.gaps[:, :-1])
        # How the next value depends on the state depends on the gap to it.
        gap = given.inputs[..., 1:]
        return torch.cat((states, gap * states, gap), dim=-1)

    readout = fit_ridge(expand(series)[:, WARM_UP:], series.targets[:, WARM_UP:], ridge=1e-3)
    return lambda given: readout(expand(given))


def main() -> None:
    """Train all, print their errors and write the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path('forecasts.png'))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    test = draw_series(64, torch.Generator().manual_seed(1))
    makers: dict[str, Callable[[], Callable[[Series], Tensor]]] = {
        'LTC': lambda: train(LiquidForecaster(LTC), 3e-2, 120),
        'CfC': lambda: train(LiquidForecaster(CfC), 2e-2, 300),
        'LSTM': lambda: train(LSTMForecaster(), 1e-2, 300),
        'reservoir': lambda: fit_reservoir(torch.Generator().manual_seed(2)),
    }
    forecasts = {}
    for name, make in makers.items():
        start = time.perf_counter()
        model = make()
        with torch.no_grad():
            forecast = model(test)
        error = (forecast - test.targets)[:, WARM_UP:].square().mean().sqrt().item()
        print(f'{name:10} RMSE {error:.3f}, trained in {time.perf_counter() - start:.0f} s')
        forecasts[name] = forecast[0, WARM_UP:, 0].numpy()
    naive = (test.inputs[..., :1] - test.targets)[:, WARM_UP:].square().mean().sqrt().item()
    print(f'{"last value":10} RMSE {naive:.3f}')
    moments = test.gaps.cumsum(1)[0, 1 + WARM_UP :].numpy()
    figure = plot_forecasts(moments, test.targets[0, WARM_UP:, 0].numpy(), forecasts)
    figure.savefig(arguments.out)
    print(f'wrote {arguments.out}')


if __name__ == '__main__':
    main()
