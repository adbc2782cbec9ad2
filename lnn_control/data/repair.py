# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A whole MCAP file of what can be read of a damaged, split or foreign bag."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lnn_control.core.mcap_file import McapFile
from lnn_control.core.whole_file import write_whole
from lnn_control.data.bags import Bag
from lnn_control.data.decoding import UnknownTypeError
from lnn_control.data.problems import RecordingError
from lnn_control.data.readers import BagReader, Damage


@dataclass(frozen=True)
class Repaired:
    """What was done.

    :param kept: messages a topic. :param dropped: messages a topic that are none of their type.
    :param unknown: topic -> type that nobody defines, left out as no reader could use them.
    """

    path: Path
    kept: dict[str, int]
    dropped: dict[str, int]
    unknown: dict[str, str]
    damages: tuple[Damage, ...]

    def describe(self) -> list[str]:
        """Return what was done in words, a line each."""
        lines = [f'{damage.path} {damage.reason}' for damage in self.damages]
        lines += [
            f'{topic}: left out {number} messages that are none of their type'
            for topic, number in sorted(self.dropped.items())
        ]
        lines += [
            f'{topic}: left out, the bag holds no definition of {kind}'
            for topic, kind in sorted(self.unknown.items())
        ]
        total = sum(self.kept.values())
        lines.append(f'wrote {total} messages on {len(self.kept)} topics into {self.path}')
        return lines


def repair_bag(bag: Bag, path: Path) -> Repaired:
    """Write what can be read of a bag into a new file; the bag stays as it is.

    :param path: of the new file. It must not exist.
    :raises BagError: if the bag is none. :raises RecordingError: if nothing can be read of it.
    :raises FileExistsError: if the file is there.
    """
    if path.exists():
        raise FileExistsError(17, 'a repair writes a new file, this one exists', str(path))
    reader = BagReader(bag)
    kept: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    unknown: dict[str, str] = {}
    told: set[str] = set()
    with write_whole(path) as stream:
        file = McapFile(stream)

        def tell() -> None:
            # At the place that it has in the bag: what stands first is known before the images.
            for name in [name for name in reader.metadata if name not in told]:
                file.add_metadata(name, reader.metadata[name])
                told.add(name)

        for row in reader.read():
            tell()
            if row.topic in unknown:
                continue
            try:
                reader.decoder.decode(row.kind, row.data)
            except UnknownTypeError:
                unknown[row.topic] = row.kind
                continue
            except ValueError:
                dropped[row.topic] += 1
                continue
            file.define(row.kind, reader.decoder.define(row.kind))
            file.add(row.topic, row.kind, reader.decoder.to_cdr(row.kind, row.data), row.time_ns)
            kept[row.topic] += 1
        if not kept:
            reasons = '; '.join(f'{d.path} {d.reason}' for d in reader.damages) or 'it is empty'
            raise RecordingError(f'nothing can be read of {bag.describe()}: {reasons}')
        tell()
        file.finish()
    return Repaired(path, dict(kept), dict(dropped), unknown, tuple(reader.damages))
