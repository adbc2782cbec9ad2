# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The page about memories says of each what is true, and its example is a memory."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.memories.memory import MemoryShape
from lnn_control.policies.network import Network, NetworkConfig

PAGE = (Path(__file__).parents[3] / 'docs' / 'memories.md').read_text(encoding='utf-8')


@pytest.mark.parametrize('name', list(MEMORIES))
def test_page_has_the_size_and_the_options_of_each_memory(name):
    row = re.search(rf'^\| `{name}` \|.*$', PAGE, re.MULTILINE)
    assert row is not None
    network = Network(NetworkConfig(memory=name))
    parts = network.count_parts()
    assert f'| {parts["memory"] + parts["head"]} |' in row[0]
    assert f'{parts["encoder"]:,}' in PAGE
    names = [entry.name for entry in fields(MEMORIES[name].options)]
    assert 'the same |' in row[0] or re.findall(r'`(\w+)`', row[0])[1:] == names


def test_example_of_the_page_is_a_memory_whose_steps_are_its_sequence():
    code = re.search(r'```python\n(.*?)```', PAGE, re.DOTALL)
    found: dict = {'__name__': 'averaging'}
    exec(code[1], found)
    memory = found['Averaging'](MemoryShape(6, 4, 0.05), found['AveragingOptions']())
    features, elapsed = torch.randn(2, 3, 6), torch.rand(2, 3)
    whole, _ = memory(features, memory.initial_state(2), elapsed)
    _, state = memory(features[:, :2], memory.initial_state(2), elapsed[:, :2])
    last, _ = memory(features[:, 2:], state, elapsed[:, 2:])
    assert torch.allclose(last, whole[:, 2:], atol=1e-6)
