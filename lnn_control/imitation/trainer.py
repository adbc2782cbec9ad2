# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Training as a state machine: what it holds can be saved after any step and gone on with.

Everything random is drawn from seeds that follow from the settings and the position, so that the
position is all there is to remember of the generators.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.core.streams import stream
from lnn_control.imitation.augment import (
    Looks,
    apply_looks,
    draw_looks,
    measure_colour,
    soften,
)
from lnn_control.imitation.average import WeightAverage
from lnn_control.imitation.batches import Batch, read_ahead
from lnn_control.imitation.cache import Sequence as EpisodeSequence
from lnn_control.imitation.carried import CarriedState
from lnn_control.imitation.device_step import (
    DeviceStep,
    Learning,
    Outcome,
    load_optimiser,
    make_optimiser,
)
from lnn_control.imitation.distributed import ALONE, GradientSum, Group, Part, split_step
from lnn_control.imitation.encode import choose_dtype, convolve
from lnn_control.imitation.heads import PrivilegedHeads
from lnn_control.imitation.objective import Objective, Signals
from lnn_control.imitation.pixels import PixelRenderer
from lnn_control.imitation.resident import BatchShape, open_flights
from lnn_control.imitation.schedule import SCHEDULES
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.windows import Window, cut_batches
from lnn_control.policies.network import Network

_WINDOWS_AT_ONCE = 8  # on a CPU: a window leaves 7 MB for its way back
# Of the stream of random numbers named training.
_ORDER, _LOOKS, _NOISE, _HEADS = range(4)


