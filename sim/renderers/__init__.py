# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Renderers that draw a world as a camera sees it."""

from sim.renderers.renderer import Renderer
from sim.renderers.tiny import TinyRenderer
from sim.sensors.pinhole import PinholeCamera

RENDERERS: dict[str, type[Renderer]] = {'tiny': TinyRenderer}


def make_renderer(name: str, camera: PinholeCamera) -> Renderer:
    """Return a new renderer by its name.

    :raises ValueError: if no renderer has that name.
    """
    if name not in RENDERERS:
        raise ValueError(f'renderer must be one of {sorted(RENDERERS)}, got {name!r}')
    return RENDERERS[name](camera)


__all__ = ['RENDERERS', 'Renderer', 'TinyRenderer', 'make_renderer']
