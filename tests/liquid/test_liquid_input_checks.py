# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input is a ValueError that says what was expected and what came."""

from __future__ import annotations

import math

import pytest
import torch

from lnn_control.liquid import (
    CTRNN,
    LTC,
    Backbone,
    CfC,
    LiquidLayer,
    NCPWiring,
    RandomWiring,
    RecursiveLeastSquares,
    Reservoir,
    build_layer,
    fit_ridge,
)

LAYERS: dict[str, LiquidLayer] = {
    'ltc': LTC(3, 4),
    'cfc': CfC(3, 4),
    'ctrnn': CTRNN(3, 4),
    'memory': CfC(3, 4, has_memory=True),
}
INPUTS = torch.zeros(2, 5, 3)

BAD_CALLS = {
    'features': ((torch.zeros(2, 5, 4),), r'\(batch, time, 3\).*got \(2, 5, 4\)'),
    'no_steps': ((torch.zeros(2, 0, 3),), r'at least one step, got \(2, 0, 3\)'),
    'dimensions': ((torch.zeros(3),), r'got \(3,\); a single step goes through layer\.step'),
    'precision': ((INPUTS.double(),), 'inputs must be torch.float32.*got torch.float64'),
    'state_width': ((INPUTS, torch.zeros(2, 5)), r'state must be .*got \(2, 5\)'),
    'state_batch': ((INPUTS, torch.zeros(1, 4)), r'state must be .*got \(1, 4\)'),
    'time_per_step_only': ((INPUTS, None, torch.ones(5)), r'\(batch,\) = \(2,\).*got \(5,\)'),
    'time_trailing': ((INPUTS, None, torch.ones(2, 5, 1)), r'got \(2, 5, 1\)'),
    'time_broadcast': ((INPUTS, None, torch.ones(1, 5)), r'got \(1, 5\)'),
    'time_negative': ((INPUTS, None, -0.1), 'finite and not negative seconds, got -0.1'),
    'time_nan': ((INPUTS, None, math.nan), 'finite and not negative seconds, got nan'),
    'time_some_negative': (
        (INPUTS, None, torch.tensor([0.1, -0.2])),
        'got values from -0.2.* to 0.1',
    ),
    'time_infinite': ((INPUTS, None, torch.tensor([0.1, math.inf])), 'to inf'),
    'mask_shape': ((INPUTS, None, 0.1, torch.ones(2, 4, dtype=torch.bool)), r'\(2, 5\), got'),
    'mask_type': ((INPUTS, None, 0.1, torch.ones(2, 5)), 'mask must be boolean.*torch.float32'),
    'unbatched_state': ((INPUTS[0], torch.zeros(1, 4)), 'state of a sequence without a batch'),
}


@pytest.mark.parametrize('case', BAD_CALLS)
@pytest.mark.parametrize('kind', LAYERS)
def test_bad_arguments_of_a_call(kind: str, case: str) -> None:
    arguments, message = BAD_CALLS[case]
    with pytest.raises(ValueError, match=message):
        LAYERS[kind](*arguments)


def test_steps_take_no_sequences() -> None:
    with pytest.raises(ValueError, match=r'a sequence goes through layer\(\.\.\.\)'):
        LAYERS['cfc'].step(INPUTS)


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: CfC(3, 4, mode='fast'), "mode must be one of .*'pure'.*got 'fast'"),
        (lambda: CfC(3, 4, recurrence='all'), "recurrence must be one of .*got 'all'"),
        (lambda: LTC(3, 4, solver='heun'), "solver must be one of .*'rk4'.*got 'heun'"),
        (lambda: LTC(3, 4, num_unfolds=0), 'num_unfolds must be at least 1, got 0'),
        (lambda: LTC(3, 4, positivity='abs'), "positivity must be one of .*got 'abs'"),
        (lambda: CTRNN(3, 4, solver='heun'), "solver must be one of .*got 'heun'"),
        (lambda: CfC(3, 4, typical_elapsed_time=0.0), 'typical_elapsed_time must be positive'),
        (lambda: LTC(3, 4, time_unit=-1.0), 'time_unit must be positive'),
        (lambda: CfC(3, RandomWiring(4).connect(5)), 'drawn for 5 inputs, not for 3'),
        (lambda: CfC(3, 'ncp'), 'must be a Wiring or a number of neurons, got str'),
        (
            lambda: CfC(3, NCPWiring.from_num_neurons(9, 2), backbone=Backbone()),
            'needs a fully connected wiring',
        ),
        (lambda: Backbone(num_layers=0), 'at least one unit and one layer'),
        (lambda: Backbone(activation='swish'), "activation must be one of .*got 'swish'"),
        (lambda: Backbone(dropout=1.0), r'dropout must be in \[0, 1\), got 1.0'),
        (lambda: build_layer({'kind': 'gru'}), "one of .*'cfc'.*got 'gru'"),
        (lambda: Reservoir(3, 4, spectral_radius=-1.0), 'must not be negative'),
        (lambda: Reservoir(3, 4, time_constant=(2.0, 1.0)), 'time_constant must be positive'),
        (lambda: fit_ridge(torch.zeros(5, 2), torch.zeros(4, 1)), 'the same samples'),
        (lambda: fit_ridge(torch.zeros(5, 2), torch.zeros(5, 1), -1.0), 'ridge must not'),
        (lambda: RecursiveLeastSquares(2, 1, forgetting=0.0), r'forgetting must be in \(0, 1\]'),
        (
            lambda: RecursiveLeastSquares(2, 1).update(
                RecursiveLeastSquares(2, 1).initial_state(), torch.zeros(1, 2), torch.zeros(1)
            ),
            r'features \(2,\) and target \(1,\), got \(1, 2\)',
        ),
    ],
)
def test_bad_options(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
