# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnn_control.imitation import augment, device_step
from lnn_control.imitation import trainer as trainer_module
from lnn_control.imitation.augment import LEVELS
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.loss import compute_head_loss, compute_loss, weigh_obstacles
from lnn_control.imitation.schedule import SCHEDULES, schedule_decay, schedule_one_cycle
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.train import Keeping, train
from lnn_control.imitation.trainer import Trainer
from lnn_control.imitation.training_state import STATE_FILE, TrainingStateError, save_state
from lnn_control.imitation.windows import WindowSettings
from tests.imitation.posts import KILLED, SETTINGS, make_network, make_sequences, train_killed


@pytest.fixture(scope='module')
def sequences() -> list[Sequence]:
    return make_sequences()


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_training_learns_to_turn_towards_the_post(sequences):
    sequences = make_sequences(12)
    network = make_network(sequences)
    settings = replace(SETTINGS, epochs=40, batch_size=1, averaging=0.9, learning_rate=3e-3)
    losses = train(network, sequences, settings)
    assert losses[-1] < 0.3 * losses[0]
    assert len(losses) == 40
    assert not network.training
    test = make_sequences(13, 60)[12]
    with torch.no_grad():
        commands, _ = network(
            torch.from_numpy(test.images).permute(0, 3, 1, 2)[None],
            torch.from_numpy(test.imu)[None],
            torch.from_numpy(test.elapsed_time)[None],
        )
    assert np.corrcoef(commands[0, 5:, 3], test.labels[5:, 3])[0, 1] > 0.8


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
    assert [row.step for row in rows] == list(range(1, len(rows) + 1))
    assert {row.epoch for row in rows} == {0, 1}
    assert all(row.step <= row.steps for row in rows)
    assert all(np.isfinite(row.loss) and row.images_per_second > 0 for row in rows)


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


def test_one_cycle_rises_then_falls_to_a_hundredth():
    rates = [schedule_one_cycle(share) for share in np.linspace(0, 1, 201)]
    assert rates[0] == pytest.approx(0.05)
    assert int(np.argmax(rates)) == pytest.approx(10, abs=1)
    assert max(rates) > 0.98
    assert rates[100] == pytest.approx(0.505)
    assert rates[-1] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_decay_rises_stays_and_falls_to_a_hundredth_in_the_last_two_fifths():
    rates = [schedule_decay(share) for share in np.linspace(0, 1, 201)]
    assert rates[0] == pytest.approx(0.05)
    assert rates[6:121] == [1.0] * 115
    assert rates[160] == pytest.approx(0.505)
    assert rates[-1] == pytest.approx(0.01)
    assert rates[120:] == sorted(rates[120:], reverse=True)


@pytest.mark.parametrize('name', SCHEDULES)
def test_schedule_is_what_the_optimiser_gets(sequences, name):
    settings = replace(SETTINGS, schedule=name, epochs=2, learning_rate=0.5)
    trainer = Trainer(make_network(sequences), sequences, settings)
    while not trainer.is_finished:
        share = trainer.share
        row = trainer.step()
        wanted = 0.5 * SCHEDULES[name](share)
        assert row.learning_rate == pytest.approx(wanted)
        assert {group['lr'] for group in trainer.optimiser.param_groups} == {row.learning_rate}


@pytest.mark.parametrize('waits', [True, False])
def test_images_are_changed_weakly_at_the_end_where_asked(sequences, waits, monkeypatch):
    drawn = []

    def note(strength, *arguments):
        drawn.append(strength)
        return augment.draw_looks(strength, *arguments)

    for module in (trainer_module, device_step):
        monkeypatch.setattr(module, 'draw_looks', note)
    strength = replace(LEVELS['strong'], brightness=0.1)
    settings = replace(SETTINGS, steps=5, augmentation=strength, finish=0.4, batch_size=1)
    trainer = Trainer(make_network(sequences), sequences, settings, waits=waits)
    for _ in range(5):
        trainer.step()
    # As weak as the weak level, and where it was weaker before, as it was.
    weak = replace(LEVELS['weak'], brightness=0.1)
    assert drawn == [strength] * 3 + [weak] * 2


