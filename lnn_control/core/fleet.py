# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What several vehicles in one world are called: in ROS their namespaces."""

MOST_VEHICLES = 8
"""So many vehicles one simulator takes."""


def name_vehicles(number: int) -> tuple[str, ...]:
    """Return the names of so many vehicles: `vehicle1`, `vehicle2` and so on.

    One vehicle alone has an empty name: nothing tells it apart from others.

    :raises ValueError: if there are too many of them or none.
    """
    if not 1 <= number <= MOST_VEHICLES:
        raise ValueError(
            f'vehicles must be a whole number from 1 to {MOST_VEHICLES}, got {number!r}'
        )
    return ('',) if number == 1 else tuple(f'vehicle{index + 1}' for index in range(number))
