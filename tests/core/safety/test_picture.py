# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of the state machine in the docs has exactly the arrows that the code can go."""

import math
import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from lnn_control.core.safety import (
    Fence,
    Pose,
    SafetySettings,
    SafetyState,
    Step,
    press_stop,
    receive_button,
    receive_command,
    receive_manual,
    receive_pose,
    release,
    update_safety,
)

PICTURE = Path(__file__).parents[3] / 'docs' / 'images' / 'safety_states.svg'
SETTINGS = SafetySettings(
    button_timeout=5.0,
    odometry_timeout=5.0,
    max_tilt_deg=45.0,
    fence=Fence(((-5, -5), (5, -5), (5, 5), (-5, 5))),
    ask_after=0.6,
)


def read_arrows() -> set[tuple[str, str]]:
    root = ElementTree.parse(PICTURE).getroot()
    return {
        (begin, end)
        for path in root.iter('{http://www.w3.org/2000/svg}path')
        if 'data-from' in path.attrib
        for begin in path.attrib['data-from'].split()
        for end in path.attrib['data-to'].split()
    }


def happen(state: SafetyState, now: float, chance: random.Random) -> SafetyState:
    """Return the state after one thing of many that may happen."""
    draw = chance.random()
    state = receive_button(state, draw < 0.01, now) if chance.random() < 0.9 else state
    if draw < 0.03:
        return press_stop(state)
    if draw < 0.05:
        return receive_pose(state, Pose(0, 0, 1, tilt=math.pi if draw < 0.04 else 0.0), now)
    if draw < 0.2:
        return receive_pose(state, Pose(chance.choice([0, 4.9]), 0, 1), now)
    if draw < 0.5:
        bad = math.nan if draw < 0.25 else 0.0
        return receive_command(state, (1.0, 0.0, 0.0, bad), now)
    if draw < 0.65:
        return receive_manual(state, (0.0, 1.0, 0.0, 0.0), now)
    if draw < 0.75:
        try:
            return release(state, now, SETTINGS)
        except ValueError:
            return state
    return state


def test_picture_has_the_arrows_that_the_machine_goes_and_no_others() -> None:
    chance = random.Random(1)
    seen: set[tuple[str, str]] = set()
    for flight in range(60):
        # In every other flight the policy flies on by itself when the pilot lets go.
        settings = replace(SETTINGS, resume_after_manual=bool(flight % 2))
        state, now = SafetyState(), 0.0
        state = receive_pose(receive_button(state, False, now), Pose(0, 0, 1), now)
        for _ in range(200):
            before = state.step
            now += chance.choice([0.02, 0.1, 0.5])
            state = update_safety(happen(state, now, chance), now, settings)
            if state.step is not before:
                seen.add((before.name.lower(), state.step.name.lower()))
    assert seen == read_arrows()


def test_every_state_is_named_in_the_picture() -> None:
    words = ' '.join(ElementTree.parse(PICTURE).getroot().itertext())
    assert all(step.value in words for step in Step)
