# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What can be chosen by name is listed without loading it, and other packages can add to it."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from lnn_control.core.registry import Registry
from sim.disturbances import DISTURBANCES
from sim.renderers import RENDERERS
from sim.tasks import TASKS
from sim.vehicles import VEHICLES, find_vehicle
from sim.vehicles.car import Car
from sim.worlds import WORLDS

OWN = [
    (TASKS, ['fly_to_target', 'follow_target', 'hike', 'drive_to_target', 'keep_lane']),
    (WORLDS, ['forest', 'road', 'urban', 'varied_forest']),
    (RENDERERS, ['tiny', 'gl', 'none']),
    (VEHICLES, ['quadrotor', 'rover', 'car']),
    (
        DISTURBANCES,
        [
            *('image_noise', 'brighter', 'darker', 'contrast', 'saturation', 'motion_blur'),
            *('occluding_patch', 'camera_roll', 'dropped_frames', 'repeated_frames', 'latency'),
            *('wind', 'heavier', 'lighter', 'battery_sag'),
        ],
    ),
]


@pytest.mark.parametrize(('registry', 'names'), OWN)
def test_own_entries_come_in_their_order(registry: Registry, names: list[str]):
    assert isinstance(registry, Mapping)
    assert [name for name in registry if registry.is_own(name)] == names


@pytest.mark.parametrize('registry', [TASKS, WORLDS, RENDERERS, VEHICLES])
def test_own_entries_pass_the_check_of_those_of_other_packages(registry: Registry):
    for entry in registry.values():
        assert registry.find(f'{entry.__module__}:{entry.__qualname__}') is entry


@pytest.mark.parametrize(('registry', 'names'), OWN)
def test_entries_of_another_kind_are_refused(registry: Registry, names: list[str]):
    with pytest.raises(ValueError, match=rf'{registry.kind} .*math:pi.* cannot be used: expected'):
        registry.find('math:pi')


@pytest.mark.parametrize('package', ['tasks', 'worlds', 'renderers', 'disturbances', 'vehicles'])
def test_listing_names_loads_no_engine(package):
    listing = (
        f'import sys, sim.{package} as package; '
        'list(getattr(package, package.__name__.rpartition(".")[2].upper())); '
        'sys.exit("pybullet" in sys.modules or "moderngl" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', listing], check=False).returncode == 0


def test_describing_tasks_and_disturbances_loads_no_engine():
    loading = (
        'import sys; from sim.tasks import TASKS; from sim.disturbances import DISTURBANCES; '
        'dict(TASKS); dict(DISTURBANCES); sys.exit("pybullet" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', loading], check=False).returncode == 0


def test_vehicle_that_is_nowhere_lists_those_that_are():
    with pytest.raises(ValueError, match=r"vehicle must be one of .*did you mean 'rover'"):
        find_vehicle('rovr')


def test_vehicles_are_found_by_name_and_module_and_by_themselves():
    assert find_vehicle('car') is find_vehicle('sim.vehicles.car:Car') is find_vehicle(Car) is Car


def test_package_has_no_names_that_it_does_not_offer():
    with pytest.raises(ImportError, match='NoSuchTask'):
        from sim.tasks import NoSuchTask  # noqa: F401
