# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control explain`: where a policy looks, how slowly it forgets, which neuron does what."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from tyro.conf import UseAppendAction, arg, configure

from lnn_control.cli import options
from lnn_control.cli.scenarios import DEFAULT_TASK, Scenario, check_trained, choose_task, make_env
from lnn_control.core.checks import check_number
from lnn_control.core.messages import COMMAND_AXES
from lnn_control.core.streams import stream
from lnn_control.core.whole_file import write_whole
from lnn_control.policies.folders import name_policy
from lnn_control.policies.registry import make_policy
from lnn_control.policies.runner import RunnerSettings

if TYPE_CHECKING:
    from lnn_control.evaluation.lesions import Lesions
    from lnn_control.evaluation.observed import ObservedFlight
    from lnn_control.policies.network_policy import NetworkPolicy
    from lnn_control.reports.inside import Inside

SUMMARY = 'explain.json'
_LOOK_DEVIATION = 40.0
_NUM_LOOKS = 3
# Images of each flight whose attention is compared with and without noise.
_MOST_COMPARED = 40


@configure(UseAppendAction)
@dataclass(frozen=True)
class Explain:
    """Fly a few trials and look inside the policy: a page, and the numbers as JSON.

    Where it looks, and how steadily when the image gets noisy; how slowly its neurons forget along
    the flight; and how far each command moves when a neuron falls silent.
    """

    output: Path
    """Folder of the page explain.html and the numbers explain.json."""
    policy: options.ShippedPolicyName = ''
    against: Annotated[
        tuple[str, ...],
        arg(
            metavar='POLICY',
            help='Another policy whose attention is measured on the same images; may be given '
            'again.',
        ),
    ] = ()
    task: options.TaskName = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    world: options.WorldName = None
    season: options.SeasonName = 'summer'
    episodes: options.Episodes = 3
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED
    renderer: options.RendererName = 'tiny'
    allow_untrained: options.AllowUntrained = False


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found inside a policy.

    :param where: it flew. :param stability: name of a policy -> how alike its attention is with
        noise and without, shape (deviations, images).
    """

    policy: 'NetworkPolicy'
    where: str
    flights: 'list[ObservedFlight]'
    stability: dict[str, NDArray[np.float64]]
    lesions: 'Lesions'


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Explain, 'explain', arguments)
    check_number('episodes', job.episodes, 1, 1000)
    task = choose_task(job.task, job.world, job.season, job.task_option)
    scenario = Scenario(task.name, task, renderer=job.renderer)
    names = (name_policy(job.policy, job.task), *job.against)
    policy, *others = [open_network(name) for name in names]
    if not job.allow_untrained:
        check_trained(policy, [scenario])
    check_sizes(policy, others)
    job.output.mkdir(parents=True, exist_ok=True)

    from lnn_control.evaluation.lesions import measure_lesions
    from lnn_control.reports.inside import write_page

    flights = fly(job, scenario, policy)
    found = Findings(
        policy,
        f'{task.world}, {job.season}',
        flights,
        compare_attention([policy, *others], flights, job.first_seed),
        measure_lesions(policy.network, flights),
    )
    inside = describe(job, found)
    print_found(found)
    write_summary(job, found, inside)
    print(f'page: {write_page(job.output, inside)}')
    return 0


def open_network(name: str) -> 'NetworkPolicy':
    """Return a policy whose network can be looked into.

    :raises ValueError: if it has none.
    """
    from lnn_control.policies.network_policy import NetworkPolicy

    policy = make_policy(name)
    if not isinstance(policy, NetworkPolicy):
        raise ValueError(f'policy must be a checkpoint, whose network can be seen, got {name!r}')
    return policy


def check_sizes(policy: 'NetworkPolicy', others: Sequence['NetworkPolicy']) -> None:
    """Check that policies look at images of one size, and have names to tell them apart.

    :raises ValueError: if not.
    """
    names = [policy.name, *(other.name for other in others)]
    if len(set(names)) < len(names):
        raise ValueError(f'policies must have different names, got {names}: see train --name')
    for other in others:
        if other.preprocessing != policy.preprocessing:
            raise ValueError(
                f'policies must look at the same image, got {policy.preprocessing} of '
                f'{policy.name} and {other.preprocessing} of {other.name}'
            )


def fly(job: Explain, scenario: Scenario, policy: 'NetworkPolicy') -> list['ObservedFlight']:
    """Fly the trials."""
    from rich.progress import track

    from lnn_control.evaluation.observed import observe_flight

    settings = RunnerSettings(allow_untrained=job.allow_untrained)
    seeds = range(job.first_seed, job.first_seed + job.episodes)
    with closing(make_env(scenario)) as env:
        return [observe_flight(env, policy, seed, settings) for seed in track(seeds, 'flying')]


def compare_attention(
    policies: Sequence['NetworkPolicy'], flights: Sequence['ObservedFlight'], seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return of every policy how alike its attention is with noise and without.

    :return: name -> shape (deviations, images), the same images and noise for all.
    """
    from rich.progress import track

    from lnn_control.evaluation.attention import measure_stability

    images = [
        flight.images[place]
        for flight in flights
        for place in spread(len(flight.images), _MOST_COMPARED)
    ]
    return {
        policy.name: measure_stability(policy, images, stream(seed, 'attention'))
        for policy in track(policies, 'adding noise')
    }


