# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Training that does not wait for its device: the same on the CPU, where it runs everywhere."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from lnn_control.imitation import device_step as device_step_module
from lnn_control.imitation import resident
from lnn_control.imitation import train as train_module
from lnn_control.imitation.augment import LEVELS, _colour, _sum_products, draw_looks
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.device_step import render_pixels
from lnn_control.imitation.resident import BatchShape, HostFlights, Inputs, ResidentFlights
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.train import Keeping, train
from lnn_control.imitation.trainer import Trainer
from lnn_control.imitation.training_state import STATE_FILE
from lnn_control.imitation.windows import WindowSettings, cut_batches
from lnn_control.liquid import routes
from lnn_control.policies.checkpoint import load_network, save_checkpoint
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network import Network
from tests.device_watch import DEVICES, DeviceWatch
from tests.imitation.posts import KILLED, SETTINGS, make_network, make_sequences

SIZE = (16, 32)
every_device = pytest.mark.parametrize('device', DEVICES)
PLAIN = replace(SETTINGS, augmentation=LEVELS['none'])
# Of a network with another memory than the one that it was made with.
DEFAULTS = {'num_neurons': None, 'sparsity': None, 'wiring_seed': None, 'memory_option': ()}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make_varied_sequences() -> list[Sequence]:
    """Return flights of which some have privileged labels and some a segmentation."""
    rng = np.random.default_rng(0)
    flights = make_sequences(5, has_privileged=True)
    flights[1] = replace(flights[1], privileged=None)
    for i in (0, 1, 3):
        classes = rng.integers(0, 20, flights[i].images.shape[:3], np.uint8)
        flights[i] = replace(flights[i], segmentation=classes)
    for flight in flights:
        flight.images[:] = rng.integers(0, 256, flight.images.shape)
        flight.elapsed_time[:] = rng.uniform(0.01, 0.1, len(flight))
        # The second half are standard deviations.
        flight.imu[:, 6:] = np.abs(flight.imu[:, 6:])
    return flights


def make_trainer(
    device: str,
    settings: TrainSettings = SETTINGS,
    sequences: list[Sequence] | None = None,
    waits: bool = False,
) -> Trainer:
    sequences = make_sequences(has_privileged=True) if sequences is None else sequences
    return Trainer(make_network(sequences).to(device), sequences, settings, waits=waits)


def take_losses(trainer: Trainer, count: int) -> np.ndarray:
    """Return loss, loss of the heads and gradient norm of some steps."""
    rows = []
    for _ in range(count):
        trainer.step()
        trainer.settle()
        rows.append(trainer._last)
    return np.array(rows)


# Batches.


@every_device
@pytest.mark.parametrize('carry_state', [False, True])
def test_batches_gathered_on_the_device_are_those_read_from_disk(device, carry_state):
    flights = make_varied_sequences()
    windows = WindowSettings(8, warm_up=2, max_stride=3, carry_state=carry_state)
    groups = cut_batches(flights, windows, 4, np.random.default_rng(0))
    shape = BatchShape(4, 8, SIZE, 3, has_privileged=True, has_segmentation=True)
    place = torch.device(device)
    found, wanted = Inputs.make(shape, place), Inputs.make(shape, place)
    sources = (
        (ResidentFlights(flights, shape, place), found),
        (
            HostFlights(flights, shape, place),
            wanted,
        ),
    )
    for source, _ in sources:
        source.begin(groups)
    for group in groups:
        for source, inputs in sources:
            source.fill(inputs)
        assert torch.equal(found.lanes, wanted.lanes)
        assert torch.equal(found.is_first, wanted.is_first)
        for row, window in enumerate(group):
            real = slice(0, window.length)
            assert torch.equal(found.images[row, real], wanted.images[row, real])
            if all(flights[w.sequence].segmentation is not None for w in group):
                assert torch.equal(found.segmentation[row, real], wanted.segmentation[row, real])
            assert window.lane is None or found.lanes[row] == window.lane
        assert found.lanes.unique().numel() == (4 if carry_state else 1)
        assert torch.equal(found.signals.weight, wanted.signals.weight)
        assert torch.equal(found.signals.is_known, wanted.signals.is_known)
        is_real = torch.tensor([[i < w.length for i in range(8)] for w in group], device=place)
        for name in ('imu', 'elapsed_time', 'labels', 'privileged'):
            pair = [getattr(each.signals, name)[: len(group)][is_real] for each in (found, wanted)]
            torch.testing.assert_close(*pair, rtol=1e-5, atol=1e-5)
    # The last batch of a pass is padded.
    assert any(len(group) < 4 for group in groups)
    assert float(found.signals.weight.sum()) == sum(w.length - w.warm_up for w in groups[-1])


