# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Asks sim_node for a certain trial and waits for what has to come of it."""

from collections.abc import Callable

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from lnn_control.bringup.flight_observer import FlightObserver
from lnn_control.bringup.supervisor import Supervisor
from lnn_control.nodes import topics

# How long a busy machine may take to show a first sign of life [s].
_PATIENCE = 90.0


class TrialConductor:
    """Starts trials in a running simulation.

    :param supervisor: that watches the nodes. :param observer: that records the trials.
    """

    def __init__(self, supervisor: Supervisor, observer: FlightObserver) -> None:
        self._supervisor = supervisor
        self._observer = observer

    def start_trial(self, world: str, season: str, seed: int) -> None:
        """Let sim_node build the world of a trial.

        :raises ValueError: if it refuses. :raises TimeoutError: if it does not answer.
        """
        wanted = {'world': world, 'season': season, 'seed': seed}
        request = SetParameters.Request(
            parameters=[
                Parameter(name, value=value).to_parameter_msg() for name, value in wanted.items()
            ]
        )
        answer = self._supervisor.call(SetParameters, 'sim_node/set_parameters', request)
        refused = [result.reason for result in answer.results if not result.successful]
        if refused:
            raise ValueError(f'sim_node refuses {wanted}: {"; ".join(refused)}')
        before = self._observer.trial_begin
        reset = self._supervisor.call(Trigger, 'sim_node/reset', Trigger.Request())
        if not reset.success:
            raise ValueError(f'sim_node cannot start the trial: {reset.message}')
        self._wait(lambda: self._observer.trial_begin != before, 'a new world of sim_node')

    def wait_for_flight(self, patience: float) -> None:
        """Wait until images are answered, then until the trial is over.

        :param patience: for the flight [s].
        :raises TimeoutError: with the first thing that did not come.
        """
        observer = self._observer
        self._wait(lambda: observer.num_images > 0, f'an image on {topics.IMAGE.name}')
        self._wait(
            lambda: observer.num_answers > 0,
            f'a command on {topics.COMMAND_STAMPED.name} that answers an image',
        )
        self._supervisor.wait_until(self._is_over, 'the end of the trial', patience)

    def _is_over(self) -> bool:
        rest = self._observer.clock_rest
        if rest > _PATIENCE:
            raise TimeoutError(f'sim_node has stood still for {rest:.0f} s')
        return self._observer.is_over

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        self._supervisor.wait_until(condition, what, _PATIENCE)
