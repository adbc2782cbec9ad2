# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The onboard camera as a viewer wants it: larger, with the command drawn into it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lnn_control.core.flight import FlightRecord

# Drawn at this multiple and scaled down: smooth edges at any size.
_SUPERSAMPLING = 2
_WHITE = (255, 255, 255)
_ACCENT = (255, 186, 84)
_INSET_SHARE = 0.34  # of a frame's sides


@dataclass(frozen=True)
class OverlaySettings:
    """What is drawn into the frames.

    :param scale: of the camera's pixels. :param speed: at the rim of the stick's field [m/s],
        more where a flight has faster commands.
    :param yaw_rate: at the end of its arc [rad/s].
    """

    scale: int = 5
    speed: float = 2.0
    yaw_rate: float = 1.0


def render_frames(
    record: FlightRecord, settings: OverlaySettings | None = None
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield time [s] and enlarged frame with overlay, RGB, for each camera image.

    Where a larger view was drawn for people, that is what is shown, with the camera's image itself
    in a corner.
    """
    settings = settings or OverlaySettings()
    flight = record.flight
    fastest = float(np.abs(flight.commands[:, :2]).max(initial=0.0))
    settings = replace(settings, speed=max(settings.speed, float(np.ceil(fastest))))
    distances = record.distances
    left = 'away' if len(record.site.walk) else 'to go'
    for number, (time, pixels) in enumerate(zip(flight.image_times, flight.images, strict=True)):
        pose = _find_latest(flight.pose_times, time)
        command = flight.commands[_find_latest(flight.command_times, time)]
        frame, view = enlarge(pixels, settings.scale), flight.read_view(number)
        if view is not None:
            frame = _fit(view, frame.shape)
        text = f'{time:4.1f} s    {flight.speeds[pose]:.1f} m/s    {distances[pose]:4.1f} m {left}'
        frame = draw_overlay(frame, command, text, settings)
        if len(flight.saliency):
            frame = draw_saliency(frame, pixels, flight.saliency[number])
        elif view is not None:
            frame = _draw_inset(frame, pixels)
        yield float(time), frame


def _find_latest(times: NDArray[np.float64], time: float) -> int:
    """Return the index of the latest entry at a time, the first one before there is any."""
    return max(int(np.searchsorted(times, time, side='right')) - 1, 0)


def enlarge(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return an image scaled up smoothly (Lanczos), width and height even."""
    height, width = (2 * round(size * scale / 2) for size in pixels.shape[:2])
    larger = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LANCZOS4)
    return np.asarray(larger, dtype=np.uint8)


