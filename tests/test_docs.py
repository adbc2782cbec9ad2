# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation builds without a warning, holds every page and shows what docstrings say."""

import html
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import lnn_control.liquid

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT / 'docs') for path in (ROOT / 'docs').rglob('*.md'))


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, where any warning is an error."""
    if importlib.util.find_spec('mkdocs') is None:
        pytest.skip('needs the extra dev')
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(folder)],
        cwd=ROOT,
        env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


def read_page(site: Path, name: str) -> str:
    return (site / name).with_suffix('.html').read_text()


def read_words(page: str) -> str:
    """Return what a person reads in a page, code included."""
    body = page.partition('<article')[2].partition('</article>')[0]
    return html.unescape(re.sub(r'<[^>]+>', '', body))


@pytest.mark.parametrize('page', PAGES, ids=str)
def test_page_is_there_and_every_other_leads_to_it(site: Path, page: Path) -> None:
    text = read_page(site, str(page))
    assert len(read_words(text)) > 200
    home = (site / 'index.html').read_text()
    links = {unquote(link) for link in re.findall(r'<a href="([^"#]+)', home)}
    assert page.with_suffix('.html').as_posix() in links


@pytest.mark.parametrize('page', PAGES, ids=str)
def test_links_of_page_lead_somewhere(site: Path, page: Path) -> None:
    file = (site / page).with_suffix('.html')
    for link in re.findall(r'(?:href|src)="([^"]+)"', file.read_text()):
        address, _, anchor = html.unescape(unquote(link)).partition('#')
        if re.match(r'\w+:', address):
            continue
        target = (file.parent / address).resolve() if address else file
        assert target.is_file(), f'{link} of {page}'
        if anchor and target.suffix == '.html' and not anchor.startswith('__'):
            assert f'id="{anchor}"' in target.read_text(), f'{link} of {page}'


@pytest.mark.parametrize('page', PAGES, ids=str)
def test_page_loads_nothing_from_the_network(site: Path, page: Path) -> None:
    text = read_page(site, str(page))
    loaded = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="([^"]+)"', text)
    assert loaded
    assert not [address for address in loaded if address.startswith(('http', '//'))]


def test_reference_has_every_public_name_of_the_liquid_library(site: Path) -> None:
    page = read_page(site, 'api/liquid')
    missing = [
        name
        for name in lnn_control.liquid.__all__
        if not re.search(rf'id="lnn_control\.liquid(\.\w+)?\.{name}"', page)
    ]
    assert missing == []


def test_reference_has_the_call_of_a_policy_with_its_units(site: Path) -> None:
    page = read_page(site, 'api/policies')
    assert 'id="lnn_control.policies.policy.Policy.__call__"' in page
    assert 'elapsed_time' in read_words(page)


@pytest.mark.parametrize('page', [page for page in PAGES if page.parts[0] == 'api'], ids=str)
def test_no_markup_of_docstrings_is_left(site: Path, page: Path) -> None:
    words = read_words(read_page(site, str(page)))
    assert not re.findall(r':(?:param|return|raises|class|func|meth|mod)\b[^\n]{0,40}', words)


@pytest.mark.parametrize('page', ['index.md', 'tutorial.md'])
def test_python_blocks_run(page: str) -> None:
    text = (ROOT / 'docs' / page).read_text()
    blocks = re.findall(r'^```python\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, 'exec'), names)
