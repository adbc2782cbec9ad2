# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The layout for Foxglove names topics, fields and services that there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from lnn_control.nodes import topics

ROOT = Path(__file__).parents[2]
LAYOUT = json.loads((ROOT / 'config' / 'foxglove_layout.json').read_text())
NODES = (ROOT / 'docs' / 'nodes.md').read_text()
TOPICS = {
    topic.name: topic for topic in vars(topics).values() if isinstance(topic, topics.Topic)
} | {topics.COMMAND_STAMPED.name: topics.COMMAND_STAMPED}


def list_texts(value: Any) -> Iterator[str]:
    """Yield every text in a tree of JSON, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from list_texts(part)


def list_panels(tree: Any) -> list[str]:
    """Return the panels of a layout's tree."""
    if isinstance(tree, str):
        return [tree]
    return [*list_panels(tree['first']), *list_panels(tree['second'])]


SERVICES = [
    config['serviceName'] for config in LAYOUT['configById'].values() if 'serviceName' in config
]
PATHS = sorted(
    {text for text in list_texts(LAYOUT['configById']) if text.startswith('/')} - set(SERVICES)
)


def test_every_panel_is_placed_once_and_told_what_it_shows() -> None:
    assert sorted(list_panels(LAYOUT['layout'])) == sorted(LAYOUT['configById'])


def test_layout_shows_what_the_dashboard_shows() -> None:
    shown = {path[1:].partition('.')[0] for path in PATHS}
    assert shown >= {
        *('camera/image_raw', 'policy/saliency', 'policy/neurons', 'policy/timing'),
        *('cmd_vel_raw', 'cmd_vel', 'safety/state', 'diagnostics'),
    }


@pytest.mark.parametrize('path', PATHS)
def test_path_is_a_topic_of_the_table_and_a_field_of_its_messages(path: str) -> None:
    name, *fields = path[1:].split('.')
    # A topic of all robots has its slash in the table, too.
    name = name if name in TOPICS else f'/{name}'
    assert f'| `{name}` |' in NODES
    value = TOPICS[name].type()
    for field in fields:
        value = getattr(value, re.sub(r'\[.*\]$', '', field))


def test_button_calls_a_service_of_the_table() -> None:
    assert SERVICES == ['/safety_node/emergency_stop']
    assert f'| `{SERVICES[0][1:]}` | std_srvs/Trigger |' in NODES
