# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator as ROS 2 vehicles: publishes their sensors, flies cmd_vel, judges trials.

A trial waits, hovering, until the first command that moves the vehicle. When it is over the
vehicle brakes; the next one follows by itself or by the service ~/reset. Of several vehicles each
begins by its own first command, and the next world follows when all that have begun are done.
"""

import math
import sys
import time
from collections import deque

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rosgraph_msgs.msg import Clock as ClockMessage
from std_srvs.srv import Trigger

from lnn_control.core.fleet import MOST_VEHICLES
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import Source, make_diagnostics, stamp_from_seconds
from lnn_control.nodes.endpoints import open_publisher
from lnn_control.nodes.graph_checks import describe_publishers
from lnn_control.nodes.parameters import (
    Parameter,
    Value,
    answer_changes,
    declare_parameters,
)
from lnn_control.nodes.process import run_node
from lnn_control.nodes.simulated_vehicle import Habits, SimulatedClock, SimulatedVehicle
from lnn_control.nodes.transforms import Transforms, place_vehicle
from sim.camera_choice import choose_camera
from sim.craft import Start
from sim.fleet import Fleet
from sim.settings import SimulationSettings
from sim.tasks import TASKS, make_task
from sim.tasks.options import parse_options
from sim.worlds.redraw import GaveUpError

PARAMETERS = (
    Parameter('task', 'fly_to_target', 'what is asked; it brings the vehicle'),
    Parameter('task_option', '', 'fields of the task, such as "density=2 hold=3"'),
    Parameter('world', '', "of the trials; the task's first one if empty", is_fixed=False),
    Parameter('season', 'summer', 'summer, autumn, winter, ...', is_fixed=False),
    Parameter('seed', 2_000_000, 'of world, start and noise', 0, 2**31 - 1, is_fixed=False),
    Parameter('camera_fov_deg', 100.0, 'field of view across the image [deg]', 10.0, 170.0),
    Parameter('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]', -90.0, 90.0),
    Parameter('camera_rate', 20.0, 'images a second [Hz], a divisor of 1200', 1.0, 120.0),
    Parameter('renderer', 'tiny', 'what draws the camera image'),
    Parameter(
        'real_time_factor',
        1.0,
        'simulated seconds a second at most; a busy machine runs slower, nothing is skipped',
        0.01,
        100.0,
    ),
    Parameter('auto_reset', True, 'start the next seed when a trial is over'),
    Parameter('stamped', True, 'take cmd_vel as TwistStamped (true) or as Twist (false)'),
    Parameter('publish_tf', True, 'tell tf where camera, IMU and vehicle are'),
    Parameter('vehicles', 1, 'in one world; several have namespaces', 1, MOST_VEHICLES),
    Parameter('command_timeout', 0.25, 'a cmd_vel older than this counts as zero [s]', 0.05, 10.0),
)

_STEP = 0.01
_ODOMETRY_PERIOD = 0.02
_REST_AFTER_TRIAL = 1.0
_MOST_SEEDS = 100
"""So many seeds without room for all vehicles are passed over before the simulator gives up."""


class SimNode(Node):
    """Shell around :class:`sim.fleet.Fleet` and the task."""

    def __init__(self) -> None:
        super().__init__('sim_node')
        self._settings = declare_parameters(self, PARAMETERS)
        settings = choose_camera(
            SimulationSettings(renderer=self._settings.renderer),
            fov_deg=self._settings.camera_fov_deg,
            pitch_deg=self._settings.camera_pitch_deg,
            rate=self._settings.camera_rate,
        )
        self._kind = TASKS.find(self._settings.task)
        self._options = parse_options(self._kind, self._settings.task_option.split())
        num_vehicles = self._settings.vehicles
        self._fleet = Fleet(settings, vehicle=self._kind.vehicle, number=num_vehicles)
        self._simulated_clock = SimulatedClock(self._fleet)
        self._clock_output = open_publisher(self, topics.CLOCK)
        self._diagnostics = open_publisher(self, topics.DIAGNOSTICS)
        habits = Habits(self._settings.stamped, self._settings.command_timeout)
        self._vehicles = tuple(
            SimulatedVehicle(self, craft, self._simulated_clock, habits)
            for craft in self._fleet.crafts
        )
        self._transforms = self._open_transforms() if self._settings.publish_tf else None
        self._steps: deque[float] = deque(maxlen=200)
        self._is_seed_set = False
        self._start_trial()
        answer_changes(self, self._check_changes)
        self._told_graph: set[str] = set()
        self.create_service(Trigger, '~/reset', self._reset)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_STEP / self._settings.real_time_factor, self._advance, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def finish(self) -> None:
        """Free the simulator."""
        self._fleet.close()

    def _open_transforms(self) -> Transforms | None:
        """Return what tells tf; the sensors' places are told at once.

        tf moves nothing: without its messages the simulator flies, and says that it is without.
        """
        try:
            transforms = Transforms(self)
        except ImportError as error:
            self.get_logger().info(f'no tf: {error}')
            return None
        placements = [entry for each in self._vehicles for entry in each.place_sensors()]
        transforms.tell_sensors(placements, 0.0)
        return transforms

    def _start_trial(self) -> None:
        """Build the world that the parameters name.

        :raises ValueError: if there is no such world or season, or no room in it for all vehicles;
            the trial before goes on.
        """
        world, season, seed = (
            self.get_parameter(name).value for name in ('world', 'season', 'seed')
        )
        task = make_task(
            self._settings.task,
            world=world or self._kind.worlds[0],
            season=season,
            **self._options,
        )
        trials = task.sample_several(seed, len(self._vehicles))
        if hasattr(self, '_seed'):
            self._simulated_clock.pause()
        self._seed: int = seed
        starts = [Start(trial.world.layout.start, trial.yaw, trial.altitude) for trial in trials]
        self._is_seed_set = False
        self._fleet.reset(trials[0].world, seed, starts)
        for vehicle, trial in zip(self._vehicles, trials, strict=True):
            vehicle.begin(task, trial)

    def _check_changes(self, changes: dict[str, Value]) -> None:
        """Refuse a world or season that there is not when it is set, not at the next reset.

        A seed holds for the next one, by itself or not, even if it is that of this trial.

        :raises ValueError: if the task cannot be built so.
        """
        names = ('world', 'season')
        wanted = {name: changes.get(name, self.get_parameter(name).value) for name in names}
        wanted['world'] = wanted['world'] or self._kind.worlds[0]
        make_task(self._settings.task, **wanted, **self._options)
        self._is_seed_set |= 'seed' in changes

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            self._start_trial()
            response.success, response.message = True, f'trial {self._seed}'
        except ValueError as error:
            response.success, response.message = False, str(error)
        return response

    def _advance(self) -> None:
        """Fly one step and publish what the sensors delivered."""
        commands = [vehicle.choose_command() for vehicle in self._vehicles]
        frames = self._fleet.advance(commands, _STEP)
        self._clock_output.publish(
            ClockMessage(clock=stamp_from_seconds(self._simulated_clock.now))
        )
        for vehicle, frame in zip(self._vehicles, frames, strict=True):
            vehicle.publish_sensors(frame)
        if round(self._fleet.time / _STEP) % round(_ODOMETRY_PERIOD / _STEP) == 0:
            self._publish_poses()
        for vehicle in self._vehicles:
            vehicle.judge()
        if self._settings.auto_reset and self._is_over():
            self._start_next_trial()
        self._steps.append(time.monotonic())

    def _publish_poses(self) -> None:
        for vehicle in self._vehicles:
            vehicle.publish_odometry()
        if self._transforms is not None:
            poses = [place_vehicle(each.state, each.frame_prefix) for each in self._vehicles]
            self._transforms.tell_vehicles(poses, self._simulated_clock.now)

    def _is_over(self) -> bool:
        """Return whether all vehicles that have begun have come to rest after their trials."""
        ends = [vehicle.ended_at for vehicle in self._vehicles if vehicle.has_begun]
        last = max((end for end in ends if end is not None), default=0.0)
        is_done = bool(ends) and None not in ends
        return is_done and self._fleet.time > last + _REST_AFTER_TRIAL

    def _start_next_trial(self) -> None:
        """Start the seed that was set meanwhile, or the next one.

        Of several vehicles it is the first from there on with room for all of them.
        """
        is_set = self._is_seed_set
        first = self.get_parameter('seed').value if is_set else self._seed + 1
        for number in range(_MOST_SEEDS):
            seed = (first + number) % 2**31
            self.set_parameters([RosParameter('seed', value=seed)])
            try:
                self._start_trial()
                return
            except GaveUpError as error:
                if len(self._vehicles) == 1 or number == _MOST_SEEDS - 1:
                    raise
                self.get_logger().warning(f'trial {seed} is passed over: {error}')

    def _diagnose(self) -> None:
        elapsed = self._steps[-1] - self._steps[0] if len(self._steps) > 1 else math.nan
        shared = {
            'trial': self._seed,
            'real_time_factor': round((len(self._steps) - 1) * _STEP / elapsed, 2),
        }
        told: set[str] = set()
        for vehicle in self._vehicles:
            own = [vehicle.place(topic) for topic in (topics.IMAGE, topics.IMU)]
            graph = describe_publishers(self, (topics.CLOCK, *own))
            for problem in set(graph) - self._told_graph - told:
                self.get_logger().error(problem)
            told |= set(graph)
            source = Source('simulator', vehicle.namespace)
            values = shared | vehicle.measure()
            message = make_diagnostics(source, '; '.join(graph), values, self._simulated_clock.now)
            self._diagnostics.publish(message)
        self._told_graph = told


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(SimNode, 'sim_node')


if __name__ == '__main__':
    sys.exit(main())