@pytest.mark.parametrize(
    'change',
    [
        {'epochs': 0},
        {'batch_size': 0},
        {'learning_rate': 0.0},
        {'weight_decay': -1.0},
        {'schedule': 'no'},
    ],
)
def test_impossible_settings_are_errors(change):
    with pytest.raises(ValueError, match=f'{next(iter(change))} must be'):
        TrainSettings(**change)


def equal_weights(first, second) -> bool:
    states = first.state_dict(), second.state_dict()
    return all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_gradients_longer_than_allowed_are_shortened(sequences):
    trainer = Trainer(
        make_network(sequences), sequences, replace(SETTINGS, max_gradient_norm=1e-3)
    )
    row = trainer.step()
    length = torch.stack([p.grad.norm() for p in trainer.parameters]).norm()
    assert row.gradient_norm > 1e-2
    assert float(length) == pytest.approx(1e-3, rel=1e-3)


def test_mirror_images_are_trained_on_where_left_and_right_are_alike(sequences):
    settings = replace(SETTINGS, augmentation=replace(LEVELS['none'], mirror=1.0))
    losses = {}
    for is_symmetric in (True, False):
        trainer = Trainer(make_network(sequences), sequences, settings, is_symmetric)
        batch = trainer._take_batch()
        trainer._batches = None
        losses[is_symmetric] = trainer.step().loss
    plain = Trainer(
        make_network(sequences), sequences, replace(SETTINGS, augmentation=LEVELS['none'])
    )
    assert losses[False] == plain.step().loss
    assert losses[True] != losses[False]
    assert (batch.labels[..., 3] != 0).any()


def test_what_is_kept_is_the_average_of_the_weights(sequences):
    settings = replace(SETTINGS, epochs=1, averaging=0.9)
    trainer = Trainer(make_network(sequences), sequences, settings)
    wanted = {name: value.detach().clone() for name, value in trainer.network.named_parameters()}
    while not trainer.is_finished:
        step = trainer.step().step
        decay = min(0.9, step / (10 + step))
        for name, value in trainer.network.named_parameters():
            wanted[name] = decay * wanted[name] + (1 - decay) * value.detach()
    network = make_network(sequences)
    train(network, sequences, settings)
    for name, value in network.named_parameters():
        assert torch.allclose(value, wanted[name], atol=1e-6), name
    assert not torch.allclose(network.gain, trainer.network.gain, atol=1e-5)


def test_best_judged_weights_are_kept_and_of_equals_the_later(sequences):
    scores, judged = [0.2, 0.9, 0.9, 0.1], []

    def judge(policy):
        judged.append(policy.network)
        return scores[len(judged) - 1]

    network = make_network(sequences)
    train(network, sequences, replace(SETTINGS, epochs=4), keeping=Keeping(judge=judge))
    assert len(judged) == 4
    assert equal_weights(network, judged[2])
    assert not equal_weights(network, judged[3])


def test_heads_teach_the_encoder_and_are_not_in_the_network():
    sequences = make_sequences(has_privileged=True)
    networks = {}
    for heads in (True, False):
        networks[heads] = make_network(sequences)
        trainer = Trainer(networks[heads], sequences, replace(SETTINGS, heads=heads))
        first = trainer.step()
        while not trainer.is_finished:
            last = trainer.step()
        assert (trainer.heads is not None) == heads
        assert (first.head_loss > 2 * last.head_loss) == heads
        assert set(networks[heads].state_dict()) == set(make_network(sequences).state_dict())
    assert not equal_weights(networks[True], networks[False])


