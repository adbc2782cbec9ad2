# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.domain import TrainingDomain
from lnn_control.imitation.domain import find_domain, list_places, see_training

EPISODE = {
    'task': 'hike',
    'vehicle': 'quadrotor',
    'camera_fov_deg': '100.0',
    'camera_pitch_deg': '0.0',
    'camera_rate': '20.0',
    'camera_latency': '0.03',
    'command_limits': '3 3 1 1.5',
}


def test_domain_spans_what_the_episodes_say() -> None:
    other = EPISODE | {'task': 'fly_to_target', 'camera_fov_deg': '65', 'camera_rate': '30'}
    assert find_domain([EPISODE, other], max_stride=2) == TrainingDomain(
        tasks=('fly_to_target', 'hike'),
        vehicle='quadrotor',
        camera_fov_deg=(65.0, 100.0),
        camera_pitch_deg=(0.0, 0.0),
        camera_rate=(10.0, 30.0),
        camera_latency=(0.03, 0.03),
        command_limits=(3.0, 3.0, 1.0, 1.5),
    )


@pytest.mark.parametrize('name', sorted(EPISODE))
def test_what_one_episode_does_not_say_is_unknown(name: str) -> None:
    other = {key: value for key, value in EPISODE.items() if key != name}
    domain = find_domain([EPISODE, other], max_stride=1)
    assert getattr(domain, {'task': 'tasks'}.get(name, name)) is None
    assert domain != TrainingDomain()


def test_episodes_of_robots_say_nothing() -> None:
    assert find_domain([{}, {}], max_stride=3) == TrainingDomain()


def test_training_is_seen_by_some_of_its_flights() -> None:
    still = np.full((20, 8, 8, 3), 90, np.uint8)
    dark = np.zeros_like(still)
    seen = see_training([still, dark])
    assert seen is not None and seen.mean[0] == pytest.approx(45 / 255)
    # Of 300 flights every third is looked at.
    assert see_training([still, dark, dark] * 100) == see_training([still])
    assert see_training([]) is None


def test_two_vehicles_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"one vehicle, got \['car', 'quadrotor'\]"):
        find_domain([EPISODE, EPISODE | {'vehicle': 'car'}], max_stride=1)


def test_places_are_named_once_and_only_where_an_episode_says() -> None:
    forest = {'world': 'forest', 'season': 'winter'}
    assert list_places([forest, forest, {'world': 'road', 'season': 'summer'}, {}]) == [
        'forest winter',
        'road summer',
    ]