@dataclass
class Position:
    """Where a training stands.

    :param epoch: passes over the data that are done. :param batch: batches done of this pass.
    :param step: steps done in all. :param seconds: spent in them.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class StepReport:
    """What a step came to.

    :param epoch: pass over the data that the step belongs to, from 0. :param step: from 1.
    :param steps: how many there will be, as far as known. :param share: of the training done.
    :param loss: on a GPU that of a few steps before, as are the next two.
    :param head_loss: of privileged labels, 0 without heads.
    :param gradient_norm: before it was shortened.
    """

    epoch: int
    step: int
    steps: int
    share: float
    loss: float
    head_loss: float
    gradient_norm: float
    learning_rate: float
    images_per_second: float
    seconds: float

    @property
    def seconds_left(self) -> float:
        """Time to the end at this speed [s]."""
        return self.seconds * (1 - self.share) / max(self.share, 1e-9)


def _make_seed(seed: int, *index: int) -> int:
    """Return the seed of a generator of torch."""
    return int(stream(seed, 'training', *index).integers(2**63))


def count_weighted(windows: Sequence[Window]) -> int:
    """Return how many images of windows bear loss."""
    return sum(window.length - window.warm_up for window in windows)


class Trainer:
    """Trains a network in place, a step at a time.

    :param network: on the device to train on. :param sequences: what is learned from.
    :param is_symmetric: whether left and right are alike.
    :param processes: that train the same network on the same data, each on some of the windows of
        every step.
    :param waits: whether a step is over when :meth:`step` returns; None: on a CPU, and where
        there are several processes. Otherwise all data is kept on the device where it fits.
    :raises ValueError: if there are fewer windows a step than processes.
    """

    def __init__(
        self,
        network: Network,
        sequences: Sequence[EpisodeSequence],
        settings: TrainSettings,
        is_symmetric: bool = True,
        processes: Group = ALONE,
        waits: bool | None = None,
    ) -> None:
        if settings.batch_size < processes.size:
            raise ValueError(
                f'batch_size must be at least {processes.size}, one window for each process, got '
                f'{settings.batch_size}'
            )
        # As good as all else, where it leaves nobody idle: parts stay whole, see GradientSum.
        is_even = settings.batch_size % (_WINDOWS_AT_ONCE * processes.size) == 0
        self.processes = replace(processes, unit=_WINDOWS_AT_ONCE if is_even else 1)
        self.network, self.settings = network.train(), settings
        self.sequences = list(sequences)
        self.device = network.command_scale.device
        self.dtype = choose_dtype(self.device)
        self.position = Position()
        self.losses: list[float] = []
        self.sums = [0.0, 0.0]
        self.average = WeightAverage(network, settings.averaging)
        self.heads = self._make_heads()
        self.parameters = [*network.parameters()]
        if self.heads is not None:
            self.parameters += [*self.heads.parameters()]
        self.objective = Objective(
            network, self.heads, settings.axis_weights, settings.obstacle_weight
        )
        strength = settings.augmentation
        self.strength = strength if is_symmetric else replace(strength, mirror=0.0)
        self._is_finishing = False
        self.uses_segmentation = strength.recolouring > 0
        self.carried = CarriedState(network, settings.batch_size)
        if waits is None:
            waits = self.device.type == 'cpu' or processes.size > 1
        self.optimiser = self._make_optimiser(waits)
        self.renderer = self._make_renderer() if waits and self.device.type == 'cpu' else None
        self.device_step = None if waits else self._make_device_step()
        self.groups = self._cut(0)
        self._batches: Iterator[Batch] | None = None
        self._last = (math.nan, math.nan, math.nan)

    # What it starts from.

    def _make_heads(self) -> PrivilegedHeads | None:
        """Return heads with weights of the seed, None where there is nothing to guess."""
        if not self.settings.heads or all(s.privileged is None for s in self.sequences):
            return None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_make_seed(self.settings.seed, _HEADS))
            heads = PrivilegedHeads(self.network.encoder.num_features)
        return heads.to(self.device)

    def _make_optimiser(self, waits: bool) -> torch.optim.Optimizer:
        rate, decay = self.settings.learning_rate, self.settings.weight_decay
        if not waits:
            return make_optimiser(self.parameters, rate, decay, self.device)
        return torch.optim.AdamW(self.parameters, rate, weight_decay=decay)

    def _make_device_step(self) -> DeviceStep:
        """Return what takes steps on a GPU, with all data where it takes them from."""
        windows, sequences = self.settings.windows, self.sequences
        shape = BatchShape(
            self.settings.batch_size,
            windows.window_length,
            self.network.encoder.size_px,
            windows.max_stride,
            self.heads is not None,
            self.uses_segmentation and any(s.segmentation is not None for s in sequences),
        )
        learning = Learning(
            self.objective,
            self.optimiser,
            self.carried,
            self.strength,
            self.settings.max_gradient_norm,
            self.dtype,
        )
        flights = open_flights(sequences, shape, self.device)
        return DeviceStep(learning, flights, shape, windows.carry_state)

    def _make_renderer(self) -> PixelRenderer:
        generator = torch.Generator().manual_seed(_make_seed(self.settings.seed, _NOISE))
        size, steps = self.network.encoder.size_px, self.settings.windows.window_length
        return PixelRenderer(size, steps, generator, self.dtype)

    def _cut(self, epoch: int) -> list[list[Window]]:
        """Return the batches of a pass over the data."""
        settings = self.settings
        rng = stream(settings.seed, 'training', _ORDER, epoch)
        return cut_batches(self.sequences, settings.windows, settings.batch_size, rng)

    # Where it stands.

    @property
    def share(self) -> float:
        """Share of the training that is done, 0 to 1."""
        settings, position = self.settings, self.position
        if settings.budget_minutes is not None:
            share = position.seconds / (60 * settings.budget_minutes)
        elif settings.steps is not None:
            share = position.step / settings.steps
        else:
            share = (position.epoch + position.batch / len(self.groups)) / settings.epochs
        return min(share, 1.0)

    @property
    def is_finished(self) -> bool:
        """Whether all steps are done."""
        return self.share >= 1.0

    def count_steps(self) -> int:
        """Return how many steps there will be, as far as known now."""
        settings, step = self.settings, self.position.step
        if settings.budget_minutes is not None:
            return max(step, math.ceil(step / max(self.share, 1e-9)))
        if settings.steps is not None:
            return settings.steps
        rest = settings.epochs - self.position.epoch
        return step - self.position.batch + rest * len(self.groups)

    def _finish(self) -> None:
        """Change images no more than weakly from now on, if the end is so near."""
        if self._is_finishing or self.share < 1.0 - self.settings.finish:
            return
        self._is_finishing = True
        self.strength = soften(self.strength)
        if self.device_step is not None:
            self.device_step.change(self.strength)

    # A step.

    def step(self) -> StepReport:
        """Train on the next batch.

        :raises FloatingPointError: if the loss is not finite.
        """
        start = time.perf_counter()
        position, settings = self.position, self.settings
        self._finish()
        epoch = position.epoch
        rate = settings.learning_rate * SCHEDULES[settings.schedule](self.share)
        windows = self.groups[position.batch]
        if self.device_step is not None:
            self._step_without_waiting(self.device_step, rate)
        else:
            self._step_and_wait(windows, rate)
        loss, head_loss, norm = self._last
        self._advance()
        seconds = time.perf_counter() - start
        # The first process's clock is that of all: the learning rate and the end follow from it.
        position.seconds = self.processes.tell(position.seconds + seconds)
        return StepReport(
            epoch,
            position.step,
            max(self.count_steps(), position.step),
            self.share,
            loss,
            head_loss,
            norm,
            rate,
            self._measure_speed(windows, seconds),
            position.seconds,
        )

    def _step_and_wait(self, windows: Sequence[Window], rate: float) -> None:
        """Train on a batch."""
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        losses = self._accumulate_gradients(self._take_batch(), windows)
        self._last = (*losses, self._update())
        num_weighted = count_weighted(windows)
        self.sums[0] += losses[0] * num_weighted
        self.sums[1] += num_weighted

    def _step_without_waiting(self, device_step: DeviceStep, rate: float) -> None:
        """Let the device train on the batch at the position, and hear of earlier ones."""
        position = self.position
        seed = _make_seed(self.settings.seed, _LOOKS, position.step, 0)
        device_step.run(self.groups, position.batch, seed, rate)
        self.average.update(self.network, position.step + 1)
        self._take_note(device_step.ledger.read(is_complete=math.isnan(self._last[0])))

    def _take_note(self, outcomes: Sequence[Outcome]) -> None:
        """Remember what steps came to.

        :raises FloatingPointError: if a loss or gradient is not finite.
        """
        for outcome in outcomes:
            if not outcome.is_finite:
                raise FloatingPointError(
                    f'loss is {outcome.loss + outcome.head_loss}, gradient '
                    f'{outcome.gradient_norm} in or before epoch {self.position.epoch}, step '
                    f'{self.position.step}: lower learning_rate'
                )
            self._last = outcome[:3]
            self.sums[0] += outcome.loss * outcome.num_weighted
            self.sums[1] += outcome.num_weighted

    def settle(self) -> None:
        """Wait for steps under way, so that the weights are known to be good.

        :raises FloatingPointError: if they are not.
        """
        if self.device_step is not None:
            self._take_note(self.device_step.ledger.read(is_complete=True))

    def _measure_speed(self, windows: Sequence[Window], seconds: float) -> float:
        """Return the images a second of the last step, or of some where steps overlap."""
        if self.device_step is not None:
            return self.device_step.images_per_second
        return sum(window.length for window in windows) / seconds

    def _take_batch(self) -> Batch:
        """Return the batch at the position, from those that are read ahead."""
        if self._batches is None:
            groups = self.groups[self.position.batch :]
            self._batches = read_ahead(
                self.sequences,
                groups,
                with_segmentation=self.uses_segmentation,
                processes=self.processes,
            )
        return next(self._batches)

    def _accumulate_gradients(
        self, batch: Batch, windows: Sequence[Window]
    ) -> tuple[float, float]:
        """Find the gradients of a batch and return its losses.

        A CPU does it in parts, so that a large batch takes no more memory than a small one.

        :param batch: of the windows that are this process's. :param windows: of all processes.
        :raises FloatingPointError: if a loss is not finite.
        """
        self.optimiser.zero_grad(set_to_none=True)
        size = _WINDOWS_AT_ONCE if self.renderer is not None else len(windows)
        total = GradientSum(self.processes, self.parameters, math.ceil(len(windows) / size))
        num_weighted = max(count_weighted(windows), 1)
        num_known = max(self._count_known(windows), 1)
        for part in split_step(len(windows), size, self.processes):
            piece = batch.take(part.batch_rows)
            pair = self.compute_losses(piece, windows, part)
            # The mean of the whole is that of the parts by what they hold.
            shares = float(piece.weight.sum()) / num_weighted, piece.num_known / num_known
            (pair[0] * shares[0] + pair[1] * shares[1]).backward()
            values = torch.stack(pair).tolist()
            total.add(part, [value * share for value, share in zip(values, shares, strict=True)])
        losses = total.finish()
        if not all(math.isfinite(loss) for loss in losses):
            # Known to all processes at once, so that none waits for another.
            raise FloatingPointError(
                f'loss is {sum(losses)} in epoch {self.position.epoch}, step '
                f'{self.position.step}: lower learning_rate'
            )
        self.carried.exchange(windows, self.processes)
        return losses[0], losses[1]

    def _count_known(self, windows: Sequence[Window]) -> int:
        """Return how many images of a step have privileged labels."""
        known = (w.length for w in windows if self.sequences[w.sequence].privileged is not None)
        return sum(known)

    def _is_segmented(self, windows: Sequence[Window]) -> bool:
        """Return whether all windows of a step are recoloured by their classes."""
        of = (self.sequences[window.sequence] for window in windows)
        return self.uses_segmentation and all(one.segmentation is not None for one in of)

    def compute_losses(
        self, batch: Batch, windows: Sequence[Window], part: Part
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of the commands and that of the heads.

        :param batch: of the part. :param windows: of the whole step.
        """
        settings = self.settings

        def load(array: Any) -> Tensor:
            return torch.from_numpy(array).to(self.device, non_blocking=True)

        # What is drawn follows from the number of the step and the place in it alone.
        generator = torch.Generator(self.device)
        place = self.position.step, part.first
        generator.manual_seed(_make_seed(settings.seed, _LOOKS, *place))
        images = load(batch.images)
        # Windows of other processes are drawn for too, but nothing comes of it.
        colour = torch.zeros(part.drawn, 3, device=self.device)
        colour[part.rows] = measure_colour(images)
        is_segmented = self._is_segmented(windows)
        looks = draw_looks(
            self.strength, colour, self.network.encoder.size_px, generator, is_segmented
        ).take(part.rows)
        classes = load(batch.segmentation) if is_segmented else None
        seen = self._encode(images, batch.is_real, looks, classes, generator, part)
        # The memory's state starts empty, or is that of the window before.
        first = part.first + part.rows.start
        own = windows[first : first + len(images)]
        loss, head_loss, state = self.objective.compute(
            Signals.load(batch, load), looks.is_mirrored, seen, self.carried.take(own)
        )
        self.carried.put(own, state)
        return loss, head_loss

    def _encode(
        self,
        images: Tensor,
        is_real: NDArray[np.bool_],
        looks: Looks,
        classes: Tensor | None,
        generator: torch.Generator,
        part: Part,
    ) -> Tensor:
        """Return the encoder's features of augmented images, shape (batch, steps, features).

        :param images: uint8, shape (batch, steps, height, width, 3).
        :param is_real: False in padding, shape (batch, steps).
        """
        encoder, (batch, steps) = self.network.encoder, images.shape[:2]
        if self.renderer is not None:
            places = torch.rand(part.drawn, generator=generator)[part.rows]
            lengths = is_real.sum(axis=1).tolist()
            chunks = self.renderer.render(images, lengths, looks, places, classes)
            seen = encoder.read(convolve(encoder.convolutions, chunks, encoder.size_px))
            # Padding is not looked at: it bears no loss, and nothing comes after it.
            features = seen.new_zeros(batch, steps, seen.shape[1])
            features[torch.from_numpy(is_real)] = seen
            return features
        pixels = images.permute(0, 1, 4, 2, 3).float() / 255
        noise = torch.randn(1, *pixels.shape[1:], generator=generator, device=self.device)
        pixels = apply_looks(pixels, looks, noise, classes).flatten(0, 1)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            seen = encoder(pixels.contiguous(memory_format=torch.channels_last))
        return seen.float().unflatten(0, (batch, steps))

    def _update(self) -> float:
        """Take a step down the gradient and return its length before it was shortened."""
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.max_gradient_norm)
        self.optimiser.step()
        self.average.update(self.network, self.position.step + 1)
        return float(norm)

    def _advance(self) -> None:
        """Move on to the next batch; after the last one, to the next pass."""
        self.position.step += 1
        self.position.batch += 1
        if self.position.batch == len(self.groups):
            self.settle()
            self.losses.append(self.sums[0] / max(self.sums[1], 1.0))
            self.sums = [0.0, 0.0]
            self.position.epoch += 1
            self.position.batch = 0
            self.groups = self._cut(self.position.epoch)
            self._batches = None

    def extend(self, sequences: Sequence[EpisodeSequence]) -> None:
        """Learn from more data from now on: a new pass begins over all there is."""
        self.sequences += sequences
        if self.device_step is not None:
            self.device_step.extend(sequences)
        self.position.epoch += 1
        self.position.batch = 0
        self.groups = self._cut(self.position.epoch)
        self._batches = None

    # What is kept.

    def identify_data(self) -> str:
        """Return a digest of what is learned from: names, lengths and labels."""
        digest = hashlib.sha256()
        for sequence in self.sequences:
            digest.update(f'{sequence.name} {len(sequence)} '.encode())
            if sequence.weight != 1.0:
                digest.update(f'{sequence.weight} '.encode())
            digest.update(np.ascontiguousarray(sequence.labels).tobytes())
        return digest.hexdigest()[:16]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as tensors and plain values.

        :raises FloatingPointError: if the weights are not finite.
        """
        self.settle()
        return {
            'network': self.network.state_dict(),
            'heads': None if self.heads is None else self.heads.state_dict(),
            'average': self.average.state_dict(),
            'optimiser': self.optimiser.state_dict(),
            'position': asdict(self.position),
            'losses': list(self.losses),
            'sums': list(self.sums),
            'carried': self.carried.state,
            'data': self.identify_data(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same network, data and settings."""
        self.network.load_state_dict(state['network'])
        if self.heads is not None:
            self.heads.load_state_dict(state['heads'])
        self.average.load_state_dict(state['average'])
        load_optimiser(self.optimiser, state['optimiser'])
        self.position = Position(**state['position'])
        self.losses, self.sums = list(state['losses']), list(state['sums'])
        self.carried.load(state['carried'], self.device)
        if self.device_step is not None:
            self.device_step.forget()
        self.groups = self._cut(self.position.epoch)
        self._batches = None


Report = Callable[[StepReport], None]
"""Hears of every step."""