@every_device
def test_flights_that_come_later_are_found_in_memory_that_grew(device):
    flights, place = make_varied_sequences(), torch.device(device)
    shape = BatchShape(4, 8, SIZE, 3, has_privileged=True, has_segmentation=True)
    grown = ResidentFlights(flights[:1], shape, place)
    for flight in flights[1:]:
        grown.add([flight])
    at_once = ResidentFlights(flights, shape, place)
    assert grown.firsts == at_once.firsts
    assert grown.count == at_once.count == at_once.capacity <= grown.capacity
    for name, column in at_once._columns.items():
        assert torch.equal(grown._columns[name][: grown.count], column)
    first, second = at_once.firsts[2:4]
    assert (at_once._columns['segmentation'][first:second] == 8).all()


@every_device
def test_flights_that_do_not_fit_are_read_from_disk_and_train_the_same(device, monkeypatch):
    wanted = take_losses(make_trainer(device, PLAIN), 5)
    monkeypatch.setattr(resident, 'find_room', lambda device: 0)
    with pytest.warns(UserWarning, match='memory of .* does not hold all data.*from disk'):
        trainer = make_trainer(device, PLAIN)
    assert isinstance(trainer.device_step.flights, HostFlights)
    assert take_losses(trainer, 5) == pytest.approx(wanted, rel=0.02)


@every_device
def test_flights_that_do_not_fit_any_more_are_read_from_disk_from_then_on(device, monkeypatch):
    sequences = make_sequences(has_privileged=True)
    trainer = make_trainer(device, sequences=sequences[:4])
    trainer.step()
    monkeypatch.setattr(resident, 'find_room', lambda device: 0)
    with pytest.warns(UserWarning, match='150 images, of which 0 fit'):
        trainer.extend(sequences[4:5])
    assert len(trainer.device_step.flights.sequences) == 5
    assert np.isfinite(take_losses(trainer, len(trainer.groups) + 1)).all()


# Pixels.


@every_device
def test_looks_are_drawn_and_stay_on_the_device_of_the_generator(device):
    generator = torch.Generator(device).manual_seed(0)
    colour = torch.full((4, 3), 0.4, device=device)
    looks = draw_looks(LEVELS['strong'], colour, SIZE, generator, True)
    tensors = [value for value in vars(looks).values() if value is not None]
    assert {tensor.device.type for tensor in tensors} == {device}


@pytest.mark.parametrize('probability', [0.0, 1.0])
def test_kernels_as_sums_of_products_give_the_same_colours(probability):
    strength = replace(LEVELS['weak'], random_convolution=probability)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 2, 3, *SIZE, generator=generator)
    looks = draw_looks(strength, images.mean(dim=(1, 3, 4)), SIZE, generator)
    summed = _sum_products(images, looks.kernel, looks.is_convolved is not None)
    torch.testing.assert_close(summed, _colour(images, looks), rtol=1e-4, atol=1e-5)


def test_renderer_is_one_piece_for_a_compiler():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 3, *SIZE, 3), dtype=torch.uint8, generator=generator)
    classes = torch.randint(0, 20, (2, 3, *SIZE), dtype=torch.uint8, generator=generator)
    colour = torch.full((2, 3), 0.4)
    looks = draw_looks(LEVELS['strong'], colour, SIZE, generator, has_classes=True)
    noise = torch.randn(1, 3, 3, *SIZE, generator=generator)
    arguments = images, looks, noise, classes, torch.float32
    # Without the last stage, which needs a compiler of C++ or Triton.
    traced = torch.compile(render_pixels, backend='eager', fullgraph=True, dynamic=False)
    pixels = traced(*arguments)
    assert pixels.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(pixels, render_pixels(*arguments), rtol=1e-4, atol=1e-4)


