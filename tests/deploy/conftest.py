# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A small checkpoint and its exports, made once."""

from pathlib import Path

import pytest

from lnn_control.core.appearance import NUM_PROPERTIES, Appearance
from lnn_control.core.domain import TrainingDomain
from lnn_control.deploy.export import Order, export_checkpoint
from lnn_control.policies.checkpoint import save_checkpoint
from tests.deploy.flights import make_flight, make_network

APPEARANCE = Appearance((0.25,) * NUM_PROPERTIES, (0.1,) * NUM_PROPERTIES, 3.5)


@pytest.fixture(scope='session')
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of a small network that knows what it was trained for."""
    folder = tmp_path_factory.mktemp('checkpoints') / 'small'
    domain = TrainingDomain(
        tasks=('fly_to_target',), camera_fov_deg=(80.0, 100.0), appearance=APPEARANCE
    )
    training = {'versions': {'commit': 'abc123'}}
    save_checkpoint(folder, 'small', make_network('ncp_cfc'), training, domain)
    return folder


@pytest.fixture(scope='session', params=['onnx', 'c'])
def exported(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    small_checkpoint: Path,
) -> Path:
    """Return the folder of an export; tests must not change it."""
    return export(tmp_path_factory.mktemp(request.param), small_checkpoint, request.param)


def export(folder: Path, checkpoint: Path, target: str) -> Path:
    """Export a checkpoint with a flight to test it with, or skip where its modules are missing."""
    if target == 'onnx':
        pytest.importorskip('onnxscript')
        pytest.importorskip('onnxruntime')
    export_checkpoint(checkpoint, folder, Order(target, make_flight()))
    return folder
