# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.tasks.fly_to_target import FlyToTarget
from sim.worlds import Layout, build_world
from sim.worlds.world import World


def build(density: float, world: str = 'forest', seed: int = 0) -> World:
    layout = Layout((0.0, 0.0), (10.0, 0.0), density=density)
    return build_world(world, 'summer', layout, np.random.default_rng(seed))


def test_denser_forests_hold_more_and_closer_trunks():
    counts = {}
    for density in (0.2, 0.5, 1.0, 1.4):
        solids = [solid for solid in build(density).solids if solid.height > 1.0]
        counts[density] = len(solids)
    for density, count in counts.items():
        assert count == pytest.approx(density * counts[1.0], rel=0.1)


def test_density_that_leaves_no_way_is_an_error_that_says_so():
    with pytest.raises(ValueError, match=r'density 8\.0 leaves no way 1\.5 m wide'):
        build(8.0)


@pytest.mark.parametrize('density', [-1.0, 0.0, 9.0, float('nan')])
def test_impossible_densities_are_errors(density):
    with pytest.raises(ValueError, match='density must be'):
        FlyToTarget(density=density)


def test_density_is_of_the_forest_only():
    with pytest.raises(ValueError, match=r'in the forest only, got 0\.5 for .urban'):
        FlyToTarget(world='urban', density=0.5)
    with pytest.raises(ValueError, match='in the forest only'):
        build(0.5, 'urban')


def test_task_builds_its_forest_with_its_density():
    sparse, usual = (FlyToTarget(density=density).sample(3).world for density in (0.3, 1.0))
    assert len(sparse.solids) < len(usual.solids)
