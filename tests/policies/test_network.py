# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network import Network, NetworkConfig

every_memory = pytest.mark.parametrize('memory', list(MEMORIES))


def make_inputs(batch: int, steps: int, seed: int = 0):
    """Return images, inertial features and uneven elapsed times."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(
        0, 256, (batch, steps, 3, 16, 32), dtype=torch.uint8, generator=generator
    )
    imu = torch.randn(batch, steps, 12, generator=generator)
    elapsed = 0.02 + 0.2 * torch.rand(batch, steps, generator=generator)
    return images, imu, elapsed


def test_default_network_has_at_most_20000_parameters():
    network = Network(NetworkConfig())
    assert network.num_parameters() == sum(p.numel() for p in network.parameters())
    assert 10_000 < network.num_parameters() <= 20_000


@every_memory
@torch.no_grad()
def test_whole_sequence_equals_step_by_step_with_the_state_carried(make_network, memory):
    network = make_network(memory=memory)
    images, imu, elapsed = make_inputs(2, 7)
    whole, _ = network(images, imu, elapsed)
    state, single = None, []
    for t in range(7):
        one = slice(t, t + 1)
        commands, state = network(images[:, one], imu[:, one], elapsed[:, one], state)
        single.append(commands)
    assert torch.allclose(torch.cat(single, dim=1), whole, atol=1e-5)


@torch.no_grad()
def test_rows_of_a_batch_do_not_touch_each_other(make_network):
    network = make_network()
    images, imu, elapsed = make_inputs(3, 4)
    whole, _ = network(images, imu, elapsed)
    alone, _ = network(images[1:2], imu[1:2], elapsed[1:2])
    assert torch.allclose(whole[1:2], alone, atol=1e-5)


@torch.no_grad()
def test_elapsed_time_changes_the_commands(make_network):
    network = make_network()
    images, imu, elapsed = make_inputs(1, 6)
    slow = elapsed.clone()
    slow[0, 2] += 0.5
    first, _ = network(images, imu, elapsed)
    second, _ = network(images, imu, slow)
    assert torch.equal(first[:, :2], second[:, :2])
    assert (first[:, 2:] - second[:, 2:]).abs().max() > 1e-4


@torch.no_grad()
def test_memory_changes_the_commands(make_network):
    network = make_network()
    images, imu, elapsed = make_inputs(1, 5)
    whole, _ = network(images, imu, elapsed)
    fresh, _ = network(images[:, 4:], imu[:, 4:], elapsed[:, 4:])
    assert (whole[:, 4:] - fresh).abs().max() > 1e-4


@torch.no_grad()
def test_bytes_and_fractions_of_an_image_are_the_same(make_network):
    network = make_network()
    images, imu, elapsed = make_inputs(1, 3)
    first, _ = network(images, imu, elapsed)
    second, _ = network(images.float() / 255, imu, elapsed)
    assert torch.equal(first, second)


@torch.no_grad()
def test_commands_are_scaled_by_the_normalisation(make_network):
    network = make_network()
    inputs = make_inputs(1, 3)
    plain, _ = network(*inputs)
    network.command_mean.copy_(torch.tensor([1.0, 0, 0, 0]))
    network.command_scale.copy_(torch.tensor([2.0, 1, 1, 0.5]))
    scaled, _ = network(*inputs)
    wanted = plain * torch.tensor([2.0, 1, 1, 0.5]) + torch.tensor([1.0, 0, 0, 0])
    assert torch.allclose(scaled, wanted, atol=1e-6)
    network.gain.zero_()
    network.bias.zero_()
    silent, _ = network(*inputs)
    assert torch.allclose(silent, network.command_mean.expand_as(silent))


@torch.no_grad()
def test_inertial_features_are_normalised_and_bounded(make_network):
    network = make_network()
    images, imu, elapsed = make_inputs(1, 3)
    features = network.encode_sequence(images, imu)
    network.imu_mean.fill_(3.0)
    network.imu_scale.fill_(2.0)
    assert torch.allclose(
        network.encode_sequence(images, imu * 2 + 3)[..., -12:], features[..., -12:], atol=1e-5
    )
    commands, _ = network(images, imu * 1e6, elapsed)
    assert torch.isfinite(commands).all()


@every_memory
def test_every_parameter_learns(make_network, memory):
    network = make_network(memory=memory)
    images, imu, elapsed = make_inputs(4, 12)
    commands, _ = network(images, imu, elapsed)
    (commands - 1).square().sum().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_wiring_follows_from_its_seed_and_weights_from_the_generator(make_network):
    assert make_network().wiring == make_network(seed=1).wiring
    assert make_network().wiring != make_network(wiring_seed=2).wiring
    first, again, other = make_network(0), make_network(0), make_network(1)
    for key, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
    assert not torch.equal(
        first.state_dict()['encoder.convolutions.0.weight'],
        other.state_dict()['encoder.convolutions.0.weight'],
    )


def test_parts_are_counted_and_a_network_larger_than_allowed_is_told_by_them(make_network):
    network = make_network()
    parts = network.count_parts()
    assert parts['head'] == 8
    assert parts['encoder'] == sum(p.numel() for p in network.encoder.parameters())
    assert sum(parts.values()) == network.num_parameters()
    network.check_size(None)
    network.check_size(network.num_parameters())
    told = rf'at most 900 .* encoder {parts["encoder"]}, memory {parts["memory"]}, head 8'
    with pytest.raises(ValueError, match=told.replace('encoder', r'\(encoder', 1)):
        network.check_size(900)
