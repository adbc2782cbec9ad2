# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.policies.cockpit import Cockpit


class Env:
    """Knows what it was made for and whether it is closed."""

    def __init__(self, cell: str) -> None:
        self.cell = cell
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_environment_and_pilot_are_kept_while_the_cell_stays():
    made: list[Env] = []

    def make_pilot(env: Env) -> str:
        made.append(env)
        return f'pilot of {env.cell}'

    cockpit = Cockpit(Env, make_pilot)
    first, again, other, back = (cockpit.enter(cell) for cell in ('a', 'a', 'b', 'a'))
    assert first == again == (made[0], 'pilot of a')
    assert other == (made[1], 'pilot of b')
    assert back[0] is made[2]
    assert [env.is_closed for env in made] == [True, True, False]


def test_closed_cockpit_has_closed_its_environment_and_opens_another():
    cockpit = Cockpit(Env, str)
    env, _ = cockpit.enter('a')
    cockpit.close()
    cockpit.close()
    assert env.is_closed
    assert not cockpit.enter('a')[0].is_closed
