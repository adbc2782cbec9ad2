# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.core.domain import (
    DomainError,
    FlightSetup,
    TrainingDomain,
    check_domain,
    list_mismatches,
)

DOMAIN = TrainingDomain(
    tasks=('fly_to_target', 'hike'),
    vehicle='quadrotor',
    camera_fov_deg=(80.0, 100.0),
    camera_pitch_deg=(0.0, 10.0),
    camera_rate=(10.0, 20.0),
    camera_latency=(0.0, 0.05),
)
FITTING = {
    'task': 'hike',
    'vehicle': 'quadrotor',
    'camera_fov_deg': 90.0,
    'camera_pitch_deg': 5.0,
    'camera_rate': 15.0,
    'camera_latency': 0.03,
}


def test_what_was_trained_passes() -> None:
    assert list_mismatches(DOMAIN, FlightSetup.of(FITTING)) == []


@pytest.mark.parametrize(
    ('tasks', 'words'),
    [(('rest',), 'rest'), (('rest', 'fly'), 'rest and fly'), (('a', 'b', 'c'), 'a, b and c')],
)
def test_tasks_are_told_as_a_sentence_has_them(tasks: tuple[str, ...], words: str) -> None:
    (found,) = list_mismatches(TrainingDomain(tasks), FlightSetup('hike'))
    assert f'it was trained for {words}, not for hike' in found


def test_nothing_known_on_either_side_is_not_checked() -> None:
    assert list_mismatches(DOMAIN, FlightSetup()) == []
    assert list_mismatches(TrainingDomain(), FlightSetup.of(FITTING)) == []


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('task', 'keep_lane', 'trained for fly_to_target and hike, not for keep_lane'),
        ('vehicle', 'car', 'trained on a quadrotor, not on a car'),
        ('camera_fov_deg', 69.0, 'sees 69 degrees across, trained was 80 to 100'),
        ('camera_pitch_deg', 15.0, 'looks down by 15 degrees, trained was 0 to 10'),
        ('camera_pitch_deg', -5.0, 'looks down by -5 degrees'),
        ('camera_rate', 30.0, 'gives 30 images a second, trained was 10 to 20'),
        ('camera_rate', 5.0, 'gives 5 images a second'),
        ('camera_latency', 0.2, 'delivers after 0.2 s'),
    ],
)
def test_each_thing_that_does_not_fit_is_named_with_what_was_trained(
    name: str, value: object, message: str
) -> None:
    setup = FlightSetup.of(FITTING | {name: value})
    (found,) = list_mismatches(DOMAIN, setup)
    assert message in found
    with pytest.raises(DomainError, match=r'policy pilot does not fit: .*allow_untrained'):
        check_domain(DOMAIN, setup, 'pilot')


def test_wider_camera_is_no_mismatch() -> None:
    assert list_mismatches(DOMAIN, FlightSetup.of(FITTING | {'camera_fov_deg': 150.0})) == []


@pytest.mark.parametrize(
    ('described', 'message'),
    [
        ({'camera_fov': 90.0}, "got \\['camera_fov'\\]"),
        ({'camera_fov_deg': 200.0}, 'in \\[1, 179'),
    ],
)
def test_impossible_setup_is_an_error(described: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FlightSetup.of(described)


def test_domain_of_reversed_range_is_an_error() -> None:
    with pytest.raises(ValueError, match='greatest camera_rate must be'):
        TrainingDomain(camera_rate=(20.0, 10.0))
