# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as one HDF5 file as robomimic reads it.

robomimic wants actions from -1 to 1: they are divided by the greatest of each axis, which is told
as `action_scale` beside them. Next observations are not stored: `train.hdf5_load_next_obs` must be
false.
"""

import errno
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lnn_control.core.observation import Preprocessing
from lnn_control.core.whole_file import replace_whole
from lnn_control.data.dataset import Dataset
from lnn_control.imitation.cache import prepare_imu
from lnn_control.imitation.episode import Episode

# What no environment of robomimic is: the number of its gym environments, which it does not open
# to train on a file.
_GYM = 2
# For everything but images and inertial samples.
_ROOM_BYTES = 4_000_000
_MASKS = {'train': 'train', 'validation': 'valid', 'test': 'test'}


def choose_scale(data: Dataset) -> NDArray[np.float64]:
    """Return what actions are divided by: the contract's limits, else the greatest there is.

    :return: shape (4,); an axis that never moves has 1.
    """
    limits = data.contract.command.limits
    if limits is None:
        sizes = [
            np.abs([entry.labels.min, entry.labels.max]).max(axis=0) for entry in data.episodes
        ]
        limits = np.max(sizes, axis=0)
    scale = np.array(limits, dtype=np.float64)
    return np.where(scale > 1e-6, scale, 1.0)


def export_robomimic(
    path: Path,
    episodes: Iterator[tuple[str, Episode]],
    action_scale: NDArray[np.float64],
    task: str = 'recorded',
) -> int:
    """Write a file and return the number of its demonstrations.

    :param episodes: the split of each, and the episode.
    :param action_scale: greatest forward, left, up speed and yaw rate, shape (4,); an axis that
        never moves has 1.
    :param task: called `env_name` there.
    :raises ValueError: if there is no episode.
    :raises OSError: if the disk has no room for the next one.
    """
    masks: dict[str, list[str]] = {name: [] for name in _MASKS.values()}
    total = number = 0
    with replace_whole(path) as part, h5py.File(part, 'w') as file:
        data = file.create_group('data')
        for number, (split, episode) in enumerate(episodes, start=1):
            name = f'demo_{number - 1}'
            masks[_MASKS[split]].append(name)
            _check_room(path, episode)
            _write_demo(data.create_group(name), episode, action_scale)
            total += len(episode)
        if number == 0:
            raise ValueError('there is no episode to export')
        data.attrs['total'] = total
        data.attrs['action_scale'] = action_scale
        described = {'env_name': task, 'env_type': _GYM, 'env_kwargs': {}}
        data.attrs['env_args'] = json.dumps(described)
        for mask, names in masks.items():
            if names:
                file.create_dataset(f'mask/{mask}', data=np.array(names, dtype='S'))
    return number


def _check_room(path: Path, episode: Episode) -> None:
    """Check that an episode fits on the disk, before it is full: HDF5 itself does not survive it.

    :raises OSError: if it may not.
    """
    needed = episode.images.nbytes + episode.imu.nbytes + _ROOM_BYTES
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        reason = f'{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB free'
        raise OSError(errno.ENOSPC, reason, str(path))


def _write_demo(group: h5py.Group, episode: Episode, action_scale: NDArray[np.float64]) -> None:
    """Write one demonstration."""
    count = len(episode)
    height, width = episode.images.shape[1:3]
    group.attrs['num_samples'] = count
    group.attrs['metadata'] = json.dumps(episode.metadata)
    actions = np.clip(episode.labels / action_scale, -1.0, 1.0)
    group.create_dataset('actions', data=actions.astype(np.float64))
    done = np.zeros(count)
    done[-1] = 1.0
    group.create_dataset('dones', data=done.astype(np.int64))
    success = episode.metadata.get('outcome') == 'success'
    group.create_dataset('rewards', data=done * float(success))
    observations = group.create_group('obs')
    # A chunk an image: a window of them is read without the rest.
    chunks = (1, height, width, 3)
    observations.create_dataset(
        'front_image', data=episode.images, chunks=chunks, compression='gzip', compression_opts=4
    )
    observations.create_dataset('imu', data=prepare_imu(episode, Preprocessing(width, height)))
    stamps = episode.image_stamps
    elapsed = np.diff(stamps, prepend=stamps[0] - float(np.median(np.diff(stamps))))
    observations.create_dataset('elapsed_time', data=elapsed[:, None].astype(np.float32))