def test_head_loss_by_hand_asks_for_no_target_out_of_sight():
    privileged = torch.zeros(1, 3, 20)
    privileged[0, 0, 3] = 1.0  # in sight in the first image only
    guess = privileged + 1.0
    is_known = torch.tensor([[1.0, 1, 0]])
    loss = compute_head_loss(guess, privileged, is_known)
    assert float(loss) == pytest.approx((20 + 17) / 2 / 4)


def test_gradients_of_a_batch_in_parts_are_those_of_the_whole(monkeypatch):
    sequences = make_sequences(has_privileged=True)
    settings = replace(SETTINGS, batch_size=5, augmentation=LEVELS['none'])
    gradients = []
    for size in (2, 5):
        monkeypatch.setattr(trainer_module, '_WINDOWS_AT_ONCE', size)
        trainer = Trainer(make_network(sequences), sequences, settings)
        trainer._accumulate_gradients(trainer._take_batch(), trainer.groups[0])
        gradients.append(torch.cat([p.grad.flatten() for p in trainer.parameters]))
    assert torch.allclose(*gradients, atol=0.02 * float(gradients[0].abs().max()))


def test_axis_weights_count_in_the_loss():
    error = torch.tensor([[[3.0, 3, 3, 3]]])
    arguments = error, torch.zeros(1, 1, 4), torch.ones(1, 1), torch.ones(4)
    assert float(compute_loss(*arguments, (0.0, 0, 0, 2))) == pytest.approx(2.5 / 2)


def test_obstacles_ahead_count_more_where_they_are_known_and_the_target_is_not_near():
    privileged = torch.zeros(1, 4, 20)
    privileged[0, 1:, 11] = 2 / 3  # 1 m ahead
    privileged[0, 2, 2] = 0.8  # the target, 1 m away
    privileged[0, 3, [11, 4]] = torch.tensor([0.0, 2 / 3])  # to the left
    emphasis = weigh_obstacles(privileged, 12.0)
    assert emphasis.tolist() == [[1.0, 13.0, 1.0, 1.0]]
    commands, labels = torch.full((1, 4, 4), 3.0), torch.zeros(1, 4, 4)
    loss = compute_loss(commands, labels, torch.ones(1, 4), torch.ones(4), emphasis=emphasis)
    assert float(loss) == pytest.approx(2.5 * (1 + 13 + 1 + 1) / 4)


def test_obstacle_weight_changes_what_is_learned():
    sequences = make_sequences(has_privileged=True)
    for sequence in sequences:
        sequence.privileged[:, 2] = 0.0
        sequence.privileged[:, 11] = 2 / 3
    losses = []
    for weight in (0.0, 12.0):
        settings = replace(SETTINGS, augmentation=LEVELS['none'], obstacle_weight=weight)
        trainer = Trainer(make_network(sequences), sequences, settings)
        losses.append(trainer.step().loss)
    assert losses[1] > 2.0 * losses[0]


@pytest.mark.parametrize('carry_state', [True, False])
def test_memory_is_carried_from_window_to_window_where_asked(carry_state):
    sequences = make_sequences(1, 32)
    windows = WindowSettings(16, warm_up=0, max_stride=1, carry_state=carry_state)
    trainer = Trainer(
        make_network(sequences), sequences, replace(SETTINGS, batch_size=1, windows=windows)
    )
    trainer.step()
    second = trainer.groups[1]
    assert (trainer.carried.take(second) is not None) == carry_state
    if carry_state:
        kept = trainer.carried.take(second)
        assert torch.equal(kept, trainer.carried.state[:1])
        fresh = [replace(window, is_first=True) for window in second]
        assert torch.equal(trainer.carried.take(fresh), trainer.network.memory.initial_state(1))


def test_more_data_is_learned_from_at_once(sequences):
    trainer = Trainer(make_network(sequences), sequences[:1], SETTINGS)
    trainer.step()
    trainer.extend(sequences[1:])
    used = {window.sequence for group in trainer.groups for window in group}
    assert used == set(range(len(sequences)))
    assert np.isfinite(trainer.step().loss)


