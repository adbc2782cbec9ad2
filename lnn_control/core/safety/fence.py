# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where a vehicle may be: a box or polygon on the ground and a band of altitudes.

Before a border the speed towards it falls so that braking ends on it; outside, nothing leads
further away.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.frames import yaw_from_quaternion
from lnn_control.core.messages import VelocityCommand

Point = tuple[float, float]
Edge = tuple[Point, Point]

# A fence around less than this encloses no vehicle [m^2].
_LEAST_AREA = 0.01
# Beyond this no odometry is what it says [m].
_FARTHEST = 1e7


@dataclass(frozen=True)
class Pose:
    """Where a vehicle is in the world (z up), and how it lies.

    :param yaw: heading, 0 along world x [rad].
    :param tilt: between its z axis and the vertical [rad].
    """

    x: float
    y: float
    z: float
    yaw: float = 0.0
    tilt: float = 0.0

    def __post_init__(self) -> None:
        for name in ('x', 'y', 'z', 'yaw', 'tilt'):
            value = check_number(name, getattr(self, name), -_FARTHEST, _FARTHEST)
            object.__setattr__(self, name, value)


def make_pose(position_world: Sequence[float], orientation_world: Sequence[float]) -> Pose:
    """Return the pose of a position [m] and a quaternion x, y, z, w.

    :raises ValueError: if one of them is not finite or the quaternion is none.
    """
    quaternion = np.array(orientation_world, np.float64)
    norm = float(np.linalg.norm(quaternion))
    if not 0.9 < norm < 1.1:
        raise ValueError(
            f'the orientation must be a unit quaternion x, y, z, w, got {quaternion.tolist()}'
        )
    quaternion /= norm
    # The z axis of the body, seen from the world, ends at this height.
    upright = 1.0 - 2.0 * float(quaternion[0] ** 2 + quaternion[1] ** 2)
    tilt = math.acos(min(max(upright, -1.0), 1.0))
    x, y, z = position_world
    return Pose(x, y, z, yaw_from_quaternion(quaternion), tilt)


@dataclass(frozen=True)
class Braking:
    """How a vehicle comes to rest before something.

    :param deceleration: that it surely reaches [m/s^2].
    :param reaction_time: until it begins to brake [s].
    """

    deceleration: float = 2.0
    reaction_time: float = 0.2

    def __post_init__(self) -> None:
        check_number('deceleration', self.deceleration, 0.01, 100.0, 'm/s^2')
        check_number('reaction_time', self.reaction_time, 0.0, 10.0, 's')

    def allow(self, distance: float) -> float:
        """Return the greatest speed from which braking ends within a distance [m/s].

        It solves v t + v^2 / 2a = distance.
        """
        if distance <= 0.0:
            return 0.0
        a, t = self.deceleration, self.reaction_time
        return a * (math.sqrt(t * t + 2.0 * distance / a) - t)


