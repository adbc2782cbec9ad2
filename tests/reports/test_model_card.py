# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The model card says what was measured and how to train again."""

from typing import Any

import pytest

from lnn_control.reports.model_card import describe_wiring, render_model_card, render_results

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


def test_results_that_lack_a_field_name_it() -> None:
    broken = {key: value for key, value in RESULT.items() if key != 'wilson_low'}
    with pytest.raises(ValueError, match=r"lacks \['wilson_low'\]"):
        render_results([broken])


def test_card_holds_size_data_versions_and_recipe() -> None:
    card = render_model_card(make_config(), [RESULT], 'lnn-control train --data x\n')
    for text in ('1234 in all', '5 episodes, 900 images', 'torch 2.13.0', '```bash\nlnn-control'):
        assert text in card


def test_wiring_is_described_by_its_layers() -> None:
    wiring = make_config()['wiring']
    assert describe_wiring(wiring) == '20 inter, 12 command, 4 motor neurons'
