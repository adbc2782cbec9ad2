# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every encoding gives the same picture."""

import struct
import sys
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from lnn_control.core.image_messages import NUM_CHANNELS, name_encoding, read_pixels

# One colour that is not grey, over an even number of pixels.
RED, GREEN, BLUE = 200, 80, 30
PICTURE = np.tile(np.array([RED, GREEN, BLUE], np.uint8), (6, 8, 1))
GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


def message(rows: np.ndarray, encoding: str, width: int = 8, padding: int = 0, big: int = 0):
    """Return an image message of rows of bytes, shape (height, bytes)."""
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    return SimpleNamespace(
        encoding=encoding,
        height=len(rows),
        width=width,
        step=rows.shape[1],
        is_bigendian=big,
        data=rows.ravel(),
    )


def flatten(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1)


def mosaic(pattern: str) -> np.ndarray:
    """Return the picture as a sensor with colour filters sees it, such as 'rggb'."""
    values = {'r': RED, 'g': GREEN, 'b': BLUE}
    square = np.array([values[letter] for letter in pattern], np.uint8).reshape(2, 2)
    return np.tile(square, (3, 4))


def make_yuv(is_luma_first: bool) -> np.ndarray:
    """Return the picture as 4:2:2 with shared colour differences (BT.601, studio range)."""
    luma = 16 + 0.257 * RED + 0.504 * GREEN + 0.098 * BLUE
    blue = 128 - 0.148 * RED - 0.291 * GREEN + 0.439 * BLUE
    red = 128 + 0.439 * RED - 0.368 * GREEN - 0.071 * BLUE
    pair = [luma, blue, luma, red] if is_luma_first else [blue, luma, red, luma]
    return np.tile(np.round(pair).astype(np.uint8), (6, 4))


ALPHA = np.dstack([PICTURE, np.full((6, 8), 7, np.uint8)])
ROWS = {
    'rgb8': flatten(PICTURE),
    'bgr8': flatten(PICTURE[:, :, ::-1]),
    '8UC3': flatten(PICTURE[:, :, ::-1]),
    'rgba8': flatten(ALPHA),
    'bgra8': flatten(ALPHA[:, :, [2, 1, 0, 3]]),
    'yuv422': make_yuv(is_luma_first=False),
    'uyvy': make_yuv(is_luma_first=False),
    'yuv422_yuy2': make_yuv(is_luma_first=True),
    'yuyv': make_yuv(is_luma_first=True),
    **{f'bayer_{p}8': mosaic(p) for p in ('rggb', 'bggr', 'gbrg', 'grbg')},
}


def widen(rows: np.ndarray) -> np.ndarray:
    """Return rows of samples of 16 bits, the lower ones first, whose upper ones are given."""
    return np.stack([np.full_like(rows, 5), rows], axis=2).reshape(len(rows), -1)


ROWS |= {
    f'{name[:-1]}16': widen(rows)
    for name, rows in ROWS.items()
    if name.startswith(('rgb', 'bgr', 'bayer'))
}
GREY_ROWS = {
    'mono8': GREY,
    '8UC1': GREY,
    'mono16': widen(GREY),
}


def test_every_encoding_has_a_case() -> None:
    assert set(ROWS) | set(GREY_ROWS) == set(NUM_CHANNELS)


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', ROWS)
def test_colours_are_right_in_every_encoding(encoding: str, padding: int) -> None:
    pixels = read_pixels(message(ROWS[encoding], encoding, padding=padding))
    assert pixels.shape == (6, 8, 3) and pixels.dtype == np.uint8
    slack = 3 if encoding.startswith(('yuv', 'uyv', 'yuy')) else 0
    assert np.abs(pixels.astype(int) - PICTURE).max() <= slack


@pytest.mark.parametrize('encoding', GREY_ROWS)
def test_grey_is_grey_in_every_encoding(encoding: str) -> None:
    pixels = read_pixels(message(GREY_ROWS[encoding], encoding))
    assert np.array_equal(pixels, np.repeat(GREY[:, :, None], 3, axis=2))


def test_of_sixteen_bits_the_upper_ones_count_in_either_order() -> None:
    for name, rows in (*ROWS.items(), *GREY_ROWS.items()):
        if name.endswith('16'):
            swapped = rows.reshape(-1, 2)[:, ::-1].reshape(6, -1)
            big = read_pixels(message(swapped, name, big=1))
            assert np.array_equal(big, read_pixels(message(rows, name)))


def compress(suffix: str, size: tuple[int, int] = (64, 48)):
    picture = np.tile(np.array([BLUE, GREEN, RED], np.uint8), (size[1], size[0], 1))
    _, data = cv2.imencode(suffix, picture)
    return SimpleNamespace(format=f'bgr8; {suffix[1:]} compressed bgr8', data=data.ravel())


@pytest.mark.parametrize(('suffix', 'slack'), [('.jpg', 3), ('.png', 0)])
@pytest.mark.parametrize('shrink', [1, 2, 4])
def test_compressed_images_are_read_and_may_be_shrunk(
    suffix: str, slack: int, shrink: int
) -> None:
    pixels = read_pixels(compress(suffix), shrink)
    assert pixels.shape == (48 // shrink, 64 // shrink, 3)
    assert np.abs(pixels.astype(int) - [RED, GREEN, BLUE]).max() <= slack


@pytest.mark.parametrize(
    ('data', 'kind', 'words'),
    [
        (b'', 'jpeg', 'got 0 bytes'),
        (b'\xff\xd8\xff' + bytes(9), 'jpeg', r"12 bytes of 'jpeg'"),
        (b'\x89PNG', '16UC1; compressedDepth', 'got depth'),
    ],
)
def test_what_is_no_picture_is_an_error(data: bytes, kind: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_pixels(SimpleNamespace(format=kind, data=np.frombuffer(data, np.uint8)))


def test_jpeg_that_ends_early_is_an_error() -> None:
    cut = compress('.jpg')
    cut.data = cut.data[: len(cut.data) * 9 // 10]
    with pytest.raises(ValueError, match='that cannot be decoded'):
        read_pixels(cut)


def test_size_that_no_picture_has_is_an_error() -> None:
    png = compress('.png')
    header = b'IHDR' + struct.pack('>IIBBBBB', 10**5, 10**5, 8, 2, 0, 0, 0)
    data = bytearray(png.data.tobytes())
    data[12:33] = header + struct.pack('>I', zlib.crc32(header))
    png.data = np.frombuffer(data, np.uint8)
    with pytest.raises(ValueError, match='that cannot be decoded'):
        read_pixels(png)


def test_missing_opencv_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'cv2', None)
    for other in (compress('.jpg'), message(ROWS['yuyv'], 'yuyv')):
        with pytest.raises(ValueError, match='pip install opencv-python-headless'):
            read_pixels(other)
    assert read_pixels(message(ROWS['rgb8'], 'rgb8')).shape == (6, 8, 3)


def test_encoding_is_named_where_a_message_names_one() -> None:
    for kind, name in (
        ('mono8; jpeg compressed mono8', 'mono8'),
        ('bgr8;png', 'bgr8'),
        ('jpeg', ''),
        ('', ''),
    ):
        assert name_encoding(SimpleNamespace(format=kind)) == name
    assert name_encoding(message(ROWS['rgb8'], 'rgb8')) == 'rgb8'


def test_unknown_encoding_lists_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"one of .*'rgb8'.* got '32FC1'"):
        read_pixels(message(flatten(PICTURE), '32FC1'))
