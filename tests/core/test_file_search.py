# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from lnn_control.core.file_search import find_files, walk_files


def test_links_are_followed_once_and_hidden_places_are_not_entered(tmp_path: Path) -> None:
    away, home = tmp_path / 'away', tmp_path / 'home'
    for path in (away / 'b.mcap', home / 'A.MCAP', home / '.cache' / 'c.mcap', home / '.d.mcap'):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (home / 'link').symlink_to(away)
    (home / 'round').symlink_to(home)
    assert list(walk_files(home)) == [home / 'A.MCAP', home / 'link' / 'b.mcap']
    assert find_files(home, ('.mcap',)) == [home / 'A.MCAP', home / 'link' / 'b.mcap']
    assert find_files(home, ('.db3',)) == []
