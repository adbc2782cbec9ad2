# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which topic of a bag is which of a contract: by its name, in a namespace or not."""

from lnn_control.data.contract import Contract
from lnn_control.data.problems import RecordingError


def match_topics(contract: Contract, kinds: dict[str, str]) -> dict[str, str]:
    """Return which topic of a bag is which of a contract: the same, or all in one namespace.

    :param kinds: topic of the bag -> type.
    :raises RecordingError: if one is missing, or there are several vehicles; it says what there
        is.
    """
    required = contract.list_required()
    spaces = {''}
    for topic in kinds:
        spaces |= {
            topic.removesuffix(end).removesuffix(wanted)
            for wanted in required
            for end in ('', '/compressed')
            if topic.removesuffix(end).endswith(wanted)
        }
    found = {
        space: [wanted for wanted in required if _find(space + wanted, kinds) is None]
        for space in spaces
    }
    complete = sorted(space for space, missing in found.items() if not missing)
    if '' in complete:
        complete = ['']
    if len(complete) > 1:
        raise RecordingError(
            f'holds several vehicles ({", ".join(complete)}): write the topics of one with their '
            'namespace into the contract'
        )
    if not complete:
        missing = min(found.values(), key=len)
        raise RecordingError(
            f'has no {" and no ".join(missing)}; it holds {_list_kinds(kinds)}: name the topics '
            'in a contract (`lnn-control data contract` writes one), or record that topic too'
        )
    space = complete[0]
    return {
        str(_find(space + wanted, kinds)): wanted
        for wanted in contract.list_topics()
        if _find(space + wanted, kinds) is not None
    }


def _find(topic: str, kinds: dict[str, str]) -> str | None:
    for name in (topic, f'{topic}/compressed'):
        if name in kinds:
            return name
    return None


def _list_kinds(kinds: dict[str, str]) -> str:
    shown = [f'{topic} ({kind.rpartition("/")[2]})' for topic, kind in sorted(kinds.items())]
    return ', '.join(shown[:20]) + (', ...' if len(shown) > 20 else '') or 'nothing'
