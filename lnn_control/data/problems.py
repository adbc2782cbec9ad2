# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a recording, each with the file, the topic and the message."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal['note', 'loss', 'error']
"""A note changes nothing; with a loss the rest can be used; with an error nothing can."""

_MOST_PER_KIND = 5


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    :param kind: a word for it, the same for all of its kind: 'stamps-back'.
    :param place: number of the message on its topic, from 0; None where it is not of one message.
    """

    severity: Severity
    kind: str
    text: str
    file: str = ''
    topic: str = ''
    place: int | None = None

    def __str__(self) -> str:
        where = [self.file] if self.file else []
        if self.topic:
            where.append(self.topic)
        if self.place is not None:
            where.append(f'message {self.place}')
        return f'{" ".join(where)}: {self.text}' if where else self.text


@dataclass
class Findings:
    """Collects problems of one recording; of a kind on a topic only the first few in words.

    :param file: of the recording.
    """

    file: str = ''
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(
        self,
        severity: Severity,
        kind: str,
        text: str,
        topic: str = '',
        place: int | None = None,
    ) -> None:
        """Take note of a problem."""
        self.counts[kind, topic] += 1
        if self.counts[kind, topic] <= _MOST_PER_KIND:
            self.problems.append(Problem(severity, kind, text, self.file, topic, place))

    def count(self, kind: str) -> int:
        """Return how often something was wrong, on all topics."""
        return sum(number for (name, _), number in self.counts.items() if name == kind)

    def select(self, *severities: Severity) -> list[Problem]:
        """Return the problems that are as grave as that."""
        return [problem for problem in self.problems if problem.severity in severities]

    def explain(self, topic: str) -> str:
        """Return why the first message of a topic was lost, to be added to an error.

        :param topic: as the contract has it.
        """
        for problem in self.select('loss'):
            if problem.topic.removesuffix('/compressed').endswith(topic):
                return f'; message {problem.place} {problem.text}'
        return ''

    def describe_losses(self) -> str:
        """Return all that was lost as one line, such as '3 imu-nan (/imu/data), 1 damaged'."""
        return self._describe(self.select('loss', 'error'))

    def describe_all(self) -> str:
        """Return all that was found as one line."""
        return self._describe(self.problems)

    def _describe(self, problems: list[Problem]) -> str:
        kinds = {(problem.kind, problem.topic) for problem in problems}
        return ', '.join(
            f'{number} {kind}' + (f' ({topic})' if topic else '')
            for (kind, topic), number in sorted(self.counts.items())
            if (kind, topic) in kinds
        )


class RecordingError(ValueError):
    """A recording that cannot be used as it is; the message says why and what to do."""
