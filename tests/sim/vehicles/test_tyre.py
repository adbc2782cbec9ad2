# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from sim.vehicles.tyre import Deflection, Tyre, WheelDrive

TYRE = Tyre(friction=0.9, slip_stiffness=20.0, relaxation_length=0.4)
FREE = WheelDrive(angle=0.0, speed=0.0, hold=0.0, push=0.0)
LOAD = 1000.0
DT = 1 / 240


def settle(drive, velocity, duration=3.0, deflection=None):
    """Return the force after a steady slide, and the deflection."""
    deflection = deflection or Deflection()
    for _ in range(round(duration / DT)):
        force, deflection = TYRE.grip(deflection, drive, LOAD, velocity, DT)
    return force, deflection


def test_side_force_is_slip_stiffness_times_slip_angle():
    # 10 m/s forwards, 0.2 m/s to the left: 0.02 rad, and 20 / rad of 1000 N against it.
    (forward, left), _ = settle(FREE, (10.0, 0.2))
    assert forward == 0.0
    assert left == pytest.approx(-20.0 * 0.02 * LOAD, rel=0.01)


def test_side_force_builds_up_over_the_relaxation_length():
    # After 0.4 m at 10 m/s, a first-order lag has come to 1 - 1 / e.
    final = settle(FREE, (10.0, 0.2))[0][1]
    early = settle(FREE, (10.0, 0.2), duration=0.04)[0][1]
    assert early / final == pytest.approx(1 - math.exp(-0.96), abs=0.03)


@pytest.mark.parametrize('velocity', [(10.0, 8.0), (0.0, 5.0), (-3.0, -4.0), (30.0, 30.0)])
def test_force_stays_in_the_friction_circle_and_opposes_the_slide(velocity):
    locked = WheelDrive(angle=0.0, speed=0.0, hold=1e6, push=0.0)
    force, _ = settle(locked, velocity)
    assert math.hypot(*force) == pytest.approx(TYRE.friction * LOAD)
    assert force[0] * velocity[0] + force[1] * velocity[1] < 0.0


def test_spinning_wheel_pushes_no_more_than_friction_allows():
    spinning = WheelDrive(angle=0.0, speed=20.0, hold=1e6, push=0.0)
    (forward, left), _ = settle(spinning, (0.0, 0.0))
    assert forward == pytest.approx(TYRE.friction * LOAD)
    assert left == 0.0


def test_brake_gives_its_own_force_while_rolling_and_holds_at_rest():
    brake = WheelDrive(angle=0.0, speed=0.0, hold=300.0, push=0.0)
    (forward, _), deflection = settle(brake, (5.0, 0.0))
    assert forward == pytest.approx(-300.0)
    # Standing, the tread springs back: the same force without any speed.
    (forward, _), _ = TYRE.grip(deflection, brake, LOAD, (0.0, 0.0), DT)
    assert forward == pytest.approx(-300.0)


def test_push_beyond_grip_leaves_nothing_for_the_side():
    driven = WheelDrive(angle=0.0, speed=0.0, hold=0.0, push=5000.0)
    (forward, left), _ = settle(driven, (10.0, 1.0))
    assert forward == pytest.approx(TYRE.friction * LOAD, rel=0.05)
    assert abs(left) < 0.3 * TYRE.friction * LOAD


@pytest.mark.parametrize('value', [0.0, -1.0, math.nan])
def test_tyre_without_grip_is_refused(value):
    with pytest.raises(ValueError, match='friction must be'):
        Tyre(friction=value, slip_stiffness=20.0, relaxation_length=0.4)
