# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pages opened in a real browser without a window: what is broken, what the console says."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tests.browser import find_browser
from tests.patience import PATIENCE

# Runs in the page once all of it is there.
_CHECK = """<script>
addEventListener('load', async () => {
  const videos = [...document.querySelectorAll('video')], images = [...document.images];
  await Promise.all(videos.map((video) => new Promise((done) => {
    if (video.error || video.readyState >= 2) return done();
    for (const name of ['loadeddata', 'error']) video.addEventListener(name, done);
    video.preload = 'auto';
    video.load();
  })));
  const broken = [
    ...images.filter((one) => !one.complete || !one.naturalWidth),
    ...videos.filter((one) => one.error || !one.videoWidth),
    ...[...document.querySelectorAll('a[href^="#"]')].filter(
      (one) => !document.getElementById(one.getAttribute('href').slice(1))),
  ].map((one) => one.outerHTML.slice(0, 80));
  document.body.dataset.checked = encodeURIComponent(JSON.stringify({
    broken, images: images.length, videos: videos.length,
    overflow: document.documentElement.scrollWidth - innerWidth,
  }));
});
</script>"""


@dataclass(frozen=True)
class OpenedPage:
    """What a browser made of a page.

    :param broken: images and videos that do not decode, links to nowhere.
    :param overflow: how much wider than the window it is [px].
    :param console: what the console was told.
    """

    broken: list[str]
    images: int
    videos: int
    overflow: int
    console: list[str]


def open_page(path: Path, scratch: Path, size: str = '1280,900') -> OpenedPage:
    """Open a page in the browser there is; skip without one, and fail under .ci/run."""
    program = find_browser()
    checked = scratch / 'checked.html'
    text = path.read_text(encoding='utf-8')
    checked.write_text(text.replace('</body>', f'{_CHECK}</body>'), encoding='utf-8')
    flags = ['--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={scratch}/profile']
    flags += [f'--window-size={size}', '--virtual-time-budget=60000', '--enable-logging=stderr']
    done = subprocess.run(
        [program, *flags, '--dump-dom', checked.as_uri()],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    found = re.search(r'data-checked="([^"]+)"', done.stdout)
    assert found is not None, f'the page was not checked: {done.stderr[-2000:]}'
    console = [line for line in done.stderr.splitlines() if ':CONSOLE' in line]
    return OpenedPage(**json.loads(unquote(found[1])), console=console)
