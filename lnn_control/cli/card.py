# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control card`: write a checkpoint's model card from what was measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnn_control.cli import options
from lnn_control.policies.checkpoint import read_config
from lnn_control.policies.folders import find_checkpoint, is_checkpoint
from lnn_control.reports.model_card import write_model_card


@dataclass(frozen=True)
class Card:
    """Write README.md into a checkpoint's folder."""

    policy: options.PolicyName
    json: tuple[Path, ...]
    """Files that `lnn-control evaluate --json` wrote."""
    recipe: Path
    """Text file with the commands that trained the checkpoint."""


def check_policy(folder: Path, name: str, results: list[dict[str, Any]]) -> None:
    """Check that results are of the policy that the card is of.

    :param folder: of the checkpoint. :param name: of the policy.
    :raises ValueError: if they are of another one.
    """
    for result in results:
        flown = str(result.get('policy', name))
        is_same = is_checkpoint(flown) and find_checkpoint(flown).resolve() == folder.resolve()
        # Measured elsewhere, in a folder of the same name.
        if not is_same and Path(flown).name != name:
            raise ValueError(
                f'results must be of policy {name}, got those of {flown}: give files of '
                f'`lnn-control evaluate --policy {folder} --json FILE`'
            )


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Card, 'card', arguments)
    folder = find_checkpoint(job.policy)
    results = []
    for path in job.json:
        record = json.loads(path.read_text())
        results += record if isinstance(record, list) else [record]
    config = read_config(folder)
    check_policy(folder, config['name'], results)
    lines = [
        line
        for line in job.recipe.read_text().splitlines()
        if line.strip() and not line.startswith(('#', 'set '))
    ]
    path = write_model_card(folder, config, results, '\n'.join(lines))
    print(f'model card in {path}')
    return 0


OPTIONS = Card
