# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The memory's state from one window of a flight to the next."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from lnn_control.imitation.distributed import Group
from lnn_control.imitation.windows import Window
from lnn_control.policies.network import Network


class CarriedState:
    """Keeps a state for each lane of windows; windows without a lane start empty.

    :param num_lanes: of windows that go on beside each other.
    """

    def __init__(self, network: Network, num_lanes: int) -> None:
        self.network, self.num_lanes = network, num_lanes
        self.state: Any = None

    def take(self, windows: Sequence[Window]) -> Any:
        """Return the state that the windows of a batch start with, None for an empty one."""
        if windows[0].lane is None:
            return None
        is_first = torch.tensor([window.is_first for window in windows])
        return self.take_rows(_list_lanes(windows), is_first)

    def take_rows(self, lanes: Tensor, is_first: Tensor) -> Any:
        """Return the state of lanes, an empty one where it starts anew.

        :param lanes, is_first: shape (batch,).
        """
        empty = self.network.memory.initial_state(self.num_lanes)
        state = empty if self.state is None else self.state

        def choose(fresh: Tensor, old: Tensor) -> Tensor:
            fresh, old = fresh[lanes], old[lanes]
            shape = (-1, *[1] * (old.dim() - 1))
            return torch.where(is_first.view(shape).to(old.device), fresh.to(old), old)

        return tree_map(choose, empty, state)

    @torch.no_grad()
    def put_rows(self, lanes: Tensor, state: Any) -> None:
        """Keep the state of lanes in the place where it is, as a CUDA graph asks for.

        :param lanes: shape (batch,), each once.
        """
        if self.state is None:
            empty = self.network.memory.initial_state(self.num_lanes)
            self.state = tree_map(lambda part: part.detach().clone(), empty)
        pairs = zip(tree_leaves(self.state), tree_leaves(state), strict=True)
        for old, new in pairs:
            old[lanes] = new.detach().to(old.dtype)

    def put(self, windows: Sequence[Window], state: Any) -> None:
        """Keep the state that the windows of a batch end with; no gradient goes back into it."""
        if windows[0].lane is None:
            return
        if self.state is None:
            self.state = self.network.memory.initial_state(self.num_lanes)
        lanes = _list_lanes(windows)

        def replace(old: Tensor, new: Tensor) -> Tensor:
            changed = old.to(new.device).detach().clone()
            changed[lanes] = new.detach().to(changed.dtype)
            return changed

        self.state = tree_map(replace, self.state, state)

    def exchange(self, windows: Sequence[Window], group: Group) -> None:
        """Take over what the other processes keep, so that all hold the states of all lanes.

        :param windows: of the whole step, also those of other processes.
        """
        if group.size == 1 or windows[0].lane is None:
            return
        if self.state is None:
            self.state = self.network.memory.initial_state(self.num_lanes)
        rows = group.choose_rows(len(windows))
        lanes, own = _list_lanes(windows), _list_lanes(windows[rows.start : rows.stop])

        def gather(part: Tensor) -> Tensor:
            found = torch.zeros_like(part)
            found[own] = part[own]
            gathered = part.clone()
            gathered[lanes] = group.sum(found)[lanes]
            return gathered

        self.state = tree_map(gather, self.state)

    def load(self, state: Any, device: torch.device) -> None:
        """Take over a saved state."""
        self.state = None if state is None else tree_map(lambda p: p.to(device).clone(), state)


def _list_lanes(windows: Sequence[Window]) -> Tensor:
    return torch.tensor([window.lane for window in windows], dtype=torch.long)
