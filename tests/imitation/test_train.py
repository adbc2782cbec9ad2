# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.augment import Augmentation
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.train import (
    TrainSettings,
    compute_loss,
    fit_normalisation,
    schedule_rate,
    train,
)
from lnn_control.imitation.windows import WindowSettings
from lnn_control.policies.network import Network, NetworkConfig

SETTINGS = TrainSettings(
    epochs=6,
    batch_size=2,
    learning_rate=1e-2,
    windows=WindowSettings(window_length=16, warm_up=2, max_stride=2),
    augmentation=Augmentation(image_noise=0.01),
)


def make_sequences(count: int = 6, length: int = 30) -> list[Sequence]:
    """Return flights in which a red post tells which way to turn."""
    rng = np.random.default_rng(0)
    sequences = []
    for i in range(count):
        columns = np.clip(16 + np.cumsum(rng.normal(0, 2, length)), 1, 30).astype(int)
        images = np.full((length, 16, 32, 3), 90, np.uint8)
        for image, column in zip(images, columns, strict=True):
            image[:, column - 1 : column + 2] = (230, 20, 20)
        labels = np.zeros((length, 4), np.float32)
        labels[:, 0], labels[:, 3] = 1.0, (16 - columns) / 16
        sequences.append(
            Sequence(
                f'{i}',
                images,
                rng.normal(size=(length, 12)).astype(np.float32),
                np.full(length, 0.05, np.float32),
                labels,
            )
        )
    return sequences


@pytest.fixture(scope='module')
def sequences() -> list[Sequence]:
    return make_sequences()


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make_network(sequences) -> Network:
    torch.manual_seed(0)
    network = Network(
        NetworkConfig(Preprocessing(32, 16), (4, 4, 6, 6), num_places=4, num_neurons=16)
    )
    fit_normalisation(network, sequences)
    return network


def test_training_learns_to_turn_towards_the_post(sequences):
    network = make_network(sequences)
    losses = train(network, sequences, replace(SETTINGS, epochs=30, learning_rate=2e-2))
    assert losses[-1] < 0.3 * losses[0]
    assert len(losses) == 30
    assert not network.training
    test = make_sequences(1, 60)[0]
    with torch.no_grad():
        commands, _ = network(
            torch.from_numpy(test.images).permute(0, 3, 1, 2)[None],
            torch.from_numpy(test.imu)[None],
            torch.from_numpy(test.elapsed_time)[None],
        )
    assert np.corrcoef(commands[0, 5:, 3], test.labels[5:, 3])[0, 1] > 0.6


def test_same_seed_trains_the_same_network_bit_for_bit_and_another_one_differs(sequences):
    short = replace(SETTINGS, epochs=2)
    states, losses = [], []
    for settings in (short, short, replace(short, seed=1)):
        network = make_network(sequences)
        losses.append(train(network, sequences, settings))
        states.append(network.state_dict())
    assert losses[0] == losses[1] != losses[2]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not all(torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_report_tells_every_step(sequences):
    rows = []
    train(make_network(sequences), sequences, replace(SETTINGS, epochs=2), rows.append)
    assert [row['step'] for row in rows] == list(range(1, len(rows) + 1))
    assert {row['epoch'] for row in rows} == {0, 1}
    assert all(row['step'] <= row['steps'] for row in rows)
    assert all(np.isfinite(row['loss']) and row['images_per_second'] > 0 for row in rows)


def test_training_keeps_normalisation_and_data(sequences):
    network = make_network(sequences)
    scale = network.command_scale.clone()
    before = sequences[0].images.copy(), sequences[0].labels.copy()
    train(network, sequences, replace(SETTINGS, epochs=1))
    assert torch.equal(network.command_scale, scale)
    assert np.array_equal(sequences[0].images, before[0])
    assert np.array_equal(sequences[0].labels, before[1])


def test_loss_that_is_not_finite_stops_with_advice(sequences):
    network = make_network(sequences)
    with torch.no_grad():
        network.bias[0] = float('nan')
    with pytest.raises(FloatingPointError, match='loss is nan in epoch 0, step 0: lower'):
        train(network, sequences, SETTINGS)


def test_loss_by_hand():
    commands = torch.tensor([[[0.5, 0, 0, 0], [3.0, 0, 0, 0], [9.0, 9, 9, 9]]])
    labels = torch.zeros(1, 3, 4)
    scale = torch.tensor([1.0, 1, 1, 1])
    # Huber: 0.5 * 0.5^2 and 3 - 0.5, each a mean over four axes; the third step has no weight.
    loss = compute_loss(commands, labels, torch.tensor([[1.0, 1, 0]]), scale)
    assert float(loss) == pytest.approx((0.125 / 4 + 2.5 / 4) / 2)
    halved = compute_loss(commands, labels, torch.tensor([[1.0, 0, 0]]), 0.5 * scale)
    assert float(halved) == pytest.approx(0.5 / 4)
    nothing = compute_loss(commands, labels, torch.zeros(1, 3), scale)
    assert float(nothing) == 0.0


def test_normalisation_comes_from_the_data_and_keeps_left_and_right_alike(sequences):
    network = make_network(sequences)
    imu = np.concatenate([sequence.imu for sequence in sequences])
    labels = np.concatenate([sequence.labels for sequence in sequences])
    assert network.imu_mean.numpy() == pytest.approx(imu.mean(axis=0), abs=1e-5)
    assert network.imu_scale.numpy() == pytest.approx(imu.std(axis=0), rel=1e-4)
    assert network.command_mean.tolist() == pytest.approx([1.0, 0, 0, 0])
    assert network.command_scale[3].item() == pytest.approx(labels[:, 3].std(), rel=1e-4)
    # What never moves is not blown up.
    assert network.command_scale[:3].tolist() == pytest.approx([0.15] * 3)


def test_learning_rate_rises_then_falls_to_a_hundredth():
    rates = [schedule_rate(1.0, share) for share in np.linspace(0, 1, 201)]
    assert rates[0] == pytest.approx(0.05)
    assert int(np.argmax(rates)) == pytest.approx(10, abs=1)
    assert max(rates) > 0.98
    assert rates[100] == pytest.approx(0.505)
    assert rates[-1] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


@pytest.mark.parametrize(
    'change', [{'epochs': 0}, {'batch_size': 0}, {'learning_rate': 0.0}, {'weight_decay': -1.0}]
)
def test_impossible_settings_are_errors(change):
    with pytest.raises(ValueError, match=f'{next(iter(change))} must be'):
        TrainSettings(**change)
