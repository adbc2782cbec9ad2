# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How much more a rotor lifts near the ground, at the same speed of rotation."""

BODY_LIFT = 2.0
"""Lift of the air that rises between four rotors; K_b of Sanchez-Cuevas et al., measured."""


def compute_thrust_ratio(height: float, radius: float, spacing: float) -> float:
    """Return the thrust of a rotor of a quadrotor over its thrust far from the ground.

    Cheeseman and Bennett (The effect of the ground on a helicopter rotor in forward flight, ARC
    R&M 3021, 1955) mirror the rotor at the ground; Sanchez-Cuevas, Heredia and Ollero
    (Characterization of the aerodynamic ground effect and its influence in multirotor control,
    Int. J. Aerospace Eng. 2017, 1823056) add the mirror images of the other three rotors and the
    lift of the body. Made for hovering: the effect fades with forward speed, the model does not.

    :param height: of the rotor above level ground [m]. Below half a radius, where nothing was
        measured and the mirror images diverge, it counts as half a radius.
    :param radius: of the rotor [m]. :param spacing: between neighbouring rotor axes [m].
    """
    z = max(height, radius / 2)
    beside = z / (spacing**2 + 4 * z**2) ** 1.5
    across = z / (2 * spacing**2 + 4 * z**2) ** 1.5
    own = (radius / (4 * z)) ** 2
    return 1.0 / (1.0 - own - radius**2 * (beside + across / 2 + 2 * BODY_LIFT * across))
