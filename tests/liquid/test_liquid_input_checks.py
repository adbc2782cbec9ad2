# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input is an error that says what was expected, what came and what to do."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

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


TIME_FIRST = CfC(3, 4, batch_first=False)
TRUE = torch.ones(5, 2, dtype=torch.bool)

# Inputs of 5 steps and 2 samples, each way that a caller may have them.
CALLERS_ORDERS = {
    'time_first': (TIME_FIRST, (torch.zeros(5, 2, 4),), r'\(time, batch, 3\).*got \(5, 2, 4\)'),
    'time_first_dimensions': (
        TIME_FIRST,
        (torch.zeros(3),),
        r'must be \(time, 3\) or \(time, batch, 3\), got \(3,\)',
    ),
    'time_first_no_steps': (TIME_FIRST, (torch.zeros(0, 2, 3),), r'step, got \(0, 2, 3\)'),
    'time_first_mask': (
        TIME_FIRST,
        (torch.zeros(5, 2, 3), None, 0.1, TRUE.T),
        r'mask must be boolean \(time, batch\) = \(5, 2\), got torch.bool \(2, 5\)',
    ),
    'time_first_time': (
        TIME_FIRST,
        (torch.zeros(5, 2, 3), None, torch.ones(2, 5)),
        r'\(batch,\) = \(2,\) or \(time, batch\) = \(5, 2\), got \(2, 5\)',
    ),
    'time_first_state': (
        TIME_FIRST,
        (torch.zeros(5, 2, 3), torch.zeros(5, 4)),
        r'\(batch, state_size\) = \(2, 4\), got \(5, 4\)',
    ),
    'no_batch': (LAYERS['cfc'], (torch.zeros(5, 4),), r'\(time, 3\) with.*got \(5, 4\)'),
    'no_batch_mask': (
        LAYERS['cfc'],
        (torch.zeros(5, 3), None, 0.1, TRUE.T),
        r'boolean \(time,\) = \(5,\), got torch.bool \(2, 5\)',
    ),
    'no_batch_time': (
        LAYERS['cfc'],
        (torch.zeros(5, 3), None, torch.ones(2)),
        r'a number, \(time,\) = \(5,\), got \(2,\)',
    ),
    'step': (LAYERS['cfc'].step, (torch.zeros(2, 4),), r'be \(batch, 3\), got \(2, 4\)'),
    'step_time': (
        LAYERS['cfc'].step,
        (torch.zeros(2, 3), None, torch.ones(5)),
        r'a number, \(batch,\) = \(2,\), got \(5,\)',
    ),
    'lone_step': (LAYERS['cfc'].step, (torch.zeros(4),), r'be \(3,\), got \(4,\)'),
    'lone_step_time': (
        LAYERS['cfc'].step,
        (torch.zeros(3), None, torch.ones(2)),
        r'elapsed_time must be a number, got \(2,\)',
    ),
    'lone_step_state': (
        LAYERS['cfc'].step,
        (torch.zeros(3), torch.zeros(1, 4)),
        r'state of a step without a batch must be \(state_size,\) = \(4,\), got \(1, 4\)',
    ),
    'states': (
        TIME_FIRST.run_states,
        (torch.zeros(5, 3),),
        r'be \(batch, time, 3\), got \(5, 3\)',
    ),
    'activity': (TIME_FIRST.record_activity, (torch.zeros(3),), r'be \(batch, time, 3\), got'),
}


@pytest.mark.parametrize('case', CALLERS_ORDERS)
def test_errors_speak_of_the_axes_as_the_caller_has_them(case: str) -> None:
    call, arguments, message = CALLERS_ORDERS[case]
    with pytest.raises(ValueError, match=message):
        call(*arguments)


@pytest.mark.parametrize('kind', LAYERS)
def test_a_packed_sequence_is_no_input(kind: str) -> None:
    packed = nn.utils.rnn.pack_sequence([torch.zeros(5, 3), torch.zeros(2, 3)])
    message = (
        r'must be a tensor \(time, 3\) or \(batch, time, 3\), got a PackedSequence; unpack it '
        r'with torch\.nn\.utils\.rnn\.pad_packed_sequence, and give a mask'
    )
    with pytest.raises(TypeError, match=message):
        LAYERS[kind](packed)
    with pytest.raises(TypeError, match=r'be a tensor \(batch, 3\) or \(3,\), got a PackedSeq'):
        LAYERS[kind].step(packed)
    with pytest.raises(TypeError, match=r'must be a tensor .* got ndarray'):
        LAYERS[kind](INPUTS.numpy())
    # What the message says works.
    padded, lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    mask = torch.arange(padded.shape[1]) < lengths.unsqueeze(1)
    assert LAYERS[kind](padded, mask=mask)[0].shape[:2] == (2, 5)


@pytest.mark.parametrize('pair', [tuple, list])
def test_a_state_is_no_pair(pair: type) -> None:
    state = pair((torch.zeros(2, 4), torch.zeros(2, 4)))
    message = rf'state must be one tensor \(2, 4\), got a {pair.__name__} of 2.*its liquid part'
    with pytest.raises(TypeError, match=message):
        LAYERS['cfc'](INPUTS, state)
    message = (
        r'state must be one tensor \(2, 8\), .*: give torch\.cat\(state, dim=-1\), liquid first'
    )
    with pytest.raises(TypeError, match=message):
        LAYERS['memory'].step(INPUTS[:, 0], state)
    with pytest.raises(TypeError, match=r'one tensor \(4,\), got a tuple of 2'):
        LAYERS['ltc'](INPUTS[0], (torch.zeros(4), torch.zeros(4)))
    # What the message says works.
    LAYERS['memory'].step(INPUTS[:, 0], torch.cat(tuple(state), dim=-1))


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
