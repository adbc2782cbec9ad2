# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a JPEG has data for its whole picture.

Decoders paint what is missing in one grey, and OpenCV keeps the warning to itself. So what looks
like that is decoded once more, with bytes added or changed where the data end: they show whether
the decoder came there before or after its picture was full. Markers are those of ITU-T T.81.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

BEGIN, END = b'\xff\xd8', b'\xff\xd9'
_SCAN, _RESTARTS = b'\xff\xda', b'\xff\xdd\x00\x04'
# Behind 0xff: 0 is a byte of the data, 0xd0 to 0xd7 are restarts, where the header announces them.
_STOP = re.compile(rb'\xff+[^\x00\xff]')
_STOP_BUT_RESTARTS = re.compile(rb'\xff+[^\x00\xff\xd0-\xd7]')
_RESTART = re.compile(rb'\xff([\xd0-\xd7])')
# What may come behind the data: end, tables, another scan, number of lines, remarks.
_FOLLOWS = frozenset(b'\xd9\xc4\xda\xdb\xdc\xdd\xfe') | frozenset(range(0xE0, 0xF0))
# All coefficients of a block are zero where there are no data for it.
_MISSING = 128
# Of no pattern, and without 0xff. A block of a picture has fewer.
_OTHER_BYTES = bytes(7 * k % 251 for k in range(1, 65))
_ZEROS = bytes(len(_OTHER_BYTES))

Decode = Callable[[bytes], NDArray[Any] | None]


def is_whole(data: bytes, pixels: NDArray[Any], decode: Decode) -> bool:
    """Return whether the data of a JPEG are as long as its picture.

    Not noticed are bytes that are others and leave the length as it is.

    :param pixels: that were decoded, shape (height, width, channels).
    :param decode: returns the pixels of other data; None if there are none.
    """
    begin = _find_scan(data)
    has_restarts = _RESTARTS in data[:begin]
    stop = (_STOP_BUT_RESTARTS if has_restarts else _STOP).search(data, begin + len(_SCAN))
    if begin < 0 or stop is None or stop[0][-1] not in _FOLLOWS:
        return False
    end, added = stop.start(), _OTHER_BYTES
    if has_restarts:
        codes = _RESTART.findall(data, begin, end)
        if not _are_in_order(codes):
            return False
        # Behind the next restart, too, which is what a decoder looks for.
        added += bytes([0xFF, 0xD0 + len(codes) % 8]) + _OTHER_BYTES

    def changes(kept: int) -> bool:
        """Whether the picture is another with other bytes from there to the end of the data."""
        other = decode(data[:kept] + added + data[end:])
        return other is None or not np.array_equal(other, pixels)

    # Too short: what is added is decoded, too.
    if (pixels[-1, -1] == _MISSING).all() and changes(end):
        return False
    # Too long, as of a buffer that was not filled: zeros are decoded to anything, and not all are.
    # Where all is of one colour zeros may say so, and other bytes the same.
    is_suspect = _ZEROS in data[begin:end] and bool(np.ptp(pixels))
    return not is_suspect or changes(end - len(_OTHER_BYTES))


def _find_scan(data: bytes) -> int:
    """Return where the data of the picture begin, past remarks that hold a small one; -1 if none.

    Each segment before it is a marker of two bytes and its length in two.
    """
    place = len(BEGIN)
    while data[place : place + 1] == b'\xff' and data[place : place + 2] != _SCAN:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], 'big')
    return place if data[place : place + 2] == _SCAN else data.find(_SCAN)


def _are_in_order(codes: list[bytes]) -> bool:
    """Return whether restarts count from 0 to 7 and on from 0: between them is what was lost."""
    return all(code[0] & 7 == number % 8 for number, code in enumerate(codes))
