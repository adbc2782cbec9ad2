# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a GPU: says what a computation would copy to it or wait for.

The computation runs on the CPU for real, forward, backward and optimiser. What it is given counts
as lying on the device, and so does all that follows from it or is made there (zeros, ranges,
random numbers). A tensor from elsewhere was made of Python numbers or arrays: on a GPU a copy,
which a CUDA graph refuses. So it does what has to look at values.
"""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

DEVICES = [
    'cpu',
    pytest.param(
        'cuda',
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU'),
    ),
]
"""What a test of a device runs on: everywhere on the CPU, and on a GPU where there is one."""

_WAITING = (
    '_local_scalar_dense',  # item(), float(), bool()
    'equal',
    'nonzero',
    'masked_select',
    'is_nonzero',
)


class DeviceWatch(TorchDispatchMode):
    """Collects what would cross between host and device.

    :param given: modules, tensors or nested lists and tuples of them that are on the device.
    :ivar crossings: one line each, empty for a computation that can be captured.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__()
        self.crossings: list[str] = []
        # All tensors are held, so that no memory is used again for one from elsewhere.
        self._held: list[Tensor] = []
        self._places: set[int] = set()
        for each in tree_leaves(given):
            if isinstance(each, torch.nn.Module):
                self._admit([*each.parameters(), *each.buffers()])
            else:
                self._admit([each])

    def _admit(self, tensors: list[Any]) -> None:
        for tensor in tensors:
            if isinstance(tensor, Tensor):
                self._held.append(tensor)
                self._places.add(tensor.untyped_storage()._cdata)

    def _is_strange(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage()._cdata not in self._places

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Compute as ever, and take note."""
        name = func.overloadpacket.__name__
        if name == 'lift_fresh':
            # New from Python; its first use tells what becomes of it.
            return func(*args, **(kwargs or {}))
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if name == 'fill_':
            # A number that is filled in travels with the call.
            inputs = inputs[:1]
        if name in _WAITING or (name == 'index' and _has_bool_index(args)):
            self.crossings.append(f'{name} waits for values')
        strangers = [tensor for tensor in inputs if self._is_strange(tensor)]
        if strangers:
            shapes = ', '.join(str(tuple(tensor.shape)) for tensor in strangers)
            self.crossings.append(f'{name} takes from the host: {shapes}')
        result = func(*args, **(kwargs or {}))
        self._admit([*strangers, *tree_leaves(result)])
        return result


def _has_bool_index(args: tuple[Any, ...]) -> bool:
    """Return whether an indexing asks how many of its marks are set."""
    return any(leaf.dtype == torch.bool for leaf in tree_leaves(args[1:]) if leaf is not None)
