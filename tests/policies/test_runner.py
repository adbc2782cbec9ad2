# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.appearance import fit_appearance
from lnn_control.core.domain import DomainError, TrainingDomain
from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import CameraImage, VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing
from lnn_control.policies.policy import Policy, State
from lnn_control.policies.runner import PolicyRunner, RunnerSettings


class ClimbPolicy(Policy):
    """Climbs as fast as its inertial unit reads, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__('climb', Preprocessing(16, 8))
        self.elapsed_times: list[float] = []

    def initial_state(self) -> State:
        return 0

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        self.elapsed_times.append(round(elapsed_time, 6))
        if observation.image[0, 0, 0] == 255:
            raise FloatingPointError('command is not finite')
        return VelocityCommand(vx=state, vz=float(observation.imu[5])), state + 1


def make_image(stamp: float, brightness: int = 0, size: tuple[int, int] = (8, 16)) -> CameraImage:
    return CameraImage(np.full((*size, 3), brightness, np.uint8), stamp)


@pytest.fixture
def runner() -> PolicyRunner:
    return PolicyRunner(ClimbPolicy(), RunnerSettings(first_elapsed_time=0.05, max_gap=1.0))


def fly(runner: PolicyRunner, *stamps: float) -> list[float]:
    """Return the memory that the policy had at each image, counted from its start."""
    commands = [runner.step(make_image(stamp)) for stamp in stamps]
    return [command.vx for command in commands if command is not None]


def test_elapsed_time_is_the_difference_of_the_stamps(runner: PolicyRunner) -> None:
    assert fly(runner, 7.0, 7.05, 7.3) == [0, 1, 2]
    assert runner.policy.elapsed_times == [0.05, 0.05, 0.25]  # type: ignore[attr-defined]


@pytest.mark.parametrize('next_stamp', [6.0, 8.01])
def test_stamp_that_goes_back_or_jumps_starts_afresh(
    next_stamp: float, runner: PolicyRunner
) -> None:
    assert fly(runner, 6.95, 7.0, next_stamp) == [0, 1, 0]
    assert runner.policy.elapsed_times[-1] == 0.05  # type: ignore[attr-defined]
    assert runner.num_starts == 2


def test_repeated_image_is_skipped(runner: PolicyRunner) -> None:
    assert fly(runner, 7.0, 7.0, 7.05) == [0, 1]


def test_inertial_samples_belong_to_the_image_after_them(runner: PolicyRunner) -> None:
    for stamp, force in ((6.96, 1.0), (6.99, 3.0), (7.01, 50.0)):
        runner.add_imu(stamp, np.zeros(3), np.array([0.0, 0.0, force * GRAVITY]))
    command = runner.step(make_image(7.0))
    assert command is not None
    assert command.vz == pytest.approx(2.0)
    assert runner.num_imu_samples == 2


def test_image_that_is_too_small_leaves_the_memory_alone(runner: PolicyRunner) -> None:
    fly(runner, 7.0)
    with pytest.raises(ValueError, match='at least 16x8 pixels, got 8x4'):
        runner.step(make_image(7.05, size=(4, 8)))
    assert fly(runner, 7.1) == [1]


def test_policy_starts_afresh_after_a_command_that_was_not_finite(runner: PolicyRunner) -> None:
    fly(runner, 7.0)
    with pytest.raises(FloatingPointError):
        runner.step(make_image(7.05, brightness=255))
    assert fly(runner, 7.1) == [0]


def test_reset_forgets_everything(runner: PolicyRunner) -> None:
    fly(runner, 7.0, 7.05)
    runner.reset()
    assert fly(runner, 7.1) == [0]


def make_seeing_runner(setup: dict[str, object], **settings: bool) -> PolicyRunner:
    """Return a runner of a policy trained on a quadrotor with cameras of 80 to 100 degrees."""
    policy = ClimbPolicy()
    policy.domain = TrainingDomain(
        tasks=('climb',), vehicle='quadrotor', camera_fov_deg=(80.0, 100.0)
    )
    runner = PolicyRunner(policy, RunnerSettings(**settings))
    runner.start({'setup': setup})
    return runner


def test_images_unlike_the_training_are_noticed_after_a_second() -> None:
    noise = np.random.default_rng(0)
    policy = ClimbPolicy()
    flight = noise.integers(90, 150, (60, 8, 16, 3), np.uint8)
    policy.domain = TrainingDomain(appearance=fit_appearance([flight]))
    runner = PolicyRunner(policy)
    for image in flight[:16]:
        runner.step(CameraImage(image, 7.0 + 0.05 * len(policy.elapsed_times)))
    assert runner.novelty is None
    for image in flight[16:24]:
        runner.step(CameraImage(image, 7.0 + 0.05 * len(policy.elapsed_times)))
    assert runner.novelty is not None and runner.novelty < 1.5
    for _ in range(20):
        runner.step(make_image(7.0 + 0.05 * len(policy.elapsed_times)))
    assert runner.novelty > 10.0
    runner.reset()
    assert runner.novelty is None


def sense(width: int, height: int) -> dict[str, np.ndarray]:
    """Return what an environment sensed: an image whose columns tell their angle in degrees."""
    return {
        'image': np.zeros((height, width, 3), np.uint8),
        'imu': np.zeros((10, 6), np.float32),
        'elapsed_time': np.array([0.05], np.float32),
    }


@pytest.mark.parametrize(
    ('setup', 'message'),
    [
        ({'task': 'hover'}, 'trained for climb, not for hover'),
        ({'vehicle': 'car'}, 'trained on a quadrotor, not on a car'),
    ],
)
def test_episode_of_another_task_or_vehicle_is_refused_at_its_start(
    setup: dict[str, object], message: str
) -> None:
    with pytest.raises(DomainError, match=message):
        make_seeing_runner(setup)
    assert make_seeing_runner(setup, allow_untrained=True).step_sensed(sense(16, 8))


def test_camera_that_sees_less_than_trained_is_refused() -> None:
    message = 'sees 69 degrees across, trained was 80 to 100'
    with pytest.raises(DomainError, match=message):
        make_seeing_runner({'camera_fov_deg': 69.0})
    # A calibration may come later.
    runner = make_seeing_runner({})
    assert 'publish camera_info' in runner.doubt
    runner.set_fov(69.0)
    assert not runner.doubt
    with pytest.raises(DomainError, match=message):
        runner.step(make_image(1.0))
    bold = make_seeing_runner({'camera_fov_deg': 69.0}, allow_untrained=True)
    assert bold.step_sensed(sense(16, 8)).vx == 0


def test_aspect_ratio_counts_into_what_is_seen() -> None:
    # Of 90 degrees over 32 pixels the middle 16, which fit the policy's image, show 53 degrees.
    with pytest.raises(DomainError, match=r'sees 53\.\d+ degrees'):
        make_seeing_runner({'camera_fov_deg': 90.0}).step_sensed(sense(32, 8))


@pytest.mark.parametrize('fov_deg', [100.0, 120.0, 150.0])
def test_wider_camera_is_cropped_to_the_widest_trained(fov_deg: float) -> None:
    seen: list[np.ndarray] = []

    class Eye(ClimbPolicy):
        def __call__(self, observation, state, elapsed_time):
            seen.append(observation.image)
            return VelocityCommand(), state

    policy = Eye()
    policy.domain = TrainingDomain(camera_fov_deg=(80.0, 100.0))
    runner = PolicyRunner(policy)
    runner.start({'setup': {'camera_fov_deg': fov_deg}})
    # Each column holds the angle at which it looks, to the left negative.
    sensed = sense(640, 320)
    places = (np.arange(640) + 0.5) / 320 - 1
    angles = np.degrees(np.arctan(places * np.tan(np.radians(fov_deg) / 2)))
    sensed['image'][:] = np.round(angles + 100)[None, :, None]
    runner.step_sensed(sensed)
    edges = np.degrees(np.arctan((np.array([0.5, 15.5]) / 8 - 1) * np.tan(np.radians(50))))
    assert seen[0][4, [0, 15], 0] - 100.0 == pytest.approx(edges, abs=1.0)


def test_crop_with_too_few_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match=r'too few pixels .*: choose a larger camera mode'):
        make_seeing_runner({'camera_fov_deg': 150.0}).step_sensed(sense(16, 8))


def sense_force(force: float) -> dict[str, np.ndarray]:
    """Return what an environment sensed; ClimbPolicy commands as many m/s upwards as g."""
    sensed = sense(16, 8)
    sensed['imu'][:, 5] = force * GRAVITY
    return sensed


def test_limited_runner_holds_commands_to_the_vehicles_speeds_and_accelerations() -> None:
    runner = PolicyRunner(ClimbPolicy(), RunnerSettings(is_limited=True))
    limits = {'climb_speed': 0.7, 'climb_acceleration': 4.0}
    runner.start({'safety_limits': limits})
    climbs = [runner.step_sensed(sense_force(5.0)).vz for _ in range(5)]
    # 4 m/s^2 over 0.05 s from rest, up to the greatest speed.
    assert climbs == pytest.approx([0.2, 0.4, 0.6, 0.7, 0.7])
    runner.start({'safety_limits': limits})
    assert runner.step_sensed(sense_force(5.0)).vz == pytest.approx(0.2)


def test_limits_count_the_time_since_the_last_image() -> None:
    runner = PolicyRunner(ClimbPolicy(), RunnerSettings(is_limited=True))
    for stamp in (7.0, 7.05, 7.2):
        runner.add_imu(stamp, np.zeros(3), np.array([0.0, 0.0, -3.0 * GRAVITY]))
    # The usual limits of a vehicle that does not say: 1 m/s and 8 m/s^2.
    commands = [runner.step(make_image(stamp)) for stamp in (7.0, 7.05, 7.2)]
    assert [command.vz for command in commands if command] == pytest.approx([-0.4, -0.8, -1.0])


def test_runner_without_limits_passes_what_the_policy_says() -> None:
    runner = PolicyRunner(ClimbPolicy())
    runner.start({'safety_limits': {'climb_speed': 0.7}})
    assert runner.step_sensed(sense_force(5.0)).vz == pytest.approx(5.0)


def sense_window(force: tuple[float, float, float], rate: float = 0.1) -> dict[str, np.ndarray]:
    """Return an image with the 10 samples of an IMU at 200 Hz."""
    sensed = sense(16, 8)
    noise = np.random.default_rng(0).normal(0, 0.1, (10, 6)).astype(np.float32)
    sensed['imu'] = noise + np.array([rate, 0, 0, *force], np.float32)
    return sensed


@pytest.mark.parametrize(
    ('force', 'rate', 'message'),
    [
        ((0.0, 0.0, 1.0), 0.1, 'it seems to be in g'),
        ((0.0, 0.0, GRAVITY), 30.0, 'it seems to be in deg/s'),
        ((0.0, -GRAVITY, 0.0), 0.1, 'it seems to be an optical frame'),
        ((0.0, 0.0, -GRAVITY), 0.1, 'forward, right, down'),
        ((0.0, 0.0, 0.0), 0.1, 'imu.gravity'),
    ],
)
def test_imu_of_another_unit_or_frame_flies_no_longer_than_a_second(
    force: tuple[float, float, float], rate: float, message: str
) -> None:
    runner = PolicyRunner(ClimbPolicy())
    runner.start({})
    for _ in range(19):
        runner.step_sensed(sense_window(force, rate))
    with pytest.raises(DomainError, match='was trained with another IMU') as caught:
        runner.step_sensed(sense_window(force, rate))
    assert message in str(caught.value)
    brave = PolicyRunner(ClimbPolicy(), RunnerSettings(allow_untrained=True))
    for _ in range(30):
        brave.step_sensed(sense_window(force, rate))


def test_imu_that_was_judged_may_tumble() -> None:
    runner = PolicyRunner(ClimbPolicy())
    for _ in range(20):
        runner.step_sensed(sense_window((0.0, 0.0, GRAVITY)))
    for _ in range(40):
        runner.step_sensed(sense_window((0.0, 0.0, -GRAVITY)))


def test_policy_that_returns_something_else_is_named() -> None:
    class Sloppy(ClimbPolicy):
        def __call__(self, observation, state, elapsed_time):
            return [1.0, 0.0, 0.0, 0.0], state

    with pytest.raises(ValueError, match=r'policy climb must return .* got list'):
        PolicyRunner(Sloppy()).step_sensed(sense(16, 8))