def spread(length: int, count: int) -> list[int]:
    """Return places spread evenly over a length, at most so many."""
    places = np.linspace(0, length - 1, min(count, length))
    return [int(place) for place in np.rint(places)]


def describe(job: Explain, found: Findings) -> 'Inside':
    """Return all that was found as the page shows it."""
    from lnn_control.evaluation.attention import DEVIATIONS, add_noise, look
    from lnn_control.evaluation.lesions import encode_flight
    from lnn_control.reports.inside import Inside, Look

    policy, flights, lesions = found.policy, found.flights, found.lesions
    first = flights[0]
    noise = stream(job.first_seed, 'attention')
    looks = []
    # Not the first image, before which nothing was seen, nor the last, which hovers.
    for place in spread(len(first.images), _NUM_LOOKS + 2)[1:-1]:
        clean = first.images[place]
        noisy = add_noise(clean, _LOOK_DEVIATION, noise)
        saliency = look(policy, clean), look(policy, noisy)
        looks.append(Look(float(first.times[place]), clean, noisy, *saliency))
    memory = policy.network.memory
    constants = memory.time_constants(*encode_flight(policy.network, first)).cpu().numpy()
    outcomes = [flight.result.outcome for flight in flights]
    lead = (
        f'{len(flights)} trials of {job.task} in {found.where}, seeds from {job.first_seed}: '
        f'{outcomes.count("success")} succeeded. The policy saw each image as it does in flight.'
    )
    return Inside(
        title=f'Inside {policy.name}',
        lead=lead,
        groups=policy.circuit.neuron_groups,
        looks=tuple(looks),
        look_deviation=_LOOK_DEVIATION,
        deviations=DEVIATIONS,
        stability=found.stability,
        times=first.times,
        time_constants=constants[0] if constants.size else np.zeros((0, 0), np.float32),
        changes=lesions.changes / np.maximum(lesions.usual, 1e-6),
    )


def print_found(found: Findings) -> None:
    """Print the neurons whose silence moves each command most, and how steady attention is."""
    from lnn_control.evaluation.attention import DEVIATIONS

    policy, lesions = found.policy, found.lesions
    # The groups come as signals travel, neurons are counted otherwise.
    names = {
        neuron: f'{group.name} {neuron}'
        for group in policy.circuit.neuron_groups
        for neuron in range(group.start, group.stop)
    }
    for axis, name in enumerate(COMMAND_AXES):
        order = np.argsort(-lesions.changes[:, axis])[:3]
        said = ', '.join(f'{names[k]} by {lesions.changes[k, axis]:.3f}' for k in order)
        if said:
            print(f'{name} moves most without {said} (usually +-{lesions.usual[axis]:.3f})')
    for name, values in found.stability.items():
        shares = zip(DEVIATIONS, np.median(values, axis=1), strict=True)
        said = ', '.join(f'{share:.2f} at {deviation:g}' for deviation, share in shares)
        print(f'attention of {name} under noise stays alike by {said} of 255')


def write_summary(job: Explain, found: Findings, inside: 'Inside') -> None:
    """Write the numbers."""
    lesions = found.lesions
    summary: dict[str, Any] = {
        'policy': found.policy.name,
        'task': job.task,
        'where': found.where,
        'first_seed': job.first_seed,
        'episodes': job.episodes,
        'noise_deviations': list(inside.deviations),
        'attention_similarity': {
            name: np.median(values, axis=1).tolist() for name, values in inside.stability.items()
        },
        'neuron_groups': {group.name: [group.start, group.stop] for group in inside.groups},
        'lesion_rms': lesions.changes.tolist(),
        'command_deviation': lesions.usual.tolist(),
        'median_time_constants': np.median(inside.time_constants, axis=0).tolist()
        if inside.time_constants.size
        else [],
    }
    with write_whole(job.output / SUMMARY) as stream_out:
        stream_out.write((json.dumps(summary, indent=2) + '\n').encode())


OPTIONS = Explain
