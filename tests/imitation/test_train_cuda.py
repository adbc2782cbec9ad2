# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnn_control.imitation.augment import LEVELS, draw_looks
from lnn_control.imitation.train import Keeping, train
from lnn_control.imitation.trainer import Trainer
from tests.imitation.posts import KILLED, SETTINGS, make_network, make_sequences

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')


def test_looks_are_drawn_and_stay_on_the_device_of_the_generator():
    generator = torch.Generator('cuda').manual_seed(0)
    looks = draw_looks(
        LEVELS['strong'], torch.full((4, 3), 0.4, device='cuda'), (16, 32), generator, True
    )
    tensors = [value for value in vars(looks).values() if value is not None]
    assert {tensor.device.type for tensor in tensors} == {'cuda'}


def test_losses_are_those_of_the_cpu():
    sequences = make_sequences(has_privileged=True)
    settings = replace(SETTINGS, augmentation=LEVELS['none'])
    losses = {}
    for device in ('cpu', 'cuda'):
        trainer = Trainer(make_network(sequences).to(device), sequences, settings)
        rows = [trainer.step() for _ in range(10)]
        losses[device] = [[row.loss, row.head_loss] for row in rows]
    assert np.array(losses['cuda']) == pytest.approx(np.array(losses['cpu']), rel=0.05)


@pytest.mark.parametrize('level', LEVELS)
def test_every_level_trains_saves_and_goes_on(level, tmp_path):
    sequences = make_sequences(has_privileged=True)
    settings = replace(KILLED, augmentation=LEVELS[level])

    def leave(row) -> None:
        if row.step == 7:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(make_network(sequences).cuda(), sequences, settings, leave, Keeping(tmp_path, 0.0))
    rows = []
    network = make_network(sequences).cuda()
    train(network, sequences, settings, rows.append, Keeping(tmp_path))
    # The step after which it was left had not been saved yet.
    assert rows[0].step == 7
    assert all(np.isfinite(row.loss) for row in rows)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