@dataclass(frozen=True)
class Fence:
    """A polygon on the ground and a band of altitudes.

    :param corners: of the polygon in order, world frame [m]; empty for no border.
    :param lowest: altitude [m]. :param highest: altitude [m].
    :param margin: this far outside nothing that the policy says is flown any more [m].
    """

    corners: tuple[Point, ...] = ()
    lowest: float = -math.inf
    highest: float = math.inf
    margin: float = 2.0

    def __post_init__(self) -> None:
        if len(self.corners) in (1, 2):
            raise ValueError(f'a fence must have three corners or more, got {len(self.corners)}')
        if self.corners:
            self._check_border()
        if not self.lowest < self.highest:
            raise ValueError(
                'the lowest altitude must be below the highest, got '
                f'{self.lowest:g} and {self.highest:g} m'
            )
        check_number('margin', self.margin, 0.0, 1e4, 'm')

    def _check_border(self) -> None:
        """Check that the border goes once around something and nowhere meets itself."""
        if not all(math.isfinite(value) for corner in self.corners for value in corner):
            raise ValueError(f'the corners of a fence must be finite, got {list(self.corners)}')
        # A corner said twice, as the first one to close the border, is one corner.
        edges = [(begin, end) for begin, end in self._list_edges() if begin != end]
        for place, edge in enumerate(edges):
            for other in edges[place + 1 :]:
                if _do_meet(edge, other):
                    raise ValueError(
                        f'the border of the fence meets itself: the edges {_name_edge(edge)} and '
                        f'{_name_edge(other)}; name the corners in order, once around'
                    )
        if abs(self._measure_area()) < _LEAST_AREA:
            raise ValueError(
                f'the fence encloses nothing: its corners {list(self.corners)} lie on one line or '
                'in one place'
            )

    def measure_inside(self, x: float, y: float) -> float:
        """Return the distance to the border, negative outside [m]; infinite without a border."""
        if not self.corners:
            return math.inf
        distance = min(math.hypot(*step) for step in self._list_steps(x, y))
        return distance if self._contains(x, y) else -distance

    def measure_breach(self, pose: Pose) -> float:
        """Return how far a vehicle is outside [m], 0 inside."""
        beyond = max(self.lowest - pose.z, pose.z - self.highest)
        return max(0.0, beyond, -self.measure_inside(pose.x, pose.y))

    def slow_down(self, command: VelocityCommand, pose: Pose, braking: Braking) -> VelocityCommand:
        """Return the command, shortened where a border is near."""
        return self._slow_climb(self._slow_ground(command, pose, braking), pose, braking)

    def _slow_ground(
        self, command: VelocityCommand, pose: Pose, braking: Braking
    ) -> VelocityCommand:
        """Shorten the horizontal velocity until no border is approached too fast.

        It keeps its direction: where the vehicle goes is the policy's business.
        """
        c, s = math.cos(pose.yaw), math.sin(pose.yaw)
        vx, vy = c * command.vx - s * command.vy, s * command.vx + c * command.vy
        factor = 1.0
        for distance, (nx, ny) in self._find_ways_out(pose.x, pose.y):
            approach, allowed = vx * nx + vy * ny, braking.allow(distance)
            if approach > allowed:
                factor = min(factor, allowed / approach)
        return replace(command, vx=command.vx * factor, vy=command.vy * factor)

    def _slow_climb(
        self, command: VelocityCommand, pose: Pose, braking: Braking
    ) -> VelocityCommand:
        climb = min(command.vz, braking.allow(self.highest - pose.z))
        return replace(command, vz=max(climb, -braking.allow(pose.z - self.lowest)))

    def _find_ways_out(self, x: float, y: float) -> list[tuple[float, Point]]:
        """Return the distance [m] and the unit vector that leads out over each edge.

        From outside that of the nearest edge alone counts, with distance 0.
        """
        steps = self._list_steps(x, y)
        lengths = [math.hypot(*step) for step in steps]
        if not self._contains(x, y):
            nearest = lengths.index(min(lengths))
            return [(0.0, self._point_out(nearest, steps[nearest], lengths[nearest], -1.0))]
        return [
            (length, self._point_out(edge, step, length, 1.0))
            for edge, (step, length) in enumerate(zip(steps, lengths, strict=True))
        ]

    def _point_out(self, edge: int, step: Point, length: float, sign: float) -> Point:
        """Return the unit vector that leads out over an edge.

        :param step: to the nearest point of the edge. :param sign: -1 if it leads in.
        """
        # So near the way to the border is rounding: the edge's own normal leads out.
        if length > 1e-3:
            return sign * step[0] / length, sign * step[1] / length
        (ax, ay), (bx, by) = self._list_edges()[edge]
        size = math.hypot(bx - ax, by - ay)
        turn = math.copysign(1.0, self._measure_area()) / size if size > 0.0 else 0.0
        return (by - ay) * turn, (ax - bx) * turn

    def _measure_area(self) -> float:
        """Return the area of the polygon, negative where its corners run clockwise [m^2]."""
        return sum(ax * by - bx * ay for (ax, ay), (bx, by) in self._list_edges()) / 2

    def _list_steps(self, x: float, y: float) -> list[Point]:
        """Return the way from a point to the nearest point of each edge [m]."""
        steps = []
        for (ax, ay), (bx, by) in self._list_edges():
            ex, ey = bx - ax, by - ay
            length = ex * ex + ey * ey
            share = ((x - ax) * ex + (y - ay) * ey) / length if length > 0.0 else 0.0
            share = min(max(share, 0.0), 1.0)
            steps.append((ax + share * ex - x, ay + share * ey - y))
        return steps

    def _list_edges(self) -> list[Edge]:
        return list(zip(self.corners, self.corners[1:] + self.corners[:1], strict=True))

    def _contains(self, x: float, y: float) -> bool:
        """Return whether a point is inside: a ray from it crosses the border an odd number."""
        if not self.corners:
            return True
        is_inside = False
        for (ax, ay), (bx, by) in self._list_edges():
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                is_inside = not is_inside
        return is_inside


def _do_meet(edge: Edge, other: Edge) -> bool:
    """Return whether two edges meet elsewhere than in a corner that joins them."""
    (a, b), (c, d) = edge, other
    if b == c or a == d:
        joint, begin, end = (b, a, d) if b == c else (a, c, b)
        back = (begin[0] - joint[0], begin[1] - joint[1])
        on = (end[0] - joint[0], end[1] - joint[1])
        # The second goes back along the first.
        folds = _turn(joint, begin, end) == 0.0 and back[0] * on[0] + back[1] * on[1] > 0.0
        return folds or (b == c and a == d)
    sides = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if sides[0] * sides[1] < 0.0 and sides[2] * sides[3] < 0.0:
        return True
    lines = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0.0 and _is_between(*line) for side, line in zip(sides, lines, strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return twice the area of a triangle, positive where it turns left, 0 on one line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_between(a: Point, b: Point, c: Point) -> bool:
    """Return whether a point c of the line through a and b lies between them."""
    return all(min(p, q) <= r <= max(p, q) for p, q, r in zip(a, b, c, strict=True))


def _name_edge(edge: Edge) -> str:
    (ax, ay), (bx, by) = edge
    return f'({ax:g} {ay:g}, {bx:g} {by:g})'


def parse_corners(text: str) -> tuple[Point, ...]:
    """Return the corners that a text lists: 'x y, x y, ...'; two are opposite ones of a box.

    :param text: in metres; empty for none.
    :raises ValueError: if it is written differently.
    """
    try:
        rows = [tuple(map(float, part.split())) for part in text.split(',') if part.strip()]
    except ValueError:
        rows = [()]
    corners = [row for row in rows if len(row) == 2 and all(map(math.isfinite, row))]
    if len(corners) != len(rows) or len(corners) == 1:
        raise ValueError(
            "a fence is written as corners 'x y, x y, ...' in metres, two for a box, such as "
            f"'-5 -5, 20 5', got {text!r}"
        )
    if len(corners) == 2:
        (ax, ay), (bx, by) = corners
        if ax == bx or ay == by:
            raise ValueError(f'the corners of a box must be opposite ones, got {text!r}')
        return ((ax, ay), (bx, ay), (bx, by), (ax, by))
    return tuple((x, y) for x, y in corners)
