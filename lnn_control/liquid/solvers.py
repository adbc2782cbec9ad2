# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Solvers for membranes: ``capacitance * dv/dt = current(v) - conductance(v) * v``.

Each takes one step of `elapsed_time` from `state`, split into `unfolds` equal parts. All of them
return the state unchanged, bit for bit, when no time passes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# state -> (current, conductance), each (batch, neurons)
Membrane = Callable[[Tensor], tuple[Tensor, Tensor]]
Solver = Callable[[Membrane, Tensor, Tensor, 'float | Tensor', int], Tensor]


def solve_semi_implicit(
    membrane: Membrane,
    capacitance: Tensor,
    state: Tensor,
    elapsed_time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Freeze the conductances, then take implicit Euler steps (Hasani et al. 2021).

    ``v' = v + h (I - G v') / C``, solved for v': ``v' = v + h / (C + h G) (I - G v)``.
    """
    part = elapsed_time / unfolds
    for _ in range(unfolds):
        current, conductance = membrane(state)
        gain = part / (capacitance + part * conductance)
        state = state + gain * (current - conductance * state)
    return state


def solve_exponential(
    membrane: Membrane,
    capacitance: Tensor,
    state: Tensor,
    elapsed_time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Freeze the conductances, then follow the exact exponential to the resting state.

    ``v' = v + (1 - exp(-h G / C)) (I / G - v)``.
    """
    part = elapsed_time / unfolds
    for _ in range(unfolds):
        current, conductance = membrane(state)
        gain = -torch.expm1(-part * conductance / capacitance)
        state = state + gain * (current / conductance - state)
    return state


def solve_euler(
    membrane: Membrane,
    capacitance: Tensor,
    state: Tensor,
    elapsed_time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Take explicit Euler steps; unstable where a part is longer than twice a time constant."""
    part = elapsed_time / unfolds
    for _ in range(unfolds):
        state = state + part * _slope(membrane, capacitance, state)
    return state


def solve_rk4(
    membrane: Membrane,
    capacitance: Tensor,
    state: Tensor,
    elapsed_time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Take classic fourth-order Runge-Kutta steps."""
    part = elapsed_time / unfolds
    for _ in range(unfolds):
        first = _slope(membrane, capacitance, state)
        second = _slope(membrane, capacitance, state + 0.5 * part * first)
        third = _slope(membrane, capacitance, state + 0.5 * part * second)
        fourth = _slope(membrane, capacitance, state + part * third)
        state = state + part / 6 * (first + 2 * (second + third) + fourth)
    return state


def solve_adaptive(
    membrane: Membrane,
    capacitance: Tensor,
    state: Tensor,
    elapsed_time: float | Tensor,
    unfolds: int,
) -> Tensor:
    """Solve to near precision with torchdiffeq's dopri5: for study, slow; ignores `unfolds`."""
    try:
        from torchdiffeq import odeint
    except ImportError as error:
        raise ImportError(
            "solver='adaptive' needs torchdiffeq: pip install torchdiffeq"
        ) from error
    span = torch.as_tensor(elapsed_time, dtype=state.dtype, device=state.device)

    def slope(_: Tensor, value: Tensor) -> Tensor:
        return span * _slope(membrane, capacitance, value)

    # Time runs from 0 to 1 for every sample: the spans differ, so they go into the slope.
    ends = torch.arange(2, dtype=state.dtype, device=state.device)
    tolerance = 1e-11 if state.dtype == torch.float64 else 1e-6
    return odeint(slope, state, ends, rtol=tolerance, atol=tolerance, method='dopri5')[-1]


def _slope(membrane: Membrane, capacitance: Tensor, state: Tensor) -> Tensor:
    current, conductance = membrane(state)
    return (current - conductance * state) / capacitance


SOLVERS: dict[str, Solver] = {
    'semi_implicit': solve_semi_implicit,
    'exponential': solve_exponential,
    'euler': solve_euler,
    'rk4': solve_rk4,
    'adaptive': solve_adaptive,
}
