# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lnn_control.core.domain import TrainingDomain
from lnn_control.policies import folders
from lnn_control.policies.checkpoint import (
    load_network,
    load_policy,
    read_domain,
    save_checkpoint,
)
from lnn_control.policies.folders import CheckpointError, find_checkpoint, shipped_checkpoints


@pytest.fixture
def folder(make_network, tmp_path) -> Path:
    save_checkpoint(tmp_path / 'small', 'small', make_network(), {'losses': [0.5, 0.25]})
    return tmp_path / 'small'


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


def test_network_comes_back_bit_for_bit(folder, make_network):
    network, loaded = make_network(), load_network(folder)
    assert loaded.config == network.config
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

    def fail(path, data):
        path.touch()
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Path, 'write_bytes', fail)
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
)


def test_domain_comes_back_and_travels_with_the_policy(make_network, tmp_path):
    save_checkpoint(tmp_path, 'small', make_network(), {}, DOMAIN)
    assert read_domain(tmp_path) == DOMAIN
    assert load_policy(tmp_path).domain == DOMAIN


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
