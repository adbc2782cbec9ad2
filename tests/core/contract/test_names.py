# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

from lnn_control.core.contract.names import FINDINGS, read_tolerated

ROOT = Path(__file__).parents[3]


def find_names(*paths: Path) -> set[str]:
    text = '\n'.join(path.read_text() for path in paths)
    return set(re.findall(r"['`]((?:image|imu|clock)\.[a-z]+)['`]", text))


def test_names_are_those_of_the_checks_and_of_the_docs() -> None:
    checks = sorted((ROOT / 'lnn_control' / 'core' / 'contract').glob('*.py'))
    checks = [path for path in checks if path.name != 'names.py']
    found = find_names(*checks, ROOT / 'lnn_control' / 'nodes' / 'policy_node.py')
    assert list(FINDINGS) == sorted(set(FINDINGS))
    # Those of silence are put together from the names of the sensors.
    assert found | {'image.silent', 'imu.silent'} == set(FINDINGS)
    table = (ROOT / 'docs' / 'sensors.md').read_text().partition('## ')[0]
    assert find_names_of_table(table) == set(FINDINGS) - {'clock.silent'}


def find_names_of_table(text: str) -> set[str]:
    cells = [line.split('|')[1] for line in text.splitlines() if line.startswith('| `')]
    return {name for cell in cells for name in re.findall(r'`([^`]+)`', cell)}


def test_tolerated_findings_are_read() -> None:
    assert read_tolerated(' imu.frozen  image.age ') == {'imu.frozen', 'image.age'}
    assert read_tolerated('') == frozenset()


@pytest.mark.parametrize(
    ('text', 'wrong', 'closest'),
    [
        ('imu.frozn image.age', 'imu.frozn', 'imu.frozen'),
        ('image.age image.agee', 'image.agee', 'image.age'),
        ('imu.frozen,image.age', 'imu.frozen,image.age', 'imu.frozen'),
    ],
)
def test_misspelt_finding_is_refused_with_the_closest(text: str, wrong: str, closest: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_tolerated(text)
    assert f"got {wrong!r}; did you mean '{closest}'?" in str(caught.value)
