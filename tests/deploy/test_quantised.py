# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder in 8 bits."""

import numpy as np
import pytest
import torch

from lnn_control.deploy.flight import answer_flight, record_flight
from lnn_control.deploy.quantised import QuantisedEncoder, quantise_encoder, quantise_network
from lnn_control.policies.checkpoint import load_policy
from lnn_control.policies.encoder import SpatialEncoder
from lnn_control.policies.folders import find_checkpoint
from lnn_control.policies.network_policy import NetworkPolicy
from tests.deploy.flights import make_flight, make_network


@torch.no_grad()
def test_weights_and_activations_use_the_whole_of_8_bits() -> None:
    network = make_network('ncp_cfc')
    images = make_flight().images
    encoder = quantise_encoder(network.encoder, images)
    for convolution in encoder.quantised:
        assert convolution.weight.dtype == np.int8
        assert (np.abs(convolution.weight).max(axis=(1, 2, 3)) == 127).all()
    signal = 2 * torch.from_numpy(images).permute(0, 3, 1, 2).double() - 255
    for convolution in encoder.quantised[:-1]:
        signal = convolution.run(signal)
        assert torch.equal(signal, signal.round())
        assert signal.min() == 0
        tops = signal.amax(dim=(0, 2, 3))
        # The strongest answer of each channel is the largest number, but for its own rounding.
        assert ((tops > 200) | (tops == 0)).all()


@torch.no_grad()
def test_value_that_fills_the_image_is_hit_though_the_strongest_answer_is_far_away() -> None:
    # Each convolution hands the red of a pixel on; the last one makes it eight times as strong.
    encoder = SpatialEncoder((1, 1, 1, 1), 0, (24, 40))
    layers = [each for each in encoder.convolutions if isinstance(each, torch.nn.Conv2d)]
    for layer, factor in zip(layers, (1.0, 1.0, 1.0, 8.0), strict=True):
        layer.weight.zero_()
        assert layer.bias is not None
        layer.bias.zero_()
        middle = layer.kernel_size[0] // 2
        layer.weight[0, 0, middle, middle] = factor
    # Where 255 steps reach to the strongest answer, 511 / 255, the others, 63 / 255, are 31.44.
    assert layers[0].bias is not None
    layers[0].bias.fill_(1.0 / 255.0)
    images = np.full((200, 24, 40, 3), 143, np.uint8)
    images[0, 0, 0] = 255
    quantised = quantise_encoder(encoder, images)
    given = torch.from_numpy(images[1:2]).permute(0, 3, 1, 2).float() / 255
    # They were 0.005 off.
    assert (quantised(given) - encoder(given)).abs().max() < 0.002


@torch.no_grad()
def test_features_and_commands_of_a_flight_stay_close_to_those_in_float() -> None:
    pytest.importorskip('pybullet', reason='needs pybullet: pip install ".[sim]"')
    from sim.environment import TaskEnv

    policy, rng = load_policy(find_checkpoint('forest_cfc')), np.random.default_rng(0)
    env = TaskEnv(task='fly_to_target')
    try:
        flight = record_flight(env, policy, 60, 1_000_200, rng)
        others = [record_flight(env, policy, 20, 1_001_000 + n, rng) for n in range(0, 10, 2)]
    finally:
        env.close()
    quantised = quantise_network(policy.network, np.concatenate([one.images for one in others]))
    given = torch.from_numpy(flight.images).permute(0, 3, 1, 2).float() / 255
    features = quantised.encoder(given) - policy.network.encoder(given)
    commands = answer_flight(NetworkPolicy('int8', quantised), flight)
    difference = commands - answer_flight(policy, flight)
    # On six flights in all seasons, with scales of 100 to 600 images, features, from -1 to 1,
    # differed by 0.005 to 0.016 in the mean, and commands by 0.007 to 0.031 m/s.
    assert features.abs().mean() < 0.02
    assert np.sqrt((difference**2).mean(axis=0)).max() < 0.04


def test_network_keeps_all_but_its_encoder() -> None:
    network = make_network('gru')
    flight = make_flight()
    quantised = quantise_network(network, flight.images)
    assert isinstance(quantised.encoder, QuantisedEncoder)
    assert not isinstance(network.encoder, QuantisedEncoder)
    before = answer_flight(NetworkPolicy('float', network), flight)
    after = answer_flight(NetworkPolicy('int8', quantised), flight)
    assert 0 < np.abs(before - after).max() < 0.3


def test_scales_need_images() -> None:
    with pytest.raises(ValueError, match='at least one image is needed'):
        quantise_network(make_network('gru'), np.zeros((0, 24, 40, 3), np.uint8))
