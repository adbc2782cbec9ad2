# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Renderers that draw a world as a camera sees it."""

import warnings
from functools import lru_cache

from sim.renderers.gl import GlRenderer
from sim.renderers.labels import Label
from sim.renderers.nothing import NoRenderer
from sim.renderers.renderer import Layers, Renderer
from sim.renderers.tiny import TinyRenderer
from sim.sensors.pinhole import PinholeCamera

RENDERERS: dict[str, type[Renderer]] = {
    renderer.name: renderer for renderer in (TinyRenderer, GlRenderer, NoRenderer)
}
AUTO = 'auto'
"""The name that stands for gl where it opens, else for tiny."""


def make_renderer(name: str, camera: PinholeCamera) -> Renderer:
    """Return a new renderer by its name; `auto` warns once where gl does not open.

    :raises ValueError: if no renderer has that name.
    :raises ModuleNotFoundError: if the renderer needs a module that is not installed.
    :raises OSError: if it cannot open.
    """
    if name == AUTO:
        try:
            return GlRenderer(camera)
        except (ModuleNotFoundError, OSError) as error:
            _warn_of_fallback(str(error))
            return TinyRenderer(camera)
    if name not in RENDERERS:
        raise ValueError(f'renderer must be one of {sorted([*RENDERERS, AUTO])}, got {name!r}')
    return RENDERERS[name](camera)


@lru_cache(maxsize=1)
def _warn_of_fallback(reason: str) -> None:
    """Warn, the first time only."""
    warnings.warn(f'{reason}; drawing with renderer tiny instead', RuntimeWarning, stacklevel=3)


__all__ = [
    'AUTO',
    'RENDERERS',
    'GlRenderer',
    'Label',
    'Layers',
    'NoRenderer',
    'Renderer',
    'TinyRenderer',
    'make_renderer',
]
