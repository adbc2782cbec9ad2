# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control demo`: fly a policy over ROS 2 through several worlds and write a report.

The nodes are those of `lnn-control bringup simulation`, each a process over DDS. The demo only
asks for trials and listens.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from tyro.conf import UseAppendAction

from lnn_control.bringup.graph import SIMULATION, Value, choose_nodes
from lnn_control.bringup.node_processes import NodeDiedError, NodeProcesses
from lnn_control.cli import options
from lnn_control.cli.bringup import (
    BringupError,
    StopRequestedError,
    require_ros,
    set_environment,
    start_policies,
)
from lnn_control.cli.demo_table import DemoTable, FlightStatus
from lnn_control.cli.report import require_report_modules, write_report
from lnn_control.cli.scenarios import (
    DEFAULT_TASK,
    Scenario,
    check_trained,
    check_trials,
    choose_task,
)
from lnn_control.cli.task_words import describe_task
from lnn_control.core.checks import check_number
from lnn_control.core.flight import FlightRecord, Site, save_flight
from lnn_control.core.provenance import describe_versions
from lnn_control.evaluation.flight import FlightName, measure_flight, read_results, to_line
from lnn_control.nodes.lifetime import StopRequest, die_with_parent
from lnn_control.policies.folders import find_checkpoint, is_checkpoint, name_policy
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import make_policy
from lnn_control.reports.run_folder import FLIGHTS, RESULTS, RunDescription, write_description
from sim.tasks import TASKS

if TYPE_CHECKING:
    from lnn_control.bringup.flight_observer import FlightObserver
    from lnn_control.bringup.supervisor import Supervisor
    from sim.tasks.task import Task, Trial

SCENES = {
    'fly_to_target': (
        'forest/summer/2000015',
        'forest/autumn/2000015',
        'forest/winter/2000015',
        'urban/summer/2000015',
    ),
    'follow_target': ('forest/summer/2000067', 'forest/winter/2000067'),
    'hike': ('forest/summer/2000020',),
    'drive_to_target': ('forest/summer/2000057',),
    'keep_lane': ('road/summer/2000006',),
}
"""Task -> places of the demo, where its shipped policy keeps well clear of all; how often it
succeeds elsewhere, `evaluate` tells."""
NODE_LOG = 'nodes.log'
# A flight may take this many times its time limit on a busy machine.
_SLOWEST = 5.0
_REFRESH_PERIOD = 0.1


@dataclass(frozen=True)
class Demo:
    """Fly a policy over ROS 2 nodes, a trial a scene, and write a page about it."""

    policy: options.ShippedPolicyName = ''
    task: options.TaskName = DEFAULT_TASK
    scene: UseAppendAction[tuple[str, ...]] = ()
    """Where to fly, as world/season or world/season/seed; may be given again. If not given, those
    of the task: to a target, a forest in summer, autumn and winter, and a city."""
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED
    episodes: int = 1
    """Number of trials in each scene, each with the next seed."""
    real_time_factor: float = 1.0
    """Simulated seconds a second at most."""
    allow_untrained: options.AllowUntrained = False
    output: Path = Path('runs/demo')
    """The run gets a folder of its own in here."""
    domain_id: options.DomainId = -1

    def __post_init__(self) -> None:
        check_trials(self.episodes, self.first_seed)
        check_number('real_time_factor', self.real_time_factor, 0.01, 100.0)

    @property
    def flown(self) -> str:
        """Who flies: the policy that was named, or the shipped one of the task."""
        return name_policy(self.policy, self.task)

    @property
    def scenes(self) -> tuple[str, ...]:
        """Where it flies."""
        return (
            self.scene or SCENES.get(self.task) or (f'{TASKS.find(self.task).worlds[0]}/summer',)
        )


