# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control export`: a policy as a program that flies without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

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
from lnn_control.deploy.program import ExportError
from lnn_control.policies.folders import DEFAULT_POLICY, find_checkpoint, is_deployment

if TYPE_CHECKING:
    from lnn_control.deploy.export import Order

LEAST_IMAGES = 16
FIRST_SEED = 1_000_000
_OTHER_SEEDS = 1000
_STRETCH = 60  # images of a calibration flight: many places tell more than a long look at a few


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
    encoder: Literal['float32', 'int8'] = 'float32'
    """What the convolutions count in; int8 is for c: smaller, faster, a little less exact."""
    images: int = 200
    """Number of images of the recorded flight."""
    calibration_images: int = 600
    """Number of images of other flights that say how strong activations become, for int8."""
    first_seed: options.FirstSeed = FIRST_SEED


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Export, 'export', arguments)
    check_trials(2, job.first_seed)
    check_number('images', job.images, LEAST_IMAGES, 100_000)
    check_number('calibration_images', job.calibration_images, LEAST_IMAGES, 100_000)
    if job.encoder == 'int8' and job.to != 'c':
        raise ValueError(f'--encoder int8 has no effect: only c has it, not {job.to}')
    if is_deployment(job.policy):
        raise ValueError(f'{job.policy} is exported already: name the checkpoint that it is of')
    checkpoint = find_checkpoint(job.policy)
    # Only here, as it loads torch.
    from lnn_control.deploy.export import check_output, export_checkpoint

    check_output(job.output)
    deployment = export_checkpoint(checkpoint, job.output, fly(job, checkpoint))
    print(f'{deployment.name} as {job.to}, encoder in {job.encoder}: {job.output.resolve()}')
    print(describe_check(job.output))
    return 0


def fly(job: Export, checkpoint: Path) -> 'Order':
    """Record the flight to test with, and those that scale an encoder in 8 bits."""
    from lnn_control.deploy.export import Order, check_flight
    from lnn_control.deploy.flight import record_flight
    from lnn_control.policies.checkpoint import load_policy

    policy, images = load_policy(checkpoint), None
    env = make_env(_choose_scenario(policy.domain.tasks, policy.domain.widest_fov_deg))
    try:
        rng = stream(job.first_seed, 'export')
        flight = record_flight(env, policy, job.images, job.first_seed, rng)
        check_flight(flight)
        if job.encoder == 'int8':
            # Of other places: what the scales are made for is not what they are tested with.
            first, count = job.first_seed + _OTHER_SEEDS, job.calibration_images
            images = np.concatenate(
                [
                    record_flight(env, policy, min(_STRETCH, count - n), first + n, rng).images
                    for n in range(0, count, _STRETCH)
                ]
            )
    finally:
        env.close()
    return Order(job.to, flight, images)


def _choose_scenario(tasks: tuple[str, ...] | None, fov_deg: float | None) -> Scenario:
    """Return a flight that a policy was trained for, as far as it is known."""
    task = choose_task(tasks[0] if tasks else DEFAULT_TASK)
    return Scenario(task.name, task, Camera(fov_deg=fov_deg))


def describe_check(folder: Path) -> str:
    """Fly an exported program over its flight and return one line about it.

    :raises ExportError: if it answers otherwise than PyTorch does.
    """
    from lnn_control.deploy.export import compare_flight
    from lnn_control.policies.backends.deployment import DeploymentError

    try:
        return (
            f'flown over its recorded flight: within {compare_flight(folder):.1e} m/s of PyTorch'
        )
    except (DeploymentError, ModuleNotFoundError) as error:
        if isinstance(error, ExportError):
            raise
        return f'not flown here: {error}'


OPTIONS = Export