# Steps.


@every_device
@pytest.mark.parametrize('carry_state', [False, True])
def test_losses_are_those_of_steps_that_are_waited_for(device, carry_state):
    windows = replace(PLAIN.windows, carry_state=carry_state)
    settings = replace(PLAIN, windows=windows, batch_size=3)
    wanted = take_losses(make_trainer('cpu', settings, waits=True), 10)
    found = take_losses(make_trainer(device, settings), 10)
    # Convolutions are rounded to 16 bits in another order.
    assert found[:, :2] == pytest.approx(wanted[:, :2], rel=0.05)
    assert found[0, 2] == pytest.approx(wanted[0, 2], rel=0.05)


@pytest.mark.parametrize('name', list(MEMORIES))
def test_a_step_copies_nothing_to_its_device_and_waits_for_nothing(name, monkeypatch):
    monkeypatch.setattr(routes, 'is_at_hand', lambda values: False)
    sequences = make_varied_sequences()
    config = make_network(sequences).config
    network = Network(replace(config, memory=name, **DEFAULTS))
    trainer = Trainer(network, sequences, KILLED, waits=False)
    assert trainer.heads is not None
    for _ in range(2):
        trainer.step()
    step = trainer.device_step
    step.flights.fill(step.inputs)
    moments = [list(state.values()) for state in trainer.optimiser.state.values()]
    rates = [group['lr'] for group in trainer.optimiser.param_groups]
    given = network, trainer.heads, moments, rates, trainer.carried.state, step._values
    inputs = [step.inputs.images, step.inputs.segmentation, step.inputs.lanes]
    inputs += [step.inputs.is_first, *vars(step.inputs.signals).values()]
    before = network.gain.detach().clone()
    with DeviceWatch(*given, inputs) as watch:
        step._learn()
    assert not watch.crossings
    assert not torch.equal(network.gain, before)


@every_device
@pytest.mark.parametrize('level', LEVELS)
def test_every_level_trains_saves_and_goes_on(level, device, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, 'Trainer', partial(Trainer, waits=False))
    sequences = make_sequences(has_privileged=True)
    settings = replace(KILLED, augmentation=LEVELS[level], steps=14)

    def leave(row) -> None:
        if row.step == 7:
            raise ZeroDivisionError

    whole = make_network(sequences).to(device)
    train(whole, sequences, settings)
    network = make_network(sequences).to(device)
    with pytest.raises(ZeroDivisionError):
        train(network, sequences, settings, leave, Keeping(tmp_path, 0.0))
    rows = []
    network = make_network(sequences).to(device)
    train(network, sequences, settings, rows.append, Keeping(tmp_path))
    # The step after which it was left had not been saved yet.
    assert [row.step for row in rows] == list(range(7, 15))
    assert all(np.isfinite(row.loss) for row in rows)
    for key, value in network.state_dict().items():
        assert torch.isfinite(value).all()
        if device == 'cpu':
            assert torch.equal(value, whole.state_dict()[key]), key


@every_device
@pytest.mark.parametrize('name', list(MEMORIES))
def test_every_memory_trains_on_the_device_and_flies_on_the_cpu(name, device, tmp_path):
    sequences = make_sequences(has_privileged=True)
    config = replace(make_network(sequences).config, memory=name, **DEFAULTS)
    network = Network(config).to(device)
    trainer = Trainer(network, sequences, replace(KILLED, steps=6), waits=False)
    before = network.gain.detach().clone()
    while not trainer.is_finished:
        trainer.step()
    trainer.settle()
    assert not torch.equal(network.gain, before)
    flight = sequences[0]
    arguments = (
        torch.from_numpy(flight.images[None, :8]).permute(0, 1, 4, 2, 3),
        torch.from_numpy(flight.imu[None, :8]),
        torch.from_numpy(flight.elapsed_time[None, :8]),
    )
    with torch.no_grad():
        wanted, _ = network(*(each.to(device) for each in arguments))
        save_checkpoint(tmp_path, 'any', network.cpu(), {})
        found, _ = load_network(tmp_path)(*arguments)
    torch.testing.assert_close(found, wanted.cpu(), rtol=1e-3, atol=1e-3)


