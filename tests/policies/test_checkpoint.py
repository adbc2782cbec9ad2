# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lnn_control.core.appearance import NUM_PROPERTIES, Appearance
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.observation import Observation
from lnn_control.liquid import CfC, NCPWiring
from lnn_control.policies import folders
from lnn_control.policies.checkpoint import (
    load_network,
    load_policy,
    read_domain,
    save_checkpoint,
)
from lnn_control.policies.encoder import SpatialEncoder
from lnn_control.policies.folders import CheckpointError, find_checkpoint, shipped_checkpoints
from lnn_control.policies.memories import MEMORIES


@pytest.fixture
def folder(make_network, tmp_path) -> Path:
    save_checkpoint(tmp_path / 'small', 'small', make_network(), {'losses': [0.5, 0.25]})
    return tmp_path / 'small'


FOREST = find_checkpoint('forest_cfc')


def change_config(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / 'config.json'
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def change_weights(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / 'model.safetensors'
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


@pytest.mark.parametrize('memory', [*MEMORIES, 'tests.policies.averaging_memory:Averaging'])
def test_network_comes_back_bit_for_bit(make_network, tmp_path, memory):
    network = make_network(memory=memory)
    save_checkpoint(tmp_path, 'any', network, {})
    loaded = load_network(tmp_path)
    assert loaded.config == network.config
    assert loaded.config.memory == memory
    assert loaded.wiring == network.wiring
    wanted = network.state_dict()
    assert set(loaded.state_dict()) == set(wanted)
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, wanted[key]), key


def test_policy_comes_back_with_its_name_and_flies_the_same(
    folder, make_network, make_observation
):
    policy = load_policy(folder)
    assert policy.name == 'small'
    observation = make_observation(0)
    command, _ = policy(observation, policy.initial_state(), 0.05)
    again, _ = load_policy(str(folder))(observation, policy.initial_state(), 0.05)
    assert command == again
    assert command.to_array().any()


def test_folder_holds_two_readable_files_and_no_leftovers(folder):
    assert sorted(path.name for path in folder.iterdir()) == ['config.json', 'model.safetensors']
    config = json.loads((folder / 'config.json').read_text())
    assert config['training'] == {'losses': [0.5, 0.25]}
    assert config['num_parameters'] == load_network(folder).num_parameters()


def test_failed_save_keeps_the_old_checkpoint_and_leaves_nothing_behind(
    folder, make_network, monkeypatch
):
    before = load_network(folder).state_dict()

    def fail(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='No space left'):
        save_checkpoint(folder, 'other', make_network(seed=1), {})
    monkeypatch.undo()
    after = load_network(folder).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert sorted(path.name for path in folder.iterdir()) == ['config.json', 'model.safetensors']


DOMAIN = TrainingDomain(
    ('hike',),
    'quadrotor',
    (65.0, 110.0),
    (0.0, 10.0),
    (15.0, 30.0),
    (0.0, 0.1),
    (3.0, 3.0, 1, 1.5),
    Appearance((0.25,) * NUM_PROPERTIES, (0.1,) * NUM_PROPERTIES, 3.5),
)


def test_domain_comes_back_and_travels_with_the_policy(make_network, tmp_path):
    save_checkpoint(tmp_path, 'small', make_network(), {}, DOMAIN)
    assert read_domain(tmp_path) == DOMAIN
    assert load_policy(tmp_path).domain == DOMAIN


def forget_memory(config: dict) -> None:
    """Make a configuration what it was before there were other memories."""
    for name in ('memory', 'memory_option'):
        del config['network'][name]
    del config['memory']


def test_checkpoint_without_a_memory_has_the_first_one(folder, make_network, make_observation):
    change_config(folder, forget_memory)
    policy, wanted = load_policy(folder), make_network()
    assert policy.network.config == wanted.config
    command, _ = policy(make_observation(0), policy.initial_state(), 0.05)
    change_config(folder, lambda config: config.update(format='lnn_control/checkpoint/1'))
    again, _ = load_policy(folder)(make_observation(0), policy.initial_state(), 0.05)
    assert command == again


def test_files_keep_the_names_of_the_liquid_weights(folder):
    assert {'liquid.weight', 'liquid.gate_bias'} <= load_file(folder / 'model.safetensors').keys()


def test_wiring_is_written_only_where_there_is_one(make_network, tmp_path):
    for memory, has_wiring in (('cfc', True), ('lstm', False)):
        save_checkpoint(tmp_path, 'any', make_network(memory=memory), {})
        config = json.loads((tmp_path / 'config.json').read_text())
        assert ('wiring' in config) == has_wiring
    change_config(tmp_path, lambda config: config.update(wiring={'kind': 'ncp'}))
    with pytest.raises(CheckpointError, match='another wiring'):
        load_network(tmp_path)


def test_config_says_what_the_memory_is_and_how_large_each_part_is(make_network, tmp_path):
    network = make_network(memory='lstm', num_neurons=5)
    save_checkpoint(tmp_path, 'any', network, {})
    memory = json.loads((tmp_path / 'config.json').read_text())['memory']
    assert memory == {
        'kind': 'recurrent neural network',
        'words': 'long short-term memory',
        'neurons': {'cell': 5, 'hidden': 5},
        'num_parameters': network.count_parts(),
    }


def test_checkpoint_of_format_1_flies_and_knows_no_domain(folder):
    def age(config: dict) -> None:
        config['format'] = 'lnn_control/checkpoint/1'
        del config['domain']

    change_config(folder, age)
    assert load_policy(folder).domain == TrainingDomain()


@pytest.mark.parametrize(
    ('domain', 'message'),
    [
        ({'camera_fov': [65, 110]}, "unknown key 'camera_fov'"),
        ({'camera_fov_deg': [110.0, 65.0]}, 'greatest camera_fov_deg must be'),
        (None, 'domain: expected keys and values'),
    ],
)
def test_broken_domain_is_one_line_that_names_the_file(folder, domain, message):
    change_config(folder, lambda config: config.update(domain=domain))
    with pytest.raises(CheckpointError, match=message) as error:
        load_policy(folder)
    assert str(folder) in str(error.value)


def forget_name(config: dict) -> None:
    del config['name']


def forget_wiring(config: dict) -> None:
    del config['wiring']


def forget_network_key(name: str) -> Callable[[dict], None]:
    return lambda config: config['network'].pop(name)


def change_network(**fields) -> Callable[[dict], None]:
    return lambda config: config['network'].update(fields)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.update(format='lnn_control/checkpoint/99'), 'must have format'),
        (forget_name, 'name'),
        (forget_wiring, 'another wiring'),
        (lambda c: c.pop('network'), 'network'),
        (lambda c: c.update(network=[1, 2]), 'network'),
        (change_network(num_neurons=2), 'num_neurons must be'),
        (change_network(num_neurons='many'), 'num_neurons'),
        (change_network(num_neurons=20), 'does not fit config.json'),
        (change_network(channels=[4, 4, 6]), 'channels'),
        (change_network(channels=[4, 4, 6, -8]), 'channels'),
        (change_network(channels=None), 'channels'),
        (change_network(sparsity='0.5'), 'sparsity'),
        (change_network(preprocessing=[32, 16]), 'preprocessing'),
        (change_network(preprocessing={'width_px': 2, 'height_px': 16}), 'width_px must be'),
        (change_network(memory='lsmt'), "did you mean 'lstm'"),
        (change_network(memory='lstm'), "memory 'lstm' has no option 'sparsity'"),
        (change_network(memory='gru', sparsity=None, wiring_seed=None), 'does not fit'),
        (change_network(memory='gone.memories:Mean'), "no module 'gone': install the package"),
        (forget_network_key('memory'), r"missing.*'memory'"),
        (change_network(colour='red'), "unknown key 'colour'"),
        (change_network(preprocessing={'width': 32, 'height_px': 16}), 'preprocessing.width'),
        (change_network(preprocessing={'width_px': 32}), r"missing.*'preprocessing\.height_px'"),
        (forget_network_key('sparsity'), r"missing.*'sparsity'"),
        (forget_network_key('preprocessing'), r"missing.*'preprocessing'"),
        (change_network(wiring_seed=7), 'does not fit|another wiring'),
        (change_network(num_places=100), 'num_places must be'),
    ],
)
def test_broken_config_is_one_line_that_names_the_file(folder, change, message):
    change_config(folder, change)
    with pytest.raises(CheckpointError, match=message) as error:
        load_policy(folder)
    assert '\n' not in str(error.value)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda w: w.pop('gain'), 'gain missing'),
        (lambda w: w.update(gain=torch.ones(5)), r'gain \(5,\)'),
        (lambda w: w.update(extra=torch.ones(5)), 'extra unknown'),
        (lambda w: w.update(gain=torch.full((4,), torch.nan)), "NaN or infinity in .*'gain'"),
        (lambda w: w.update(bias=torch.full((4,), torch.inf)), "NaN or infinity in .*'bias'"),
    ],
)
def test_weights_that_do_not_fit_are_one_line_that_names_them(folder, change, message):
    change_weights(folder, change)
    with pytest.raises(CheckpointError, match=message) as error:
        load_policy(folder)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('config.json', b'{"format": ', 'must be JSON'),
        ('config.json', b'\xff\xfe\x00', 'must be JSON'),
        ('config.json', b'[1, 2]', "must have format .* got 'list'"),
        ('model.safetensors', b'', 'copy the file again'),
        ('model.safetensors', b'\x80\x02not a tensor file at all', 'copy the file again'),
    ],
)
def test_files_that_are_something_else_are_one_line(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as error:
        load_policy(folder)
    assert '\n' not in str(error.value)


def test_truncated_or_missing_weights_say_so(folder):
    path = folder / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r'cannot be read: .* copy the file again'):
        load_policy(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match=r'cannot be read: .* copy the file again'):
        load_policy(folder)


