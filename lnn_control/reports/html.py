# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What all pages share: their templates, and files and pictures inside the page itself."""

import base64
import io
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_FOLDER = Path(__file__).resolve().parent / 'templates'


def open_template(name: str, lstrip_blocks: bool = False) -> jinja2.Template:
    """Return a template; a name that it uses and is not given is an error.

    What it is given is escaped in HTML, and in no other language.

    :param lstrip_blocks: leave out what indents its statements.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=jinja2.select_autoescape(['html.j2'], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=lstrip_blocks,
    )
    return environment.get_template(name)


def read_part(name: str) -> str:
    """Return a style sheet or a script that stands beside the templates."""
    return (_FOLDER / name).read_text(encoding='utf-8')


def embed(data: bytes, kind: str) -> str:
    """Return a file as a data URL. :param kind: its media type, such as 'video/mp4'."""
    return f'data:{kind};base64,{base64.b64encode(data).decode("ascii")}'


def embed_image(pixels: NDArray[np.uint8]) -> str:
    """Return a picture as a data URL."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, 'JPEG', quality=85)
    return embed(stream.getvalue(), 'image/jpeg')
