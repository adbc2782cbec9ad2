# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every (neuron, wiring, solver or mode) there is, small, for tests that run over all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from lnn_control.liquid import (
    CTRNN,
    LTC,
    Backbone,
    CfC,
    FullyConnectedWiring,
    LiquidLayer,
    NCPWiring,
    RandomWiring,
    Reservoir,
    Wiring,
)
from lnn_control.liquid.cfc import CFC_MODES
from lnn_control.liquid.solvers import SOLVERS

NUM_INPUTS = 5
SMALL_WIRINGS: dict[str, Wiring] = {
    'ncp': NCPWiring(4, 3, 2, 2, 2, 4, 2, seed=3),
    'fully_connected': FullyConnectedWiring(4, 2),
    'random': RandomWiring(5, 2, sparsity=0.6, seed=1),
    'circuit': RandomWiring(4, 4, sparsity=0.3).connect(NUM_INPUTS),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """How to make a layer, and how long a step its solver can take."""

    make: Callable[[], LiquidLayer]
    longest_step: float = 10.0


def _list_cases() -> dict[str, Case]:
    cases = {}
    for wiring_name, wiring in SMALL_WIRINGS.items():
        for kind, layer in (('ltc', LTC), ('ctrnn', CTRNN)):
            for solver in SOLVERS:
                # Explicit solvers are stable only within a few time constants.
                longest = 0.1 if solver in ('euler', 'rk4') else 10.0
                cases[f'{kind}-{wiring_name}-{solver}'] = Case(
                    lambda layer=layer, wiring=wiring, solver=solver: layer(
                        NUM_INPUTS, wiring, solver=solver
                    ),
                    longest,
                )
        for mode in CFC_MODES:
            cases[f'cfc-{wiring_name}-{mode}'] = Case(
                lambda wiring=wiring, mode=mode: CfC(NUM_INPUTS, wiring, mode=mode)
            )
    ncp = SMALL_WIRINGS['ncp']
    cases['cfc-ncp-dense'] = Case(
        lambda: CfC(NUM_INPUTS, ncp, recurrence='layer', sparse_gates=False)
    )
    cases['cfc-backbone'] = Case(lambda: CfC(NUM_INPUTS, 4, backbone=Backbone(6, 2)))
    cases['cfc-ncp-memory'] = Case(lambda: CfC(NUM_INPUTS, ncp, has_memory=True, num_projected=3))
    cases['ltc-ncp-memory'] = Case(lambda: LTC(NUM_INPUTS, ncp, has_memory=True))
    cases['ltc-ncp-free_polarity'] = Case(
        lambda: LTC(NUM_INPUTS, ncp, keeps_polarity=False, positivity='none')
    )
    cases['reservoir'] = Case(lambda: Reservoir(NUM_INPUTS, 8, density=0.4, bias_scaling=0.2))
    return cases


CASES = _list_cases()
# The adaptive reference takes a thousand evaluations where the others take ten.
FAST_CASES = {name: case for name, case in CASES.items() if 'adaptive' not in name}