@pytest.mark.parametrize('name', ['no_such_policy', 'no/such/folder', '..'])
def test_missing_checkpoint_lists_what_there_is(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r'or one of \[.*\], got') as error:
        find_checkpoint(name)
    assert repr(name) in str(error.value)


def test_shipped_checkpoints_are_found_by_name_and_fly(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(folders, 'SHIPPED', folder.parent)
    monkeypatch.chdir('/')
    assert shipped_checkpoints() == ['small']
    assert load_policy('small').name == 'small'
    monkeypatch.setattr(folders, 'SHIPPED', tmp_path / 'nowhere')
    assert shipped_checkpoints() == []


@pytest.mark.parametrize('name', shipped_checkpoints())
def test_every_shipped_checkpoint_loads_and_is_small(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.network.num_parameters() <= 20_000


def make_flight(steps: int) -> list[tuple[Observation, float]]:
    """Return observations of noise and the elapsed times before them."""
    rng = np.random.default_rng(8)
    flight = []
    for _ in range(steps):
        image = rng.integers(0, 256, (72, 128, 3), dtype=np.uint8)
        imu = rng.normal(size=12).astype(np.float32)
        flight.append((Observation(image, imu), float(rng.uniform(0.02, 0.3))))
    return flight


# What forest_cfc commanded at steps 0, 11 and 23 when it was the only kind of network.
RECORDED = [
    [1.046697, 0.6170588, 0.04358764, -0.2625354],
    [1.305564, 0.400524, 0.0462126, -0.1179254],
    [1.258713, 0.4783621, -0.06543633, 0.2976169],
]


def test_shipped_policy_commands_what_it_always_commanded():
    policy = load_policy('forest_cfc')
    state, commands = policy.initial_state(), []
    for observation, elapsed in make_flight(24):
        command, state = policy(observation, state, elapsed)
        commands.append(command.to_array())
    assert np.array(commands)[[0, 11, 23]] == pytest.approx(np.array(RECORDED), abs=1e-4)


@torch.inference_mode()
def test_shipped_policy_is_its_encoder_and_circuit_bit_for_bit():
    policy, weights = load_policy('forest_cfc'), load_file(FOREST / 'model.safetensors')

    def pick(prefix: str) -> dict[str, torch.Tensor]:
        return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}

    encoder = SpatialEncoder((12, 18, 26, 24), 14, (72, 128))
    encoder.load_state_dict(pick('encoder.'))
    wiring = NCPWiring.from_num_neurons(num_neurons=36, num_motor=4, sparsity=0.5, seed=1)
    liquid = CfC(encoder.num_features + 12, wiring, typical_elapsed_time=0.05)
    liquid.load_state_dict(pick('liquid.'))
    state, wanted = policy.initial_state(), liquid.initial_state(1)
    for observation, elapsed in make_flight(8):
        command, state = policy(observation, state, elapsed)
        # The equations of the network, written out.
        image = torch.from_numpy(observation.image.transpose(2, 0, 1).copy())[None]
        image = (image.float() / 255).contiguous(memory_format=torch.channels_last)
        imu = torch.from_numpy(observation.imu)[None]
        inertial = torch.tanh((imu - weights['imu_mean']) / weights['imu_scale'] / 2)
        features = torch.cat([encoder(image), inertial], dim=1)
        motor, wanted = liquid(features[None], wanted, elapsed_time=torch.tensor([[elapsed]]))
        scaled = 2 * motor[0, 0] * weights['gain'] + weights['bias']
        scaled = weights['command_mean'] + weights['command_scale'] * scaled
        assert command.to_array().tolist() == scaled.tolist()
        assert torch.equal(state, wanted)
