# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The files of `lnn-control evaluate`: one record a row and policy, with its trials."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lnn_control.cli.evaluation_flights import FlownPost
from lnn_control.cli.roster import Part
from lnn_control.core.provenance import describe_versions
from lnn_control.core.whole_file import write_whole
from lnn_control.evaluation.pairs import compare_pairs
from lnn_control.evaluation.suite import REFERENCES, write_records

SUMMARY = 'summary.json'


def write_summaries(path: Path, rows: Sequence[FlownPost], beside: Mapping[str, Any]) -> None:
    """Write one record, or a list of them, those asked for before those compared.

    References stand inside the record of the row that they fly beside.

    :param beside: what all records say, such as the first seed.
    """
    own = {row.post.scenario: row for row in rows if row.post.part is Part.OWN}
    records = []
    for row in rows:
        if row.post.part is Part.REFERENCE:
            continue
        record = describe_row(row) | dict(beside) | {'versions': describe_versions()}
        if row.post.part is Part.AGAINST:
            record['against'] = _compare(own[row.post.scenario], row)
        else:
            references = [one for one in rows if _is_reference_of(one, row)]
            record |= {REFERENCES: [describe_row(one) for one in references]} if references else {}
        records.append(record)
    with write_whole(path) as stream:
        stream.write(f'{write_records(records)}\n'.encode())


def describe_row(row: FlownPost) -> dict[str, Any]:
    """Return the rate of a row, what names it, and its trials."""
    trials = [asdict(result) for result in row.results]
    return asdict(row.summary) | row.post.scenario.describe() | {'trials': trials}


def _is_reference_of(one: FlownPost, row: FlownPost) -> bool:
    return one.post.part is Part.REFERENCE and one.post.scenario == row.post.scenario


def _compare(first: FlownPost, other: FlownPost) -> dict[str, Any]:
    """Return how a row differs from that of the policy asked for, seed by seed."""
    pair = compare_pairs(first.results, other.results)
    low, high = pair.interval
    return asdict(pair) | {
        'policy': first.post.policy,
        'difference': pair.difference,
        'low': low,
        'high': high,
        'p_value': pair.p_value,
    }
