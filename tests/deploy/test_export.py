# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Exported folders: what they hold, and that a broken one is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lnn_control.deploy.export import (
    Order,
    check_flight,
    compare_flight,
    export_checkpoint,
)
from lnn_control.deploy.flight import RecordedFlight, read_vectors
from lnn_control.deploy.program import ExportError
from lnn_control.policies.backends.deployment import DeploymentError, hash_file, read_manifest
from tests.deploy.conftest import APPEARANCE
from tests.deploy.flights import SMALL, make_flight
from tests.deploy.tools import require


def test_manifest_tells_where_the_program_comes_from_and_what_it_takes(
    exported: Path, small_checkpoint: Path
) -> None:
    deployment = read_manifest(exported)
    assert deployment.name == 'small'
    assert deployment.preprocessing == SMALL.preprocessing
    assert deployment.domain.tasks == ('fly_to_target',)
    assert deployment.domain.camera_fov_deg == (80.0, 100.0)
    assert deployment.domain.appearance == APPEARANCE
    assert deployment.training_commit == 'abc123'
    assert deployment.weights_sha256 == hash_file(small_checkpoint / 'model.safetensors')
    assert deployment.num_neurons == 36
    assert {synapse.polarity for synapse in deployment.circuit.synapses} == {-1, 1}
    told = json.loads((exported / 'manifest.json').read_text())
    shapes = {entry['name']: entry['shape'] for entry in told['inputs']}
    assert shapes['image'] == [24, 40, 3] and shapes['imu'] == [12]
    assert told['flight']['num_images'] == 16 and told['flight']['num_starts'] == 2
    assert told['flight']['longest_gap'] == 2.0
    assert told['flight']['sha256'] == hash_file(exported / 'flight.bin')


def test_flight_is_read_back_as_it_was(exported: Path) -> None:
    flight, commands = read_vectors(exported / 'flight.bin', SMALL.preprocessing)
    wanted = make_flight()
    for name in ('images', 'imu', 'elapsed_time', 'starts'):
        assert np.array_equal(getattr(flight, name), getattr(wanted, name))
    assert commands.shape == (16, 4) and np.ptp(commands, axis=0).min() > 0


def test_program_is_compared_with_pytorch(exported: Path, tmp_path: Path) -> None:
    assert compare_flight(exported) < 2e-5
    wrong = shutil.copytree(exported, tmp_path / 'wrong')
    rows = np.fromfile(wrong / 'flight.bin', np.uint8).reshape(16, -1)
    # Other images than those that the commands answer.
    rows[:, 72:] = 255 - rows[:, 72:]
    rows.tofile(wrong / 'flight.bin')
    with pytest.raises(
        ExportError, match=r'answers otherwise than PyTorch, by up to .* do not fly'
    ):
        compare_flight(wrong)


def test_earlier_export_is_replaced_and_other_files_are_left_alone(
    tmp_path: Path, small_checkpoint: Path
) -> None:
    folder = tmp_path / 'c'
    export_checkpoint(small_checkpoint, folder, Order('c', make_flight()))
    (folder / 'notes.txt').write_text('mine')
    export_checkpoint(small_checkpoint, folder, Order('c'))
    assert not (folder / 'flight.bin').exists()
    assert (folder / 'notes.txt').read_text() == 'mine'
    assert read_manifest(folder).target == 'c'


def test_folder_of_something_else_is_not_touched(tmp_path: Path, small_checkpoint: Path) -> None:
    (tmp_path / 'thesis.tex').write_text('years of work')
    with pytest.raises(ExportError, match=r'new or empty folder.*it holds thesis.tex'):
        export_checkpoint(small_checkpoint, tmp_path, Order('c'))
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.tex']


def test_changed_missing_and_unknown_files_are_refused(exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exported, tmp_path / 'broken')
    deployment = read_manifest(folder)
    name = next(iter(deployment.files))
    assert deployment.check_file(folder, name) == folder / name
    with (folder / name).open('ab') as stream:
        stream.write(b' ')
    with pytest.raises(DeploymentError, match=f'{name} does not fit .*SHA-256 is another one'):
        deployment.check_file(folder, name)
    (folder / name).unlink()
    with pytest.raises(DeploymentError, match='is missing: copy the whole folder'):
        deployment.check_file(folder, name)
    with pytest.raises(DeploymentError, match=r'lists no file other.c'):
        deployment.check_file(folder, 'other.c')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'format': 'lnn_control/deployment/0'}, "must have format 'lnn_control/deployment/1'"),
        ({'target': 'wasm'}, r"target must be one of \('onnx', 'c'\), got 'wasm'"),
        ({'domain': {'colour': 'red'}}, 'colour'),
        ({'preprocessing': {'width_px': 2, 'height_px': 2}}, 'width_px must be'),
        ({'state': None}, 'manifest.json'),
    ],
)
def test_manifest_that_says_something_else_is_refused(
    exported: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    values = json.loads((exported / 'manifest.json').read_text()) | change
    (tmp_path / 'manifest.json').write_text(json.dumps(values))
    with pytest.raises(DeploymentError, match=message):
        read_manifest(tmp_path)


def test_manifest_that_lacks_a_value_or_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'manifest.json'
    path.write_text('{"format": "lnn_control/deployment/1"}')
    with pytest.raises(DeploymentError, match="lacks 'circuit'"):
        read_manifest(tmp_path)
    path.write_text('{')
    with pytest.raises(DeploymentError, match='must be JSON'):
        read_manifest(tmp_path)


def test_order_says_what_cannot_be_had() -> None:
    with pytest.raises(ExportError, match=r"target must be one of .* got 'tflite'"):
        Order('tflite')
    with pytest.raises(ExportError, match='only C has an encoder in 8 bits, not onnx'):
        Order('onnx', calibration=make_flight().images)


def test_8_bit_export_is_compared_with_the_same_numbers(
    tmp_path: Path, small_checkpoint: Path
) -> None:
    require('gcc')
    order = Order('c', make_flight(), make_flight(seed=1).images)
    assert export_checkpoint(small_checkpoint, tmp_path, order).encoder == 'int8'
    assert compare_flight(tmp_path) < 2e-5


def test_flight_without_a_gap_or_a_second_start_is_refused() -> None:
    good = make_flight()
    check_flight(good)
    short = np.full(16, 0.05, dtype=np.float32)
    with pytest.raises(ExportError, match='two starts and a gap of 2 s'):
        check_flight(RecordedFlight(good.images, good.imu, short, good.starts))
    once = good.starts.copy()
    once[1:] = False
    with pytest.raises(ExportError, match='choose another --first-seed'):
        check_flight(RecordedFlight(good.images, good.imu, good.elapsed_time, once))
