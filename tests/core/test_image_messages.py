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


@pytest.mark.parametrize('size', [(0, 0), (0, 6), (8, 0)])
def test_empty_image_is_called_empty(size: tuple[int, int]) -> None:
    empty = SimpleNamespace(encoding='rgb8', width=size[0], height=size[1], step=0, data=b'')
    with pytest.raises(ValueError, match=f'the image is empty: it has {size[0]}x{size[1]} pixels'):
        read_pixels(empty)


@pytest.mark.parametrize('encoding', sorted(NUM_CHANNELS))
@pytest.mark.parametrize('size', [(1, 1), (1, 4), (4, 1), (2, 2), (3, 3), (127, 5), (5, 6)])
def test_size_that_an_encoding_cannot_have_is_named(encoding: str, size: tuple[int, int]) -> None:
    width, height = size
    rows = np.full((height, width * NUM_CHANNELS[encoding]), 90, np.uint8)
    odd = message(rows, encoding, width)
    words = ''
    if encoding.startswith(('yuv', 'uyv', 'yuy')) and width % 2:
        words = f'must have an even width, .* got {width}x{height}'
    elif encoding.startswith('bayer') and min(size) < 3:
        words = f'must have at least 3x3 pixels, .* got {width}x{height}'
    if words:
        with pytest.raises(ValueError, match=words):
            read_pixels(odd)
        return
    pixels = read_pixels(odd)
    assert pixels.shape == (height, width, 3) and pixels.min() > 0


def test_what_opencv_cannot_convert_is_an_error_of_the_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> None:
        raise cv2.error('no')

    monkeypatch.setattr(cv2, 'cvtColor', refuse)
    with pytest.raises(ValueError, match='an image of 8x6 cannot be converted'):
        read_pixels(message(ROWS['yuyv'], 'yuyv'))


def photograph() -> np.ndarray:
    """Return a picture with light and shade, as OpenCV has its colours."""
    noise = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    return cv2.resize(noise, (256, 144), interpolation=cv2.INTER_CUBIC)


def make_jpeg(picture: np.ndarray, *options: int):
    _, data = cv2.imencode('.jpg', picture, options)
    return SimpleNamespace(format='jpeg', data=data.ravel())


OPTIONS = {
    'usual': (),
    'small': (cv2.IMWRITE_JPEG_QUALITY, 40),
    'optimised': (cv2.IMWRITE_JPEG_OPTIMIZE, 1),
    'progressive': (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    'restarts': (cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
}


@pytest.mark.parametrize('options', OPTIONS)
@pytest.mark.parametrize('value', [0, 128, 255])
@pytest.mark.parametrize('begin', [0, 72, 140, 144])
def test_whole_jpeg_is_read_whatever_it_shows(options: str, value: int, begin: int) -> None:
    picture = photograph()
    picture[begin:] = value
    jpeg = make_jpeg(picture, *OPTIONS[options])
    assert np.abs(read_pixels(jpeg)[begin + 20 :].astype(int) - value).max(initial=0) < 9
    # Cameras fill up their buffers.
    jpeg.data = np.append(jpeg.data, np.zeros(99, np.uint8))
    assert read_pixels(jpeg).shape == (144, 256, 3)


def test_jpeg_that_holds_a_small_one_is_whole() -> None:
    picture = photograph()
    picture[100:] = 128
    data = make_jpeg(picture).data.tobytes()
    small = b'Exif\x00\x00' + make_jpeg(picture[::4, ::4]).data.tobytes()
    segment = b'\xff\xe1' + struct.pack('>H', len(small) + 2) + small
    jpeg = SimpleNamespace(format='jpeg', data=np.frombuffer(data[:2] + segment + data[2:], 'u1'))
    assert read_pixels(jpeg).shape == (144, 256, 3)


DAMAGES = {
    'a third with an end': lambda data: data[: len(data) // 3] + data[-2:],
    'all but the last tenth': lambda data: data[: len(data) * 9 // 10] + data[-2:],
    'three quarters zero': lambda data: (
        data[: len(data) // 4] + bytes(len(data) - 2 - len(data) // 4) + data[-2:]
    ),
    'a fifth lost': lambda data: data[: len(data) // 2] + data[len(data) * 7 // 10 :],
    'noise with a mark in the middle': lambda data: (
        data[: len(data) // 2] + b'\x12\xff\x99' * 40 + data[len(data) // 2 + 120 :]
    ),
}


@pytest.mark.parametrize('damage', DAMAGES)
@pytest.mark.parametrize('options', ['usual', 'small', 'optimised', 'restarts'])
@pytest.mark.parametrize('is_noisy', [False, True])
def test_jpeg_with_a_part_that_is_missing_is_an_error(
    damage: str, options: str, is_noisy: bool
) -> None:
    picture = photograph()
    if is_noisy:
        noise = np.random.default_rng(1).normal(0, 20, picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    jpeg = make_jpeg(picture, *OPTIONS[options])
    jpeg.data = np.frombuffer(DAMAGES[damage](jpeg.data.tobytes()), np.uint8)
    with pytest.raises(ValueError, match='must have data for its whole picture, got'):
        read_pixels(jpeg)


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
