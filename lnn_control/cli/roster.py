# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Who flies which row: the policies asked for, those they are compared with, references."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from lnn_control.cli.scenarios import Scenario, describe_setup
from lnn_control.core.domain import DomainError, TrainingDomain, check_domain, list_mismatches
from lnn_control.deploy.provide import provide_policy
from lnn_control.evaluation.row_names import name_row_of_suite
from lnn_control.policies.folders import DEFAULT_POLICY, POLICY_OF_TASK
from lnn_control.policies.registry import is_blind, make_policy

REFERENCE_POLICIES = ('hover', 'expert')
"""Who stands beside every row: one that does nothing and one that knows everything."""

MAX_REFERENCE_EPISODES = 10
"""Trials of a row that a reference flies at most: enough to tell what a rate is worth."""


class Part(Enum):
    """Why a policy flies a row: it was asked for, is compared, or says what a rate is worth."""

    OWN = 'own'
    AGAINST = 'against'
    REFERENCE = 'reference'


@dataclass(frozen=True)
class Post:
    """A scenario and who flies it. :param seeds: one a trial."""

    scenario: Scenario
    policy: str
    seeds: range
    part: Part = Part.OWN


@dataclass(frozen=True)
class LeftOut:
    """A row that is not flown. :param policy: that would have; None where there is none."""

    policy: str | None
    scenario: Scenario
    reason: str


@dataclass(frozen=True)
class Roster:
    """All rows: those asked for, then those compared, then the references, each in their order."""

    posts: tuple[Post, ...]
    left_out: tuple[LeftOut, ...] = ()

    def list_part(self, part: Part) -> list[Post]:
        """Return the rows that are flown for one reason."""
        return [post for post in self.posts if post.part is part]

    @cached_property
    def policies(self) -> tuple[str, ...]:
        """Who flies, in the order of the rows."""
        return tuple(dict.fromkeys(post.policy for post in self.posts))


@dataclass(frozen=True)
class Request:
    """Who is asked to fly.

    :param policies: each row is flown by the first that was trained for it; none for the shipped
        policy of each task.
    :param against: that fly the same seeds, to be compared.
    :param backend: what computes the policies. :param allow_untrained: whatever they were trained
        for.
    :param has_references: whether references fly beside them.
    :param is_selective: a row that nobody was trained for is left out, instead of refused.
    """

    policies: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    backend: str | None = None
    allow_untrained: bool = False
    has_references: bool = True
    is_selective: bool = False
    _domains: dict[str, TrainingDomain] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [*self.policies, *self.against]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            _refuse_twice(twice[0])

    def find_domain(self, name: str) -> TrainingDomain:
        """Return what a policy was trained for; who does not look flies anything.

        :raises ValueError: if it cannot be made.
        """
        if name not in self._domains:
            provided = provide_policy(name, self.backend)
            blind = is_blind(name)
            self._domains[name] = TrainingDomain() if blind else make_policy(provided).domain
        return self._domains[name]

    def list_reasons(self, name: str, scenario: Scenario) -> list[str]:
        """Return a sentence for each thing of a scenario that a policy was not trained for."""
        domain = self.find_domain(name)
        return [] if self.allow_untrained else list_mismatches(domain, describe_setup(scenario))


def _refuse_twice(name: str) -> None:
    raise ValueError(f'--policy and --against name {name} twice: the same trials again')


def make_roster(rows: Sequence[tuple[Scenario, range]], request: Request) -> Roster:
    """Choose who flies each row.

    :param rows: scenarios with their seeds.
    :raises DomainError: if nobody was trained for a row that must be flown.
    :raises ValueError: if a policy cannot be made, or there is none for a row or no row for one.
    """
    # Who is named is made here, so that errors come before anything flies.
    for name in (*request.policies, *request.against):
        request.find_domain(name)
    own, left_out = _split(_choose_own(scenario, seeds, request) for scenario, seeds in rows)
    if not own:
        raise ValueError(f'no row is left to fly: {describe_left_out(left_out)[0]}')
    _check_used(own, left_out, request)
    against, more = _split(
        _choose_other(post, name, request) for name in request.against for post in own
    )
    references = _list_references([*own, *against]) if request.has_references else []
    return Roster((*own, *against, *references), (*left_out, *more))


