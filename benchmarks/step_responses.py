# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Let a vehicle answer jumps of its command; print what came of them and draw it.

python -m benchmarks.step_responses [--vehicle quadrotor] [--out docs/images/step_responses.png]
"""

import argparse
from pathlib import Path

from lnn_control.reports.vehicles import StepCurve, plot_steps
from sim.vehicles import VEHICLES
from sim.vehicles.step_response import AXES, StepResponse, choose_steps, measure_response

_COLUMNS = ('step', 'rise 10-90 %', 'overshoot', 'settled within 5 %', 'error at the end')


def describe_row(response: StepResponse) -> tuple[str, ...]:
    """Return one row of the table."""
    step = response.step
    # Adding 0 turns the -0 of rounding into 0.
    error = round(response.final_error, 3) + 0.0
    return (
        step.describe(),
        f'{response.rise_time:.2f} s',
        f'{100 * response.overshoot:.1f} %',
        f'{response.settling_time:.2f} s',
        f'{error:+.3f} {AXES[step.axis]} after {step.duration:g} s',
    )


def name_panel(response: StepResponse) -> str:
    """Return which panel of the picture a response belongs to."""
    step = response.step
    return f'{step.axis} at {step.cruise:g} m/s' if step.cruise else step.axis


def make_curves(responses: list[StepResponse]) -> list[StepCurve]:
    """Return responses as they are drawn, up to three times what the slowest takes to settle."""
    curves = []
    for response in responses:
        step, panel = response.step, name_panel(response)
        slowest = max(r.settling_time for r in responses if name_panel(r) == panel)
        shown = response.times <= max(3 * slowest, 1.0)
        overshoot = 100 * response.overshoot
        label = f'to {step.size:g}: rise {response.rise_time:.2f} s, overshoot {overshoot:.1f} %'
        times, values = response.times[shown], response.values[shown]
        curves.append(StepCurve(panel, AXES[step.axis], label, step.size, times, values))
    return curves


def main() -> None:
    """Print the table as Markdown and draw the picture if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--vehicle', choices=sorted(VEHICLES), default='quadrotor')
    parser.add_argument('--out', type=Path, help='picture to draw, such as steps.png')
    arguments = parser.parse_args()
    vehicle = VEHICLES[arguments.vehicle]
    responses = [measure_response(vehicle, step) for step in choose_steps(vehicle)]
    for row in (_COLUMNS, ('---',) * len(_COLUMNS), *map(describe_row, responses)):
        print(f'| {" | ".join(row)} |')
    if arguments.out is not None:
        plot_steps(make_curves(responses)).savefig(arguments.out, dpi=130)


if __name__ == '__main__':
    main()
