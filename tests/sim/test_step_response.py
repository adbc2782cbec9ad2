# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
import re
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from sim.physics import PHYSICS_RATE
from sim.vehicles import VEHICLES, Quadrotor
from sim.vehicles.step_response import Step, StepResponse, choose_steps, measure_response

TIMES = np.arange(round(10 * PHYSICS_RATE) + 1) / PHYSICS_RATE
TICK = 1 / PHYSICS_RATE
DOCUMENT = Path(__file__).resolve().parents[2] / 'docs' / 'vehicles.md'


def respond(values, size=2.0) -> StepResponse:
    return StepResponse(Step('forward', size), TIMES, size * values)


def test_first_order_lag_rises_and_settles_as_its_formula_says():
    response = respond(1 - np.exp(-TIMES / 0.4))
    assert response.rise_time == pytest.approx(0.4 * math.log(9), abs=1e-4)
    assert response.settling_time == pytest.approx(0.4 * math.log(20), abs=TICK)
    assert response.overshoot == 0.0
    assert response.final_error == pytest.approx(0.0, abs=1e-8)


def test_critically_damped_system_rises_as_its_formula_says():
    # 1 - (1 + x) exp(-x) is 0.1 at x = 0.53181, 0.9 at 3.88972 and 0.95 at 4.74386.
    x = 5.0 * TIMES
    response = respond(1 - (1 + x) * np.exp(-x))
    assert response.rise_time == pytest.approx((3.88972 - 0.53181) / 5, abs=1e-4)
    assert response.settling_time == pytest.approx(4.74386 / 5, abs=TICK)
    assert response.overshoot == 0.0


@pytest.mark.parametrize('damping', [0.2, 0.5, 0.7])
@pytest.mark.parametrize('size', [2.0, -0.5])
def test_second_order_system_overshoots_as_its_formula_says(damping, size):
    frequency = 6.0
    damped = frequency * math.sqrt(1 - damping**2)
    decay = np.exp(-damping * frequency * TIMES) / math.sqrt(1 - damping**2)
    response = respond(1 - decay * np.sin(damped * TIMES + math.acos(damping)), size)
    expected = math.exp(-math.pi * damping / math.sqrt(1 - damping**2))
    assert response.overshoot == pytest.approx(expected, rel=1e-3)
    # It stays within 5 % at the latest where the envelope does.
    latest = -math.log(0.05 * math.sqrt(1 - damping**2)) / (damping * frequency)
    assert latest / 2 < response.settling_time <= latest + TICK


def test_response_that_falls_short_never_rises_nor_settles():
    response = respond(np.minimum(TIMES, 0.8))
    assert response.rise_time == math.inf
    assert response.settling_time == math.inf
    assert response.overshoot == 0.0
    assert response.final_error == pytest.approx(-0.4)


def test_response_that_follows_at_once_takes_no_time():
    response = respond(np.ones_like(TIMES))
    assert (response.rise_time, response.settling_time, response.overshoot) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: Step('sideways', 1.0), r"axis must be one of \['forward'.*got 'sideways'"),
        (lambda: Step('up', 0.0), 'size must not be 0'),
        (lambda: Step('up', math.nan), 'size must be a finite number'),
        (lambda: Step('forward', 1.0, cruise=1.0), 'cruise must be 0 for a step forward, got 1.0'),
        (lambda: Step('up', 1.0, duration=1.0), 'duration must be a finite number in'),
        (lambda: respond(np.full_like(TIMES, math.nan)), 'values must be finite'),
        (
            lambda: StepResponse(Step('up', 1.0), np.arange(2.0), np.arange(2.0)),
            'times must rise and reach 2 s',
        ),
        (
            lambda: StepResponse(Step('up', 1.0), np.arange(3.0), np.arange(2.0)),
            r'values must have shape \(3,\), got \(2,\)',
        ),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_step_is_a_command_and_words():
    step = Step('yaw rate', 0.5, cruise=2.0)
    assert step.command == VelocityCommand(2.0, 0.0, 0.0, 0.5)
    assert step.describe() == 'yaw rate 0 to 0.5 rad/s at 2 m/s'


@pytest.mark.parametrize('name', VEHICLES)
def test_every_vehicle_follows_the_steps_chosen_for_it(name):
    for step in choose_steps(VEHICLES[name]):
        response = measure_response(VEHICLES[name], step)
        assert response.rise_time < step.duration / 2, step
        assert response.overshoot < 0.2, step
        assert abs(response.final_error) < 0.03 * abs(step.size), step


# Bounds some tenths above what is measured: worse would be another controller.
@pytest.mark.parametrize(
    ('axis', 'size', 'rise_time', 'overshoot', 'settling_time'),
    [
        ('forward', 1.0, 0.55, 0.05, 0.85),
        ('forward', 3.0, 0.70, 0.03, 1.05),
        ('left', -1.0, 0.55, 0.05, 0.85),
        ('left', 3.0, 0.70, 0.03, 1.05),
        ('up', 1.0, 0.55, 0.01, 0.80),
        ('up', -1.0, 0.55, 0.01, 0.80),
        ('yaw rate', 1.0, 0.38, 0.002, 0.55),
        ('yaw rate', -1.5, 0.38, 0.002, 0.55),
    ],
)
def test_quadrotor_is_quick_and_calm(axis, size, rise_time, overshoot, settling_time):
    response = measure_response(Quadrotor, Step(axis, size, duration=20.0))
    assert 0.2 < response.rise_time < rise_time
    assert response.overshoot < overshoot
    assert response.settling_time < settling_time
    assert abs(response.final_error) < 5e-4 * abs(size)


def read_documented_table(heading: str) -> dict[str, list[float]]:
    """Return step -> rise time, overshoot, settling time, error and when it was measured."""
    section = DOCUMENT.read_text(encoding='utf-8').split(f'\n## {heading}\n')[1].split('\n## ')[0]
    rows = [line.split('|')[1:] for line in section.splitlines() if ' 0 to ' in line]
    return {
        cells[0].strip(): [
            float(number) for number in re.findall(r'-?[\d.]+', ' '.join(cells[1:]))
        ]
        for cells in rows
    }


@pytest.mark.parametrize('kind', VEHICLES.values())
def test_documented_table_is_what_is_measured(kind):
    documented = read_documented_table(kind.__name__)
    for step in choose_steps(kind):
        response = measure_response(kind, step)
        rise_time, overshoot, settling_time, error, duration = documented[step.describe()]
        assert response.rise_time == pytest.approx(rise_time, abs=0.01)
        assert 100 * response.overshoot == pytest.approx(overshoot, abs=0.1)
        assert response.settling_time == pytest.approx(settling_time, abs=0.02)
        assert response.final_error == pytest.approx(error, abs=0.002)
        assert duration == step.duration
