# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every memory of the registry keeps the same promises."""

import copy
import io
import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from lnn_control.core.registry import RegistryError, UnknownNameError
from lnn_control.liquid import routes
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.memories.elapsed import append_time
from lnn_control.policies.memories.memory import Memory, MemoryShape, NoOptions, State
from lnn_control.policies.network import Network
from lnn_control.policies.network_config import NetworkConfig
from tests.device_watch import DEVICES, DeviceWatch

SHAPE = MemoryShape(num_features=20, num_outputs=4, typical_elapsed_time=0.05)
BATCH, STEPS = 3, 9
ALL = list(MEMORIES)
WITH_MEMORY = [name for name in ALL if name != 'one_frame']
every_memory = pytest.mark.parametrize('name', ALL)


def make_memory(name: str, seed: int = 0) -> Memory:
    torch.manual_seed(seed)
    kind = MEMORIES[name]
    return kind(SHAPE, kind.options())


def make_inputs(seed: int = 0, steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Return features and elapsed times, as uneven as real stamps and some longer."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(BATCH, steps, SHAPE.num_features, generator=generator)
    return features, 0.01 + 0.4 * torch.rand(BATCH, steps, generator=generator) ** 3


def list_tensors(state: State) -> Iterator[Tensor]:
    """Yield the tensors of a state, however they are nested."""
    if isinstance(state, Tensor):
        yield state
    else:
        for part in state:
            yield from list_tensors(part)


def take_row(state: State, row: int) -> State:
    """Return the state of one row of the batch."""
    if isinstance(state, Tensor):
        return state[row : row + 1]
    return tuple(take_row(part, row) for part in state)


def run(memory: Memory, features: Tensor, elapsed: Tensor) -> tuple[Tensor, State]:
    return memory(features, memory.initial_state(len(features)), elapsed)


@every_memory
@pytest.mark.parametrize('lengths', [(1,) * STEPS, (1, 5, 3), (4, 1, 4)])
@torch.no_grad()
def test_sequence_equals_its_pieces_with_the_state_handed_over(name, lengths):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    whole, last = run(memory, features, elapsed)
    assert whole.shape == (BATCH, STEPS, SHAPE.num_outputs)
    state, pieces, start = memory.initial_state(BATCH), [], 0
    for length in lengths:
        part = slice(start, start + length)
        outputs, state = memory(features[:, part], state, elapsed[:, part])
        pieces.append(outputs)
        start += length
    assert torch.allclose(torch.cat(pieces, dim=1), whole, atol=1e-5)
    for wanted, got in zip(list_tensors(last), list_tensors(state), strict=True):
        assert wanted.shape == got.shape
        assert torch.allclose(wanted, got, atol=1e-5)


@every_memory
@torch.inference_mode()
def test_rows_of_a_batch_do_not_touch_each_other_from_any_state(name):
    memory = make_memory(name)
    _, state = run(memory, *make_inputs(seed=1))
    features, elapsed = make_inputs()
    whole, last = memory(features, state, elapsed)
    alone, end = memory(features[1:2], take_row(state, 1), elapsed[1:2])
    assert torch.allclose(alone, whole[1:2], atol=1e-5)
    for wanted, got in zip(list_tensors(take_row(last, 1)), list_tensors(end), strict=True):
        assert torch.allclose(wanted, got, atol=1e-5)


@every_memory
@pytest.mark.parametrize('steps', [1, STEPS])
@torch.inference_mode()
def test_what_is_handed_in_stays_as_it_is_and_what_came_out_before_too(name, steps):
    memory = make_memory(name)
    features, elapsed = make_inputs(steps=steps)
    outputs, state = run(memory, features, elapsed)
    given = [features, elapsed, outputs, *list_tensors(state)]
    before = [each.clone() for each in given]
    memory(features, state, elapsed)
    memory(features, memory.initial_state(BATCH), elapsed)
    assert all(torch.equal(now, then) for now, then in zip(given, before, strict=True))


@every_memory
def test_every_weight_learns_also_through_a_state(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    features.requires_grad_()
    _, state = run(memory, features, elapsed)
    outputs, _ = memory(features, state, elapsed)
    (outputs - 1).square().sum().backward()
    idle = [key for key, p in memory.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle
    assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize('name', WITH_MEMORY)
def test_gradients_flow_from_later_outputs_to_earlier_features(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    features.requires_grad_()
    outputs, state = run(memory, features[:, :4], elapsed[:, :4])
    later, _ = memory(features[:, 4:6], state, elapsed[:, 4:6])
    later[:, -1].sum().backward()
    assert features.grad[:, 3].abs().max() > 0
    assert not features.grad[:, 6:].any()
    assert outputs.requires_grad


@every_memory
@torch.no_grad()
def test_elapsed_time_changes_what_steers_from_its_step_on(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    slow = elapsed.clone()
    slow[:, 4] += 0.5
    first, second = run(memory, features, elapsed)[0], run(memory, features, slow)[0]
    assert torch.allclose(first[:, :4], second[:, :4], atol=1e-6)
    assert (first[:, 4] - second[:, 4]).abs().max() > 1e-4


@every_memory
@pytest.mark.parametrize('seconds', [0.0, 1e-3, 10.0])
@torch.no_grad()
def test_no_time_and_long_times_give_finite_outputs(name, seconds):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    outputs, state = run(memory, 10 * features, torch.full_like(elapsed, seconds))
    assert all(torch.isfinite(each).all() for each in [outputs, *list_tensors(state)])


@every_memory
@torch.no_grad()
def test_the_past_decides_unless_there_is_no_memory(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    whole, _ = run(memory, features, elapsed)
    fresh, _ = run(memory, features[:, 4:5], elapsed[:, 4:5])
    difference = (whole[:, 4:5] - fresh).abs().max()
    assert difference < 1e-6 if name == 'one_frame' else difference > 1e-4


@every_memory
def test_seed_decides_the_initial_weights(name):
    first, again, other = make_memory(name), make_memory(name), make_memory(name, seed=1)
    for key, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
    assert any(
        not torch.equal(value, other.state_dict()[key])
        for key, value in first.state_dict().items()
    )


@every_memory
@torch.no_grad()
def test_copies_and_files_of_torch_come_back_the_same(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    wanted, _ = run(memory, features, elapsed)
    one, time = features[:1, :1], elapsed[:1, :1]
    run(memory, one, time)  # fills what a single step keeps
    file = io.BytesIO()
    torch.save(memory, file)
    file.seek(0)
    for other in (copy.deepcopy(memory), torch.load(file, weights_only=False)):
        assert torch.equal(run(other, features, elapsed)[0], wanted)
        assert torch.allclose(run(other, one, time)[0], wanted[:1, :1], atol=1e-6)


@every_memory
def test_everything_moves_to_another_device_and_precision(name):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    wanted, _ = run(memory, features, elapsed)
    double = copy.deepcopy(memory).double()
    outputs, state = run(double, features.double(), elapsed.double())
    assert {each.dtype for each in [outputs, *list_tensors(state)]} == {torch.float64}
    assert torch.allclose(outputs.float(), wanted, atol=1e-4)
    # On the device without numbers, one that was left behind is an error.
    outputs, state = run(memory.to('meta'), features.to('meta'), elapsed.to('meta'))
    assert {each.device.type for each in [outputs, *list_tensors(state)]} == {'meta'}
    assert outputs.shape == wanted.shape


@every_memory
@pytest.mark.parametrize('device', DEVICES)
def test_every_device_computes_the_same_and_learns(name, device):
    memory = make_memory(name)
    features, elapsed = make_inputs()
    wanted, _ = run(memory, features, elapsed)
    memory.to(device)
    outputs, state = run(memory, features.to(device), elapsed.to(device))
    assert {each.device.type for each in [outputs, *list_tensors(state)]} == {device}
    assert torch.allclose(outputs.cpu(), wanted, atol=1e-4)
    outputs.sum().backward()
    assert all(p.grad is not None for p in memory.parameters())


@every_memory
@pytest.mark.parametrize('steps', [1, STEPS])
@pytest.mark.parametrize('learns', [True, False])
def test_nothing_is_copied_to_the_device_and_nothing_waits_for_it(
    name, steps, learns, monkeypatch
):
    # As on a GPU, where values are not at hand.
    monkeypatch.setattr(routes, 'is_at_hand', lambda values: False)
    memory = make_memory(name)
    features, elapsed = make_inputs(steps=steps)
    with DeviceWatch(memory, features, elapsed) as watch, torch.set_grad_enabled(learns):
        outputs, _ = run(memory, features, elapsed)
        if learns:
            outputs.sum().backward()
    assert not watch.crossings


@every_memory
@torch.no_grad()
def test_circuit_has_a_neuron_for_every_number_of_the_activity(name):
    memory = make_memory(name)
    assert not memory.neuron_activity(memory.initial_state(BATCH)).any()
    _, state = run(memory, *make_inputs())
    activity, circuit = memory.neuron_activity(state), memory.circuit
    assert activity.numel() == BATCH * circuit.num_neurons
    stops = [group.stop for group in circuit.neuron_groups]
    assert max(stops, default=0) == circuit.num_neurons
    ends = {end for each in circuit.synapses for end in (each.source, each.target)}
    assert ends <= set(range(circuit.num_neurons))
    has_neurons = name not in ('tcn', 'one_frame', 'stacked_frames')
    assert (circuit.num_neurons > 0) == bool(activity.any()) == has_neurons


@every_memory
def test_default_sizes_are_those_of_the_flagship_within_a_tenth(name):
    parts = Network(NetworkConfig(memory=name)).count_parts()
    flagship = Network(NetworkConfig()).count_parts()
    assert parts['encoder'] == flagship['encoder']
    size = parts['memory'] + parts['head']
    assert size == pytest.approx(flagship['memory'] + flagship['head'], rel=0.1)
    assert sum(parts.values()) <= 20_000


def test_lstm_shows_its_cells_before_its_hidden_units():
    memory = make_memory('lstm')
    _, (hidden, cell) = run(memory, *make_inputs())
    assert torch.equal(memory.neuron_activity((hidden, cell)), torch.cat([cell, hidden], dim=1))
    assert [group.name for group in memory.circuit.neuron_groups] == ['cell', 'hidden']


@pytest.mark.parametrize(('name', 'reach'), [('tcn', 31), ('stacked_frames', 4)])
@torch.no_grad()
def test_convolutions_and_stacks_look_back_so_many_steps_and_no_further(name, reach):
    memory = make_memory(name)
    features, elapsed = make_inputs(steps=40)
    before, _ = run(memory, features, elapsed)
    features[:, 5] += 3.0
    changed = (run(memory, features, elapsed)[0] - before).abs().amax(dim=(0, 2)) > 1e-7
    assert changed.nonzero().flatten().tolist() == list(range(5, 5 + reach))


@pytest.mark.parametrize('name', ['lstm', 'gru'])
def test_gates_start_out_keeping_over_different_numbers_of_steps(name):
    memory = make_memory(name)
    size, gates = memory.num_neurons, memory.get_submodule(name)
    keep = (gates.bias_ih_l0 + gates.bias_hh_l0)[size : 2 * size]
    steps = 1 / (1 - torch.sigmoid(keep))
    assert 1.49 < steps.min() < steps.max() / 2 < 15.01


def test_time_is_told_as_zero_after_the_typical_time_and_as_a_logarithm():
    elapsed = torch.tensor([[0.05, 0.15, 0.0]])
    rows = append_time(torch.ones(1, 3, 2), elapsed, typical_elapsed_time=0.05)
    assert rows.shape == (1, 3, 3)
    assert rows[0, :, :2].tolist() == [[1, 1]] * 3
    assert rows[0, :, 2].tolist() == pytest.approx([0.0, math.log(2), -math.log(2)], abs=1e-6)


class Unfinished(Memory):
    def initial_state(self, batch):
        return ()


@pytest.mark.parametrize(
    ('name', 'error', 'message'),
    [
        ('lstmm', UnknownNameError, "got 'lstmm'; did you mean 'lstm'"),
        (f'{__name__}:make_memory', RegistryError, 'expected a subclass of .*Memory'),
        (f'{__name__}:Unfinished', RegistryError, 'must have forward'),
        (f'{__name__}:Nobody', RegistryError, "no attribute 'Nobody'"),
    ],
)
def test_what_is_no_memory_is_one_line(name, error, message):
    with pytest.raises(error, match=message) as caught:
        MEMORIES.find(name)
    assert '\n' not in str(caught.value)


def test_options_of_another_memory_are_an_error():
    with pytest.raises(TypeError, match='options of Lstm must be LstmOptions, got NoOptions'):
        MEMORIES['lstm'](SHAPE, NoOptions())


def learn_to_recall(memory: Memory, num_steps: int) -> float:
    """Train a memory to tell what was shown a step before; return the loss over that of zeros."""
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(memory.parameters(), 2e-2)
    share = 1.0
    for _ in range(num_steps):
        features = 0.1 * torch.randn(32, 12, SHAPE.num_features, generator=generator)
        signs = torch.randint(0, 2, (32, 12), generator=generator) * 2.0 - 1.0
        features[:, :, 0] = signs
        outputs, _ = run(memory, features, torch.full((32, 12), 0.05))
        wanted = 0.6 * signs[:, :-1]
        loss = (outputs[:, 1:, 0] - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        share = loss.item() / 0.36
    return share


@every_memory
def test_memory_learns_to_recall_what_one_frame_cannot(name):
    share = learn_to_recall(make_memory(name), 200)
    assert share > 0.9 if name == 'one_frame' else share < 0.5
