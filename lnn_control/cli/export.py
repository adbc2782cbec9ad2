# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control export`: a policy as a program that flies without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from tyro.conf import arg

from lnn_control.cli import options
from lnn_control.cli.scenarios import (
    DEFAULT_TASK,
    Camera,
    Scenario,
    check_trials,
    choose_task,
    make_env,
)
from lnn_control.core.checks import check_number
from lnn_control.core.streams import stream
from lnn_control.policies.folders import DEFAULT_POLICY, find_checkpoint, is_deployment

if TYPE_CHECKING:
    from lnn_control.deploy.flight import RecordedFlight

LEAST_IMAGES = 16
FIRST_SEED = 1_000_000


@dataclass(frozen=True)
class Export:
    """Write a policy as ONNX or C, with a manifest and a recorded flight to test it with.

    The policy of a checkpoint is flown in the simulator, in a task that it was trained for. What
    it saw and answered goes with the program; the program is flown over it and compared.
    """

    output: Path
    """Folder for it: new, empty, or that of an earlier export."""
    policy: options.PolicyName = DEFAULT_POLICY
    to: Literal['onnx', 'c'] = 'c'
    """What it becomes: onnx for ONNX Runtime, or c for any C99 compiler."""
    images: int = 200
    """Number of images of the recorded flight."""
    first_seed: Annotated[
        int, arg(metavar='SEED', help='Seed of the recorded flight; the next one follows in it.')
    ] = FIRST_SEED


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Export, 'export', arguments)
    check_trials(2, job.first_seed)
    check_number('images', job.images, LEAST_IMAGES, 100_000)
    if is_deployment(job.policy):
        raise ValueError(f'{job.policy} is exported already: name the checkpoint that it is of')
    checkpoint = find_checkpoint(job.policy)
    # Only here, as they load torch.
    from lnn_control.deploy.export import AnsweredFlight, check_flight, export_checkpoint
    from lnn_control.deploy.flight import answer_flight, record_flight
    from lnn_control.policies.checkpoint import load_policy

    policy = load_policy(checkpoint)
    env = make_env(_choose_scenario(policy.domain.tasks, policy.domain.widest_fov_deg))
    try:
        rng = stream(job.first_seed, 'export')
        flight = record_flight(env, policy, job.images, job.first_seed, rng)
    finally:
        env.close()
    check_flight(flight)
    answered = AnsweredFlight(flight, answer_flight(policy, flight))
    deployment = export_checkpoint(checkpoint, job.output, job.to, answered)
    print(f'{deployment.name} as {job.to}: {job.output.resolve()}')
    print(describe_check(job.output, answered.flight, answered.commands))
    return 0


def _choose_scenario(tasks: tuple[str, ...] | None, fov_deg: float | None) -> Scenario:
    """Return a flight that a policy was trained for, as far as it is known."""
    task = choose_task(tasks[0] if tasks else DEFAULT_TASK)
    return Scenario(task.name, task, Camera(fov_deg=fov_deg))


def describe_check(
    folder: Path, flight: 'RecordedFlight', commands: NDArray[np.float32]
) -> str:
    """Fly an exported program over its flight and return one line about it.

    :raises ExportError: if it answers otherwise than PyTorch does.
    """
    from lnn_control.deploy.export import TOLERANCE
    from lnn_control.deploy.flight import answer_flight
    from lnn_control.deploy.program import ExportError
    from lnn_control.policies.backends.deployment import DeploymentError
    from lnn_control.policies.backends.load import load_deployment

    try:
        exported = load_deployment(folder)
    except (DeploymentError, ModuleNotFoundError) as error:
        return f'not flown here: {error}'
    largest = float(np.abs(answer_flight(exported, flight) - commands).max())
    if largest > TOLERANCE:
        raise ExportError(
            f'{folder} answers otherwise than PyTorch, by up to {largest:.2g} m/s or rad/s where '
            f'{TOLERANCE:g} is allowed: do not fly it'
        )
    return (
        f'flown over {len(flight)} images with {int(flight.starts.sum())} starts and a gap of '
        f'{flight.elapsed_time.max():.1f} s: within {largest:.1e} m/s of PyTorch'
    )


OPTIONS = Export