def test_steps_and_minutes_end_a_training(sequences):
    rows = []
    train(make_network(sequences), sequences, replace(SETTINGS, steps=5), rows.append)
    assert [row.step for row in rows] == [1, 2, 3, 4, 5]
    rows.clear()
    train(make_network(sequences), sequences, replace(SETTINGS, budget_minutes=0.01), rows.append)
    # It ends with the first step that is beyond.
    assert rows[-1].seconds >= 0.6
    assert all(row.seconds < 0.6 for row in rows[:-1])
    assert rows[-1].share == 1.0
    with pytest.raises(ValueError, match='give one of them'):
        replace(SETTINGS, steps=5, budget_minutes=1.0)


def test_training_that_was_left_goes_on_to_the_same_weights(tmp_path):
    whole = train_killed(tmp_path / 'whole')
    sequences = make_sequences(has_privileged=True)

    def leave(row) -> None:
        if row.step == 7:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(make_network(sequences), sequences, KILLED, leave, Keeping(tmp_path / 'left', 0.0))
    assert equal_weights(train_killed(tmp_path / 'left'), whole)


def test_unfinished_training_of_other_settings_or_data_is_named(tmp_path):
    sequences = make_sequences(has_privileged=True)
    train_killed(tmp_path)
    for settings, data, message in (
        (replace(KILLED, seed=3), sequences, 'seed 3 instead of 0'),
        (replace(KILLED, augmentation=LEVELS['weak']), sequences, 'gamma 0.0 instead of 0.3'),
        (KILLED, sequences[:-1], 'other episodes'),
    ):
        with pytest.raises(TrainingStateError, match=f'{message}.*another --output'):
            train(make_network(data), data, settings, keeping=Keeping(tmp_path))


def test_broken_state_is_named(tmp_path):
    (tmp_path / STATE_FILE).write_bytes(b'broken')
    with pytest.raises(TrainingStateError, match='is broken: remove it'):
        train_killed(tmp_path)


def test_full_disk_keeps_the_last_state(tmp_path, monkeypatch):
    train_killed(tmp_path)
    kept = (tmp_path / STATE_FILE).read_bytes()

    def fail(*_):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', fail)
        with pytest.raises(OSError, match=r'No space left for .*run again, it goes on'):
            save_state(tmp_path, {})
    assert (tmp_path / STATE_FILE).read_bytes() == kept
    assert not list(tmp_path.glob('*.part'))


def run_killed(folder, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, '-m', 'tests.imitation.posts', str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_training_killed_at_any_moment_ends_with_the_very_same_weights(tmp_path):
    wanted = train_killed(tmp_path / 'whole').state_dict()
    folder = tmp_path / 'killed'
    rng = np.random.default_rng()
    # Twice at a random moment after the first step of a run, once in the middle of a write.
    for _ in range(2):
        process = run_killed(folder)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        assert process.wait() == -signal.SIGKILL
    # A random moment may be in the middle of a write too.
    left_before = set(folder.glob(f'{STATE_FILE}.*.part'))
    assert run_killed(folder, '2').wait() == -signal.SIGKILL
    (part,) = set(folder.glob(f'{STATE_FILE}.*.part')) - left_before
    assert part.stat().st_size == 1000
    assert run_killed(folder).wait() == 0
    weights = torch.load(folder / 'weights.pt')
    assert all(torch.equal(weights[key], wanted[key]) for key in wanted)


def test_interrupt_saves_after_the_step_and_goes_on_later(tmp_path):
    whole = train_killed(tmp_path / 'whole')
    sequences = make_sequences(has_privileged=True)

    def interrupt(row) -> None:
        if row.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(sequences), sequences, KILLED, interrupt, Keeping(tmp_path / 'left', 1e9)
        )
    rows = []
    network = make_network(sequences)
    train(network, sequences, KILLED, rows.append, Keeping(tmp_path / 'left'))
    assert rows[0].step == 6
    assert equal_weights(network, whole)
