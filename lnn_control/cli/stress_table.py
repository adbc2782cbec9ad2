# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The table of a stress suite: one row a disturbance and level."""

from lnn_control.evaluation.stress import CLEAN, StressCell, compare_with_clean
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult


def name_cell(cell: StressCell) -> str:
    """Return a cell as words."""
    return 'clean' if cell.disturbance is None else f'{cell.disturbance} {cell.level}'


def print_stress(
    summaries: dict[StressCell, SuiteSummary], results: dict[StressCell, list[TrialResult]]
) -> None:
    """Print one row a cell, with its drop against the clean run of the same seeds."""
    from rich.console import Console
    from rich.table import Table

    clean = summaries[CLEAN]
    table = Table(title=f'stress: {clean.policy}, {clean.world} {clean.season}')
    for name in ('disturbance', 'level', 'success', '95 % Wilson', 'drop', 'lost', 'won'):
        table.add_column(name, justify='left' if name == 'disturbance' else 'right')
    for cell, summary in summaries.items():
        pair = compare_with_clean(results[CLEAN], results[cell])
        against = (f'{100 * pair.drop:.1f}', str(pair.num_lost), str(pair.num_won))
        table.add_row(
            cell.disturbance or 'clean',
            str(cell.level or ''),
            f'{summary.successes} of {summary.episodes}',
            f'{summary.wilson_low:.1%} to {summary.wilson_high:.1%}',
            *(('', '', '') if cell == CLEAN else against),
        )
    Console().print(table)
    print('Drop in percentage points against the clean run; lost and won are seeds that')
    print('succeed only without and only with the disturbance.')
