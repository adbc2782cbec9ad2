# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The encoder in 8 bits."""

import numpy as np
import pytest
import torch

from lnn_control.deploy.flight import answer_flight
from lnn_control.deploy.quantised import QuantisedEncoder, quantise_encoder, quantise_network
from lnn_control.policies.checkpoint import load_network
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
def test_features_stay_close_to_those_in_float() -> None:
    network = load_network(find_checkpoint('forest_cfc')).eval()
    images = make_flight(network.config.preprocessing, 8).images
    encoder = quantise_encoder(network.encoder, images)
    given = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    difference = (encoder(given) - network.encoder(given)).abs()
    # Features reach from -1 to 1; these images are noise, on which places are close calls.
    assert difference.mean() < 0.03


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
