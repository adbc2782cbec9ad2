# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Renderers that draw a world as a camera sees it."""

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from lnn_control.core.registry import Registry, UnknownNameError, check_subclass
from sim.lazy import import_on_demand

if TYPE_CHECKING:
    from sim.renderers.gl import GlRenderer
    from sim.renderers.labels import Label
    from sim.renderers.nothing import NoRenderer
    from sim.renderers.renderer import Layers, Renderer
    from sim.renderers.tiny import TinyRenderer
    from sim.sensors.pinhole import PinholeCamera

__getattr__ = import_on_demand(
    __name__,
    {
        'GlRenderer': 'gl',
        'Label': 'labels',
        'Layers': 'renderer',
        'NoRenderer': 'nothing',
        'Renderer': 'renderer',
        'TinyRenderer': 'tiny',
    },
)


def _check_renderer(entry: object) -> None:
    from sim.renderers.renderer import Renderer

    check_subclass(Renderer)(entry)
    if not hasattr(entry, 'name'):
        raise ValueError('a renderer must have a name')


RENDERERS: 'Registry[type[Renderer]]' = Registry(
    'renderer',
    'lnn_control.renderers',
    {
        'tiny': 'sim.renderers.tiny:TinyRenderer',
        'gl': 'sim.renderers.gl:GlRenderer',
        'none': 'sim.renderers.nothing:NoRenderer',
    },
    _check_renderer,
)
"""Name of a renderer -> its class, a subclass of :class:`sim.renderers.renderer.Renderer`."""
AUTO = 'auto'
"""The name that stands for gl where it opens, else for tiny."""


def make_renderer(name: str, camera: 'PinholeCamera') -> 'Renderer':
    """Return a new renderer by its name or as `module:Class`; `auto` warns once where gl fails.

    :raises ValueError: if no renderer has that name.
    :raises ModuleNotFoundError: if the renderer needs a module that is not installed.
    :raises OSError: if it cannot open.
    """
    if name == AUTO:
        try:
            return RENDERERS['gl'](camera)
        except (ModuleNotFoundError, OSError) as error:
            _warn_of_fallback(str(error))
            return RENDERERS['tiny'](camera)
    try:
        return RENDERERS.find(name)(camera)
    except UnknownNameError as error:
        raise UnknownNameError(f'{error}; {AUTO!r} is gl where it opens, else tiny') from None


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
