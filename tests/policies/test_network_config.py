# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network_config import NetworkConfig


def test_what_is_not_chosen_is_the_memory_s_own():
    assert NetworkConfig().memory_options.num_neurons == 36
    assert NetworkConfig(memory='gru').memory_options.num_neurons == 14
    assert NetworkConfig(memory='gru', num_neurons=20).memory_options.num_neurons == 20


def test_options_are_numbers_of_their_type_by_name():
    config = NetworkConfig(memory='tcn', memory_option=('num_layers=3', 'kernel_size=2'))
    assert config.memory_options == MEMORIES['tcn'].options(18, kernel_size=2, num_layers=3)
    config = NetworkConfig(memory='lstm', memory_option=('num_neurons=5',))
    assert config.memory_options.num_neurons == 5


def test_filled_config_has_every_option_and_means_the_same():
    filled = NetworkConfig(sparsity=0.6).fill()
    assert (filled.num_neurons, filled.sparsity, filled.wiring_seed) == (36, 0.6, 1)
    assert filled.memory_option == ()
    frames = NetworkConfig(memory='stacked_frames', memory_option=('num_frames=6',))
    filled = frames.fill()
    assert filled.memory_option == ('num_frames=6', 'num_hidden=12')
    assert (filled.num_neurons, filled.sparsity, filled.wiring_seed) == (None, None, None)
    assert filled.memory_options == frames.memory_options
    assert filled.fill() == filled


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'num_neurons': 6}, 'num_neurons must be'),
        ({'sparsity': 1.0}, 'sparsity must be'),
        ({'typical_elapsed_time': 0.0}, 'typical_elapsed_time must be'),
        ({'memory': 'lsmt'}, "memory must be one of .* got 'lsmt'; did you mean 'lstm'"),
        (
            {'memory': 'lstm', 'sparsity': 0.5},
            r"memory 'lstm' has no option 'sparsity', it has \['num_neurons'\]",
        ),
        ({'memory': 'tcn', 'num_neurons': 8}, "memory 'tcn' has no option 'num_neurons'"),
        ({'memory': 'tcn', 'memory_option': ('kernel=2',)}, "did you mean 'kernel_size'"),
        ({'memory': 'tcn', 'memory_option': ('kernel_size',)}, 'is written as name=value'),
        ({'memory': 'tcn', 'memory_option': ('kernel_size=two',)}, "kernel_size: .* got 'two'"),
        ({'memory': 'tcn', 'memory_option': ('kernel_size=1',)}, 'kernel_size must be'),
        ({'num_neurons': 20, 'memory_option': ('num_neurons=20',)}, 'num_neurons .* given twice'),
        (
            {'memory': 'tcn', 'memory_option': ('num_layers=2', 'num_layers=3')},
            'num_layers .* given twice',
        ),
    ],
)
def test_what_cannot_be_or_has_no_effect_is_an_error(change, message):
    with pytest.raises(ValueError, match=message) as error:
        replace(NetworkConfig(), **change)
    assert '\n' not in str(error.value)
