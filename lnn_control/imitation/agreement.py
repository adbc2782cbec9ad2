# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the episodes of one training must agree on, and what they say of left and right."""

from collections.abc import Mapping, Sequence

_MUST_AGREE = ('vehicle', 'renderer')
_NO_SYMMETRY = ('none', 'false', 'no', '0')


def check_agreement(episodes: Mapping[str, Mapping[str, str]]) -> None:
    """Check that episodes are of one vehicle and one renderer; those that do not say may be any.

    :param episodes: name of the file -> metadata.
    :raises ValueError: if they are not; the message names a file of each.
    """
    for name in _MUST_AGREE:
        first: dict[str, str] = {}
        for path, metadata in episodes.items():
            if name in metadata:
                first.setdefault(metadata[name], path)
        if len(first) > 1:
            found = ' and '.join(f'{value!r} ({path})' for value, path in sorted(first.items()))
            raise ValueError(
                f'episodes must be of one {name}, got {found}: train on a folder of one of them'
            )


def is_symmetric(episodes: Sequence[Mapping[str, str]]) -> bool:
    """Return whether left and right are alike in all episodes; they are where none says no."""
    said = {episode['symmetry'].lower() for episode in episodes if 'symmetry' in episode}
    return not said & set(_NO_SYMMETRY)