def _fit(pixels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return an image of another size. :param shape: height and width come first."""
    resized = cv2.resize(pixels, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, dtype=np.uint8)


def draw_overlay(
    frame: NDArray[np.uint8],
    command: NDArray[np.float64],
    text: str,
    settings: OverlaySettings,
) -> NDArray[np.uint8]:
    """Return the frame with a stick that shows the command and a line of text.

    :param command: vx, vy, vz [m/s] and yaw rate [rad/s].
    """
    height = frame.shape[0]
    size = round(height * 0.27)
    margin = round(height * 0.04)
    frame = frame.copy()
    corner = frame[height - margin - size : height - margin, margin : margin + size]
    corner[:] = _blend(corner, _draw_stick(size, command, settings))
    return draw_text(frame, text, max(round(height * 0.042), 8), (0.97, 0.96))


def draw_saliency(
    frame: NDArray[np.uint8], pixels: NDArray[np.uint8], saliency: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the frame with a small copy of the image in its corner, lit where it counted.

    :param pixels: the camera's image. :param saliency: how much each of them counted, 0 to 255.
    """
    return _draw_inset(frame, light_saliency(pixels, saliency))


def _draw_inset(frame: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the frame with a small image in its upper right corner."""
    height, width = frame.shape[:2]
    rows, columns = (round(_INSET_SHARE * side) for side in (height, width))
    margin = round(height * 0.04)
    inset = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_CUBIC)
    frame = frame.copy()
    corner = frame[margin : margin + rows, width - margin - columns : width - margin]
    corner[:] = inset
    cv2.rectangle(
        frame,
        (width - margin - columns, margin),
        (width - margin - 1, margin + rows - 1),
        (200, 200, 200),
        1,
    )
    return frame


def light_saliency(pixels: NDArray[np.uint8], saliency: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image in dark grey, lit where it counted.

    :param saliency: how much each pixel counted, 0 to 255, shape (height, width).
    """
    grey = pixels.mean(axis=2, keepdims=True).astype(np.float32)
    # The root lets what counts a little be seen, too.
    heat = np.sqrt(saliency[..., None].astype(np.float32) / 255)
    lit = (1 - heat) * (0.15 + 0.35 * grey / 255) + heat * np.array(_ACCENT) / 255
    return np.asarray((255 * lit).astype(np.uint8))


def draw_text(
    frame: NDArray[np.uint8], text: str, size_px: int, place: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return the frame with a line of text on a dark plate, if it fits.

    :param size_px: of the letters. :param place: as parts of width and height; below a half the
        plate's left or upper edge lies there, else its right or lower one.
    """
    plate = _draw_plate(text, size_px)
    rows, columns = plate.shape[:2]
    height, width = frame.shape[:2]
    x = round(place[0] * width) - (columns if place[0] > 0.5 else 0)
    y = round(place[1] * height) - (rows if place[1] > 0.5 else 0)
    if x < 0 or y < 0 or x + columns > width or y + rows > height:
        return frame
    frame = frame.copy()
    spot = frame[y : y + rows, x : x + columns]
    spot[:] = _blend(spot, plate)
    return frame


def _blend(below: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return RGBA laid over RGB."""
    alpha = above[..., 3:].astype(np.float32) / 255
    return np.asarray(below * (1 - alpha) + above[..., :3] * alpha, dtype=np.uint8)


def _draw_stick(
    size: int, command: NDArray[np.float64], settings: OverlaySettings
) -> NDArray[np.uint8]:
    """Return RGBA of a field with the commanded velocity, and the yaw rate as an arc around it."""
    big = size * _SUPERSAMPLING
    image = Image.new('RGBA', (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    middle, radius = big / 2, big * 0.36
    field = [middle - radius, middle - radius, middle + radius, middle + radius]
    draw.ellipse(field, fill=(0, 0, 0, 90), outline=(*_WHITE, 110), width=max(big // 90, 1))
    for dx, dy in ((1, 0), (0, 1)):
        reach = radius * 0.86
        ends = [middle - dx * reach, middle - dy * reach, middle + dx * reach, middle + dy * reach]
        draw.line(ends, fill=(*_WHITE, 50), width=max(big // 120, 1))
    vx, vy, _, yaw_rate = command
    share = np.array([-vy, -vx]) / settings.speed
    share /= max(1.0, float(np.hypot(*share)))
    x, y = middle + share * radius * 0.86
    draw.line([middle, middle, x, y], fill=(*_ACCENT, 255), width=max(big // 40, 2))
    dot = big * 0.055
    draw.ellipse([x - dot, y - dot, x + dot, y + dot], fill=(*_ACCENT, 255))
    _draw_yaw_arc(draw, big, float(np.clip(yaw_rate / settings.yaw_rate, -1.0, 1.0)))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


def _draw_yaw_arc(draw: ImageDraw.ImageDraw, big: int, share: float) -> None:
    """Draw an arc from the top towards where the nose turns: left is counter-clockwise."""
    rim = [big * 0.05, big * 0.05, big * 0.95, big * 0.95]
    width = max(big // 28, 2)
    draw.arc(rim, -150, -30, fill=(*_WHITE, 70), width=width)
    end = -90 - 60 * share
    if abs(share) > 0.01:
        draw.arc(rim, min(end, -90), max(end, -90), fill=(*_ACCENT, 255), width=width)


@lru_cache(maxsize=8)
def _load_font(size: int) -> ImageFont.FreeTypeFont:
    # matplotlib brings a font with it, so the look does not depend on the machine.
    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    return ImageFont.truetype(str(folder / 'DejaVuSans.ttf'), size)


def _draw_plate(text: str, size: int) -> NDArray[np.uint8]:
    """Return RGBA of white text on a dark, see-through plate."""
    font = _load_font(size)
    left, _, right, _ = font.getbbox(text)
    pad = round(size * 0.55)
    width, height = int(right - left) + 2 * pad, int(font.size * 1.05) + 2 * pad
    plate = Image.new('RGBA', (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(plate)
    draw.rounded_rectangle([0, 0, width - 1, height - 1], radius=pad, fill=(0, 0, 0, 110))
    draw.text((pad - left, pad - size * 0.12), text, font=font, fill=(*_WHITE, 255))
    return np.asarray(plate)