@dataclass(frozen=True, eq=False)
class PlannedFlight:
    """A trial that is to be flown, with its map."""

    task: 'Task'
    trial: 'Trial'
    site: Site


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code: 0 if the pipeline worked, whatever the trials."""
    job = options.read_options(Demo, 'demo', arguments)
    require_report_modules()
    require_ros()
    set_environment(job.domain_id)
    # Nobody but this machine needs to hear of simulated flights.
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    policy = make_policy(job.flown)
    scenes = [read_scene(scene, job.first_seed) for scene in job.scenes]
    if all(scene.count('/') == 2 for scene in job.scenes):
        options.refuse_given(arguments, ['first_seed'], 'every scene names its seed')
    tasks = [(choose_task(job.task, world, season), seed) for world, season, seed in scenes]
    if not job.allow_untrained:
        check_trained(policy, [Scenario(job.task, task) for task, _ in tasks])
    flights = [
        plan_flight(task, seed + number) for task, seed in tasks for number in range(job.episodes)
    ]
    folder = make_folder(job.output)
    description = describe_run(job, policy)
    write_description(folder, description)
    console = Console()
    console.print(describe_start(description, len(flights)), highlight=False)
    names = [(flight.task.world, flight.task.season) for flight in flights]
    try:
        with DemoTable(console, names, description.task.reaches) as table:
            fly_all(job, flights, DemoRun(folder, policy.name, table, description.task.reaches))
    except StopRequestedError:
        console.print('demo: stopped, all nodes have ended')
        return 130
    except (NodeDiedError, BringupError, TimeoutError) as error:
        raise OSError(f'{error} (what the nodes said: {folder / NODE_LOG})') from error
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with console.status('Drawing the report'):
        page = write_report(folder)
    warn_if_slow(folder, job, console)
    console.print(f'report:  {page.resolve()}', highlight=False, soft_wrap=True)
    console.print(f'results: {(folder / RESULTS).resolve()}', highlight=False, soft_wrap=True)
    return 0


def warn_if_slow(folder: Path, job: Demo, console: Console) -> None:
    """Say so if the machine could not keep up: latencies then tell of the machine."""
    slowest = min(result.real_time_factor for result in read_results(folder / RESULTS))
    if slowest < 0.8 * job.real_time_factor:
        console.print(
            f'This machine was busy: simulated time passed {slowest:.2f} times as fast as real '
            'time. Commands come later then, and flights may end otherwise.',
            style='yellow',
            highlight=False,
        )


def read_scene(scene: str, first_seed: int) -> tuple[str, str, int]:
    """Return world, season and seed of a scene such as forest/winter or forest/winter/2000005.

    :param first_seed: of a scene that names none.
    :raises ValueError: if it is written differently.
    """
    world, _, rest = scene.partition('/')
    season, _, seed = rest.partition('/')
    if not (world and season) or not (seed.isdecimal() or not seed):
        raise ValueError(
            'scene must be world/season or world/season/seed, such as '
            f"'forest/winter/2000015', got {scene!r}"
        )
    return world, season, int(seed) if seed else first_seed


def make_folder(output: Path) -> Path:
    """Make a folder named after the time, different from all others."""
    name = datetime.now().strftime('%Y%m%d_%H%M%S')
    for suffix in ('', *(f'_{number}' for number in range(2, 100))):
        folder = output / f'{name}{suffix}'
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not output.is_dir():
                raise
            continue
        return folder
    raise FileExistsError(f'{output / name} and 98 more exist: choose another --output')


def describe_run(job: Demo, policy: Policy) -> RunDescription:
    """Return what flies, how, and on what."""
    said = {'policy': job.flown, 'scene': ' '.join(job.scenes), 'output': str(job.output)}
    settings = asdict(job) | said
    return RunDescription(
        created=datetime.now().astimezone().isoformat(timespec='seconds'),
        policy=policy.name,
        num_parameters=policy.circuit.num_parameters,
        neuron_groups=policy.circuit.neuron_groups,
        synapses=policy.circuit.synapses,
        kind=policy.circuit.kind,
        settings=settings,
        versions=describe_versions(),
        task=describe_task(TASKS.find(job.task)),
    )


def describe_start(description: RunDescription, num_flights: int) -> str:
    """Return one line about what is going to fly."""
    neurons = sum(group.stop - group.start for group in description.neuron_groups)
    flights = f'{num_flights} flight' + ('s' if num_flights > 1 else '')
    inside = [f'{neurons} neurons'] if neurons else []
    inside += [f'{description.num_parameters:,} parameters'] if description.num_parameters else []
    circuit = f': camera and IMU in, {", ".join(inside)}' if inside else ''
    return f'{flights} over ROS 2 by {description.policy}{circuit}'


def plan_flight(task: 'Task', seed: int) -> PlannedFlight:
    """Return the trial that sim_node will build from the same seed."""
    from sim.site import describe_site

    trial = task.sample(seed)
    return PlannedFlight(task, trial, describe_site(task, trial))


@dataclass(frozen=True, eq=False)
class DemoRun:
    """Where results go: a folder and a table.

    :param reaches: whether all there is to do is to get to a target.
    """

    folder: Path
    policy: str
    table: DemoTable
    reaches: bool


def fly_all(job: Demo, flights: Sequence[PlannedFlight], run: DemoRun) -> None:
    """Start the nodes, fly every trial, end the nodes. Results are on disk after each flight.

    :raises StopRequestedError: on Ctrl-C.
    :raises NodeDiedError: if a node ends. :raises BringupError: if the policy does not start.
    :raises TimeoutError: if something does not come.
    """
    stop = StopRequest()
    die_with_parent()
    values = choose_values(job, flights[0])
    nodes = choose_nodes(SIMULATION, values)
    run.table.note('Starting the nodes')
    with (
        open_log(run.folder / NODE_LOG) as write,
        NodeProcesses(nodes, values, write) as processes,
    ):

        def check() -> None:
            if stop.is_set:
                raise StopRequestedError
            processes.check()

        DemoFlights(check, values, run).fly(flights)


def choose_values(job: Demo, first: PlannedFlight) -> dict[str, Value]:
    """Return the arguments of the node graph, which starts with the first flight."""
    values: dict[str, Value] = {entry.name: entry.default for entry in SIMULATION.arguments}
    return values | {
        'task': first.task.name,
        'world': first.task.world,
        'season': first.task.season,
        'first_seed': first.trial.seed,
        'real_time_factor': job.real_time_factor,
        'auto_reset': False,
        'policy': resolve_policy(job.flown),
        'allow_untrained': job.allow_untrained,
        # Apart from whatever else flies in this domain.
        'namespace': f'demo_{os.getpid()}',
    }


def resolve_policy(text: str) -> str:
    """Return a policy as nodes find it, wherever they are started."""
    return str(find_checkpoint(text).resolve()) if is_checkpoint(text) else text


@contextmanager
def open_log(path: Path) -> Iterator[Callable[[str], None]]:
    """Return a function that writes lines to a file, from any thread."""
    lock = threading.Lock()
    with path.open('w', encoding='utf-8', buffering=1) as stream:

        def write(line: str) -> None:
            with lock:
                if not stream.closed:
                    stream.write(f'{line}\n')

        yield write


class DemoFlights:
    """Flies trials in running nodes, one after the other.

    :param check: raises when it is time to end.
    :param values: arguments of the node graph; its first trial is theirs.
    """

    def __init__(
        self,
        check: Callable[[], None],
        values: dict[str, Value],
        run: DemoRun,
    ) -> None:
        self._check = check
        self._values = values
        self._run = run
        self._refreshed_at = 0.0
        self._observer: FlightObserver | None = None
        self._flight: PlannedFlight | None = None

    def fly(self, flights: Sequence[PlannedFlight]) -> None:
        """Fly all trials and write down each result."""
        from lnn_control.bringup.flight_observer import FlightObserver
        from lnn_control.bringup.supervisor import Supervisor
        from lnn_control.bringup.trial_conductor import TrialConductor

        supervisor = Supervisor(str(self._values['namespace']), self._watch)
        try:
            self._observer = FlightObserver(supervisor)
            conductor = TrialConductor(supervisor, self._observer)
            self._start(supervisor)
            for number, flight in enumerate(flights):
                self._flight = flight
                if number:
                    conductor.start_trial(flight.task.world, flight.task.season, flight.trial.seed)
                self._announce(number, len(flights), flight)
                patience = 30.0 + _SLOWEST * flight.site.time_limit
                conductor.wait_for_flight(patience)
                self._note_result(number, flight)
        finally:
            supervisor.close()

    def _start(self, supervisor: 'Supervisor') -> None:
        from lnn_control.nodes import topics

        supervisor.wait_for_topics(topics.SAFETY_STATE, topics.TRIAL_STATE)
        if supervisor.count_publishers(topics.CLOCK.name) > 1:
            domain = os.environ.get('ROS_DOMAIN_ID', '0')
            raise BringupError(
                f'another simulation publishes /clock in ROS domain {domain}: end it or choose a '
                'free domain with --domain-id N'
            )
        policies = [node for node in SIMULATION.nodes if node.is_lifecycle]
        start_policies(supervisor, policies, self._values)

    def _announce(self, number: int, count: int, flight: PlannedFlight) -> None:
        target = float(flight.site.distance_to_target(flight.site.target * [0, 0, 1]))
        where = f', target {target:.1f} m away' if flight.task.seeks_target else ''
        self._run.table.note(
            f'Flight {number + 1} of {count}: {flight.task.world} {flight.task.season}, seed '
            f'{flight.trial.seed}{where}'
        )

    def _watch(self) -> None:
        """Check on the nodes and refresh the table."""
        self._check()
        now = time.monotonic()
        observer, flight = self._observer, self._flight
        if observer is None or flight is None or now - self._refreshed_at < _REFRESH_PERIOD:
            return
        self._refreshed_at = now
        distance = observer.distance if flight.task.seeks_target else None
        share = observer.time / flight.site.time_limit
        if distance is not None and self._run.reaches:
            whole = max(flight.site.shortest_length, 0.1)
            share = 1.0 - (distance - flight.site.reach) / whole
        self._run.table.update(
            FlightStatus(observer.time, distance, share, observer.recent_latency)
        )

    def _note_result(self, number: int, flight: PlannedFlight) -> None:
        """Measure the flight that is over and write it down."""
        from sim.site import measure_clearances, measure_distances

        assert self._observer is not None
        recorded = self._observer.take_flight()
        if not flight.task.seeks_target:
            places, times = recorded.positions_world, recorded.pose_times
            left = measure_distances(flight.task, flight.trial, places, times)
            recorded = replace(recorded, distances=left)
        clearances = measure_clearances(flight.trial, recorded.positions_world)
        record = FlightRecord(recorded, flight.site, clearances)
        world, season = flight.task.world, flight.task.season
        path = f'{FLIGHTS}/{number + 1}_{world}_{season}.npz'
        name = FlightName(world, season, flight.trial.seed, self._run.policy, path)
        result = measure_flight(name, record)
        save_flight(self._run.folder / path, record)
        with (self._run.folder / RESULTS).open('a', encoding='utf-8') as stream:
            stream.write(to_line(result) + '\n')
        self._run.table.add(result)


OPTIONS = Demo
