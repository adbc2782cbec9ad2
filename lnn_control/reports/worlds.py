# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the simulator's worlds: one page that opens anywhere, and one contact sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.reports.html import embed, open_template, read_part

PAGE = 'worlds.html'
SHEET = 'worlds.png'

_JPEG_QUALITY = 90
_THUMBNAIL_PX = 208
_GAP_PX = 6
_LABEL_PX = 22
_INK = (22, 24, 29)
_PAPER = 255


@dataclass(frozen=True, eq=False)
class Picture:
    """One view of one world.

    :param scene: under which heading it goes, such as world and season.
    :param caption: what the picture shows of it.
    :param pixels: uint8 RGB, shape (height, width, 3), the same for all pictures.
    """

    scene: str
    caption: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class _Figure:
    """A picture as the template shows it."""

    caption: str
    url: str


def write_page(folder: Path, pictures: Sequence[Picture], lead: str) -> Path:
    """Write worlds.html, which holds all pictures, and return its path.

    :param lead: a sentence on how the pictures were made.
    """
    scenes = [
        (scene, [_Figure(p.caption, _to_data_url(p.pixels)) for p in group])
        for scene, group in groupby(pictures, key=lambda picture: picture.scene)
    ]
    height, width = pictures[0].pixels.shape[:2]
    text = open_template('worlds.html.j2').render(
        scenes=scenes,
        lead=lead,
        width=width,
        height=height,
        style=read_part('report.css'),
    )
    path = folder / PAGE
    path.write_text(text, encoding='utf-8')
    return path


def write_sheet(folder: Path, pictures: Sequence[Picture]) -> Path:
    """Write worlds.png, a row a scene and a column a view, all small; return its path."""
    rows = [list(group) for _, group in groupby(pictures, key=lambda picture: picture.scene)]
    strips: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for row in rows:
        if captions != [picture.caption for picture in row]:
            captions = [picture.caption for picture in row]
            strips.append(_draw_captions(captions))
        strips.append(_draw_row(row))
    width = max(strip.shape[1] for strip in strips)
    sheet = np.concatenate([_widen(strip, width) for strip in strips])
    path = folder / SHEET
    if not cv2.imwrite(str(path), sheet[:, :, ::-1]):
        raise OSError(f'cannot write {path}')
    return path


def _widen(strip: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return a strip with white added on its right."""
    missing = width - strip.shape[1]
    return np.pad(strip, ((0, 0), (0, missing), (0, 0)), constant_values=_PAPER)


def _draw_captions(captions: Sequence[str]) -> NDArray[np.uint8]:
    """Return the captions of the columns."""
    strip = np.full((_LABEL_PX, len(captions) * _THUMBNAIL_PX, 3), _PAPER, np.uint8)
    for column, caption in enumerate(captions):
        _draw_label(strip, caption, column * _THUMBNAIL_PX + 4)
    return strip


def _draw_row(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """Return small pictures side by side below the name of their scene."""
    height, width = pictures[0].pixels.shape[:2]
    size = (_THUMBNAIL_PX - _GAP_PX, round((_THUMBNAIL_PX - _GAP_PX) * height / width))
    shape = (size[1] + _LABEL_PX + _GAP_PX, len(pictures) * _THUMBNAIL_PX, 3)
    row = np.full(shape, _PAPER, np.uint8)
    for column, picture in enumerate(pictures):
        left = column * _THUMBNAIL_PX
        small = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA)
        row[_LABEL_PX : _LABEL_PX + size[1], left : left + size[0]] = small
    _draw_label(row, pictures[0].scene, 4)
    return row


def _draw_label(image: NDArray[np.uint8], text: str, left: int) -> None:
    """Write a line of text into the uppermost rows of an image."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, text, (left, _LABEL_PX - 7), font, 0.4, _INK, 1, cv2.LINE_AA)


def _to_data_url(pixels: NDArray[np.uint8]) -> str:
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, data = cv2.imencode('.jpg', pixels[:, :, ::-1], settings)
    return embed(data.tobytes(), 'image/jpeg')
