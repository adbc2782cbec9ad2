# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control card`: write a checkpoint's model card from what was measured."""

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from lnn_control.policies.checkpoint import find_checkpoint, read_config
from lnn_control.reports.model_card import write_model_card


@dataclass(frozen=True)
class Card:
    """Write README.md into a checkpoint's folder."""

    checkpoint: str
    """A folder or the name of a shipped checkpoint."""
    results: tuple[Path, ...]
    """Files that `lnn-control evaluate --json` wrote."""
    recipe: Path
    """Text file with the commands that trained the checkpoint."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = tyro.cli(Card, args=arguments, prog='lnn-control card')
    folder = find_checkpoint(job.checkpoint)
    results = []
    for path in job.results:
        record = json.loads(path.read_text())
        results += record if isinstance(record, list) else [record]
    lines = [
        line
        for line in job.recipe.read_text().splitlines()
        if line.strip() and not line.startswith(('#', 'set '))
    ]
    path = write_model_card(folder, read_config(folder), results, '\n'.join(lines))
    print(f'model card in {path}')
    return 0
