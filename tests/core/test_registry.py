# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib.metadata
import sys
from collections import OrderedDict
from importlib.metadata import EntryPoint

import pytest

from lnn_control.core import registry
from lnn_control.core.registry import Registry, RegistryError, UnknownNameError, check_subclass


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Return what other packages offer: add to it before the registry is asked."""
    offered: list[EntryPoint] = []
    monkeypatch.setattr(
        registry, 'entry_points', lambda group: [p for p in offered if p.group == group]
    )
    return offered


def make_registry(**entries: object) -> Registry[type]:
    return Registry('thing', 'things', entries or {'plain': dict}, check_subclass(dict))


def test_own_entries_are_found_by_name(points: list[EntryPoint]) -> None:
    things = make_registry(plain=dict, lazy='collections:OrderedDict')
    assert list(things) == ['plain', 'lazy']
    assert things.find('plain') is dict
    assert things['lazy'] is OrderedDict
    assert things.is_own('lazy')


def test_entry_point_of_another_package_joins_after_ours(points: list[EntryPoint]) -> None:
    points.append(EntryPoint('foreign', 'collections:OrderedDict', 'things'))
    points.append(EntryPoint('other', 'collections:OrderedDict', 'other group'))
    things = make_registry()
    assert list(things) == ['plain', 'foreign']
    assert len(things) == 2
    assert things['foreign'] is OrderedDict
    assert not things.is_own('foreign')


def test_module_and_name_need_no_registration(points: list[EntryPoint]) -> None:
    assert make_registry().find('collections:OrderedDict') is OrderedDict


def test_unknown_name_lists_names_and_the_closest(points: list[EntryPoint]) -> None:
    with pytest.raises(UnknownNameError, match=r"thing must be one of \['plain'\] or module:Name"):
        make_registry().find('x')
    with pytest.raises(UnknownNameError, match="did you mean 'plain'"):
        make_registry().find('plian')
    with pytest.raises(KeyError):
        make_registry()['x']


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('no_such_module:Name', "no module 'no_such_module'"),
        ('collections.nothing:Name', "no module 'collections.nothing'"),
        ('collections:NoName', "no attribute 'NoName'"),
        ('collections:deque', 'expected a subclass of builtins.dict'),
    ],
)
def test_bad_reference_says_what_is_wrong(
    points: list[EntryPoint], name: str, message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        make_registry().find(name)


def test_bad_entry_point_names_its_package(points: list[EntryPoint]) -> None:
    points.append(EntryPoint('bad', 'collections:deque', 'things'))
    with pytest.raises(RegistryError, match=r"thing 'bad' of package .* cannot be used"):
        make_registry().find('bad')


def test_name_offered_twice_is_refused(points: list[EntryPoint]) -> None:
    points.append(EntryPoint('plain', 'collections:OrderedDict', 'things'))
    with pytest.raises(RegistryError, match=r"'plain' is offered twice, .* and lnn_control"):
        make_registry().find('x')


def test_missing_dependency_of_an_entry_keeps_its_name(
    points: list[EntryPoint], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'needs_more.py').write_text('import something_missing\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as caught:
        make_registry().find('needs_more:Name')
    assert caught.value.name == 'something_missing'


def test_entry_points_of_the_installation_are_read() -> None:
    # Not the fixture's: `console_scripts` is a group that every installation has.
    scripts = Registry('script', 'console_scripts', {})
    installed = {p.name for p in importlib.metadata.entry_points(group='console_scripts')}
    assert set(scripts) == installed


def test_module_in_the_current_folder_can_be_named(
    points: list[EntryPoint], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'lies_here.py').write_text('class Mine(dict):\n    pass\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.path', [*sys.path])
    assert make_registry().find('lies_here:Mine').__name__ == 'Mine'