@every_device
@pytest.mark.parametrize('waits_first', [True, False])
def test_training_goes_on_on_another_device(waits_first, device):
    first = make_trainer('cpu' if waits_first else device, waits=waits_first)
    for _ in range(3):
        first.step()
    other = make_trainer(device if waits_first else 'cpu', waits=not waits_first)
    other.load_state_dict(first.state_dict())
    assert other.position.step == 3
    rows = take_losses(other, 3)
    assert np.isfinite(rows).all()
    pace = [group['lr'] for group in other.optimiser.param_groups]
    assert all(isinstance(rate, float) != waits_first for rate in pace)
    steps = {float(state['step']) for state in other.optimiser.state.values()}
    assert steps == {6.0}


@every_device
def test_learning_rate_of_the_schedule_is_what_the_optimiser_has(device):
    trainer = make_trainer(device, replace(SETTINGS, steps=10))
    for _ in range(10):
        row = trainer.step()
        (rate,) = (float(group['lr']) for group in trainer.optimiser.param_groups)
        assert rate == pytest.approx(row.learning_rate, rel=1e-6)


@every_device
def test_losses_are_told_a_few_steps_late_and_none_is_left_out(device, monkeypatch):
    monkeypatch.setattr(device_step_module, 'READ_EVERY', 3)
    settings = replace(SETTINGS, steps=40, batch_size=1)
    exact = [loss for loss, *_ in take_losses(make_trainer(device, settings), 12)]
    trainer = make_trainer(device, settings)
    told = [trainer.step().loss for _ in range(12)]
    assert len(trainer.groups) > 12
    # The first step is waited for; then blocks of three, each when the next one is complete.
    blocks = [exact[0]] * 6 + [exact[3]] * 3 + [exact[6]] * 3
    assert told == pytest.approx(blocks, rel=0.02)
    trainer.settle()
    weights = [sum(w.length - w.warm_up for w in group) for group in trainer.groups[:12]]
    assert trainer.sums[1] == sum(weights)
    assert trainer.sums[0] == pytest.approx(np.dot(exact, weights), rel=0.02)


@every_device
def test_diverged_weights_are_neither_saved_nor_flown(device, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, 'Trainer', partial(Trainer, waits=False))
    sequences = make_sequences()
    network = make_network(sequences).to(device)

    def poison(row) -> None:
        if row.step == 3:
            with torch.no_grad():
                network.bias[0] = math.nan

    settings = replace(KILLED, steps=20)
    with pytest.raises(FloatingPointError, match=r'loss is nan.*lower learning_rate'):
        train(network, sequences, settings, poison, Keeping(tmp_path, 0.0))
    state = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert state['trainer']['position']['step'] == 3
    assert not math.isnan(state['trainer']['average']['bias'][0])


def test_without_a_graph_steps_go_on_with_a_warning():
    trainer = make_trainer('cpu')
    trainer.step()
    step = trainer.device_step
    step._can_capture, step._num_eager = True, 3
    if torch.cuda.is_available():
        pytest.skip('a graph could be captured here')
    with pytest.warns(UserWarning, match='no CUDA graph of a training step .*slower'):
        trainer.step()
    assert np.isfinite(take_losses(trainer, 2)).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
@pytest.mark.parametrize('name', list(MEMORIES))
def test_a_graph_holds_the_whole_step_and_learns_what_steps_without_it_do(name):
    sequences = make_sequences(has_privileged=True)
    config = replace(make_network(sequences).config, memory=name, **DEFAULTS)
    rows = []
    for is_captured in (True, False):
        torch.manual_seed(0)
        trainer = Trainer(Network(config).cuda(), sequences, KILLED)
        trainer.device_step._can_capture = is_captured
        rows.append(take_losses(trainer, 12))
        assert (trainer.device_step._graph is not None) == is_captured
    assert rows[0] == pytest.approx(rows[1], rel=0.05)


def test_a_processor_alone_waits_for_its_steps():
    sequences = make_sequences()
    assert Trainer(make_network(sequences), sequences, SETTINGS).device_step is None
