# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Liquid neural networks in PyTorch: LTC, CfC and CT-RNN layers on explicit wirings."""

from lnn_control.liquid.cfc import Backbone, CfC
from lnn_control.liquid.ctrnn import CTRNN
from lnn_control.liquid.from_ncps import circuit_from_ncps, layer_from_ncps
from lnn_control.liquid.inspection import Activity, Synapse, list_synapses, record_activity
from lnn_control.liquid.layer import LiquidLayer, SingleStep
from lnn_control.liquid.ltc import LTC
from lnn_control.liquid.readout import (
    LinearReadout,
    RecursiveLeastSquares,
    RecursiveState,
    fit_ridge,
)
from lnn_control.liquid.registry import LAYERS, build_layer
from lnn_control.liquid.reservoir import Reservoir
from lnn_control.liquid.wiring import (
    Circuit,
    FullyConnectedWiring,
    NCPWiring,
    RandomWiring,
    Wiring,
)

__all__ = [
    'CTRNN',
    'LAYERS',
    'LTC',
    'Activity',
    'Backbone',
    'CfC',
    'Circuit',
    'FullyConnectedWiring',
    'LinearReadout',
    'LiquidLayer',
    'NCPWiring',
    'RandomWiring',
    'RecursiveLeastSquares',
    'RecursiveState',
    'Reservoir',
    'SingleStep',
    'Synapse',
    'Wiring',
    'build_layer',
    'circuit_from_ncps',
    'fit_ridge',
    'layer_from_ncps',
    'list_synapses',
    'record_activity',
]
