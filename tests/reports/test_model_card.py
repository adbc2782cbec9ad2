# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The model card says what was measured and how to train again."""

from typing import Any

import pytest

from lnn_control.policies.checkpoint import read_config, save_checkpoint
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network import Network, NetworkConfig
from lnn_control.reports.model_card import render_model_card, render_results

RESULT = {
    'suite': 'fly_to_target',
    'world': 'forest',
    'season': 'winter',
    'successes': 87,
    'episodes': 100,
    'wilson_low': 0.7902,
    'wilson_high': 0.9224,
}


def make_config() -> dict[str, Any]:
    return {
        'name': 'tiny',
        'num_parameters': 1234,
        'network': {'preprocessing': {'width_px': 128, 'height_px': 72}, 'channels': [1, 2, 3, 4]},
        'wiring': {'num_inter': 20, 'num_command': 12, 'num_motor': 4},
        'training': {'data': {'episodes': 5, 'images': 900}, 'versions': {'torch': '2.13.0'}},
    }


def test_results_show_rate_and_interval_of_each_summary() -> None:
    table = render_results([RESULT])
    expected = '| forest | winter | 87 of 100 = 87.0% | 79.0% to 92.2% |'
    assert expected in table


@pytest.mark.parametrize(
    ('more', 'told'),
    [
        ({'disturbance': 'wind', 'level': 2}, ', disturbance wind, level 2 '),
        ({'disturbance': None, 'level': 0}, ' '),
        ({'camera_fov_deg': 70.0, 'camera_pitch_deg': 0.0}, ', camera_fov_deg 70.0, camera_pitch'),
        ({'distance': 20.0, 'renderer': 'gl'}, ', distance 20.0, renderer gl '),
        ({'limits': False, 'backend': 'c'}, ', backend c, no limits '),
    ],
)
def test_results_say_what_makes_them_another_measurement(more: dict[str, Any], told: str) -> None:
    assert f'| {RESULT["suite"]}{told}' in render_results([RESULT | more])


def test_results_that_lack_a_field_name_it() -> None:
    broken = {key: value for key, value in RESULT.items() if key != 'wilson_low'}
    with pytest.raises(ValueError, match=r"lacks \['wilson_low'\]"):
        render_results([broken])


def test_card_holds_size_data_versions_and_recipe() -> None:
    card = render_model_card(make_config(), [RESULT], 'lnn-control train --data x\n')
    for text in ('1234 in all', '5 episodes, 900 images', 'torch 2.13.0', '```bash\nlnn-control'):
        assert text in card


def test_card_says_what_the_policy_was_trained_for_and_where() -> None:
    config = make_config()
    config['domain'] = {'tasks': ['keep_lane'], 'vehicle': 'car'}
    config['training']['data']['places'] = ['road summer', 'road winter']
    card = render_model_card(config, [RESULT], '')
    assert 'that steers a car by camera and IMU, trained for keep_lane.' in card
    assert '| trained on | 5 episodes, 900 images: road summer, road winter |' in card
    assert 'quadrotor' not in card and 'chair' not in card


def make_memory(kind: str, words: str, **neurons: int) -> dict[str, Any]:
    parts = {'encoder': 1000, 'memory': 226, 'head': 8}
    return {'kind': kind, 'words': words, 'neurons': neurons, 'num_parameters': parts}


def test_card_of_an_old_checkpoint_describes_the_liquid_circuit_by_its_wiring() -> None:
    card = render_model_card(make_config(), [RESULT], '')
    assert 'A liquid neural network that steers' in card
    neurons = 'closed-form continuous-time neurons, 20 inter, 12 command, 4 motor neurons'
    assert f'| memory | {neurons} |' in card
    assert '| trainable parameters | 1234 in all |' in card


@pytest.mark.parametrize(
    ('memory', 'title', 'row'),
    [
        (
            make_memory('recurrent neural network', 'long short-term memory', cell=5, hidden=5),
            'A recurrent neural network that steers',
            'long short-term memory, 5 cell, 5 hidden neurons',
        ),
        (
            make_memory('averaging neural network', 'a running mean'),
            'An averaging neural network that steers',
            'a running mean',
        ),
        (
            make_memory('recurrent neural network', 'gated recurrent units', hidden=14),
            'A recurrent neural network that steers',
            'gated recurrent units, 14 neurons',
        ),
    ],
)
def test_card_describes_any_memory_in_its_own_words(
    memory: dict[str, Any], title: str, row: str
) -> None:
    config = {**make_config(), 'memory': memory}
    del config['wiring']
    card = render_model_card(config, [RESULT], '')
    assert title in card
    assert f'| memory | {row} |' in card
    assert '1234 in all: 1000 encoder, 226 memory, 8 head' in card
    assert 'liquid' not in card


@pytest.mark.parametrize('memory', list(MEMORIES))
def test_card_of_a_saved_checkpoint_holds_what_its_memory_says(memory: str, tmp_path) -> None:
    network = Network(NetworkConfig(memory=memory))
    save_checkpoint(tmp_path, 'any', network, make_config()['training'])
    card = render_model_card(read_config(tmp_path), [RESULT], '')
    assert network.memory.words in card
    assert f'{network.num_parameters()} in all: 12766 encoder' in card
    assert ('liquid' in card) == (memory in ('ncp_cfc', 'ncp_ltc', 'cfc'))
