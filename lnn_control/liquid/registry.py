# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of layers by name, and how to make one from plain data."""

from __future__ import annotations

from typing import Any

from lnn_control.liquid.cfc import Backbone, CfC
from lnn_control.liquid.ctrnn import CTRNN
from lnn_control.liquid.layer import LiquidLayer
from lnn_control.liquid.ltc import LTC
from lnn_control.liquid.reservoir import Reservoir
from lnn_control.liquid.wiring import Wiring

LAYERS: dict[str, type[LiquidLayer]] = {
    'ltc': LTC,
    'cfc': CfC,
    'ctrnn': CTRNN,
    'reservoir': Reservoir,
}
"""Name of each kind of layer -> its class."""


def build_layer(config: dict[str, Any], device: Any = None, dtype: Any = None) -> LiquidLayer:
    """Return a new layer of the kind that `LiquidLayer.to_config` described."""
    options = dict(config)
    kind = options.pop('kind', None)
    if kind not in LAYERS:
        raise ValueError(f"'kind' of a layer must be one of {sorted(LAYERS)}, got {kind!r}")
    if 'wiring' in options:
        options['wiring'] = Wiring.from_dict(options['wiring'])
    if isinstance(options.get('time_constant'), list):
        options['time_constant'] = tuple(options['time_constant'])
    if options.get('backbone') is not None:
        options['backbone'] = Backbone(**options['backbone'])
    make: Any = LAYERS[kind]
    return make(**options, device=device, dtype=dtype)