def _split(choices: Iterator[Post | LeftOut]) -> tuple[list[Post], list[LeftOut]]:
    chosen = list(choices)
    posts = [one for one in chosen if isinstance(one, Post)]
    return posts, [one for one in chosen if isinstance(one, LeftOut)]


def _choose_own(scenario: Scenario, seeds: range, request: Request) -> Post | LeftOut:
    """Return the first policy that was trained for a row."""
    task = scenario.task.name
    names = request.policies
    if not names:
        spare = (DEFAULT_POLICY,) if request.allow_untrained else ()
        names = (POLICY_OF_TASK[task],) if task in POLICY_OF_TASK else spare
    for name in names:
        if not request.list_reasons(name, scenario):
            return Post(scenario, name, seeds)
    if request.is_selective:
        reason = f'no shipped policy does {task}'
        if names:
            reason = _shorten(request.list_reasons(names[0], scenario))
        return LeftOut(names[0] if len(names) == 1 else None, scenario, reason)
    return _refuse(scenario, names, request)


def _refuse(scenario: Scenario, names: Sequence[str], request: Request) -> Post:
    """Say why nobody flies a row and what to do."""
    task = scenario.task.name
    if not names:
        raise ValueError(
            f'no shipped policy does {task}, those there are do {sorted(POLICY_OF_TASK)}: name '
            f'one with --policy, such as the folder that `lnn-control dagger --task {task} '
            '--output FOLDER` makes'
        )
    if len(names) == 1:
        check_domain(request.find_domain(names[0]), describe_setup(scenario), names[0])
    told = (f'{name}: {"; ".join(request.list_reasons(name, scenario))}' for name in names)
    where = name_row_of_suite(scenario.describe())
    raise DomainError(f'no policy of --policy fits {where}: {"; ".join(told)}')


def _shorten(reasons: Sequence[str]) -> str:
    """Return reasons without what could be done about them."""
    return '; '.join(reason.partition(': ')[0] for reason in reasons)


def _check_used(own: Sequence[Post], left_out: Sequence[LeftOut], request: Request) -> None:
    """Check that every policy that was named flies.

    :raises ValueError: if one flies no row.
    """
    used = {post.policy for post in own}
    for name in request.policies:
        if name in used:
            continue
        scenario = own[0].scenario
        reasons = request.list_reasons(name, scenario)
        why = (
            _shorten(reasons) if reasons else f'{own[0].policy} comes first, and does all it does'
        )
        raise ValueError(
            f'policy {name} flies no row ({why}): leave it out, or compare it with --against'
        )


def _choose_other(own: Post, name: str, request: Request) -> Post | LeftOut:
    """Return a policy that flies a row's seeds again, to be compared."""
    if name == own.policy:
        _refuse_twice(name)
    reasons = request.list_reasons(name, own.scenario)
    if not reasons:
        return replace(own, policy=name, part=Part.AGAINST)
    if not request.is_selective:
        check_domain(request.find_domain(name), describe_setup(own.scenario), name)
    return LeftOut(name, own.scenario, _shorten(reasons))


def _list_references(posts: Sequence[Post]) -> list[Post]:
    """Return the references that do not fly a row already, beside the rows asked for."""
    flown = {(post.scenario, post.policy) for post in posts}
    return [
        replace(post, policy=name, seeds=post.seeds[:MAX_REFERENCE_EPISODES], part=Part.REFERENCE)
        for name in REFERENCE_POLICIES
        for post in posts
        if post.part is Part.OWN and (post.scenario, name) not in flown
    ]


def describe_left_out(left_out: Sequence[LeftOut]) -> list[str]:
    """Return a line for each reason for which rows are left out, with their names."""
    groups: dict[tuple[str | None, str], list[str]] = {}
    for one in left_out:
        name = name_row_of_suite(one.scenario.describe())
        groups.setdefault((one.policy, one.reason), []).append(name)
    return [
        f'{"nobody" if policy is None else policy} flies {"; ".join(names)} ({reason})'
        for (policy, reason), names in groups.items()
    ]
