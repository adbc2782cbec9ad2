# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import yaml

from lnn_control.core.config import ConfigError
from lnn_control.data.bags import find_bags
from lnn_control.data.contract import (
    OUR_CONTRACT,
    describe_contract,
    describe_schema,
    load_contract,
    parse_contract,
)
from lnn_control.data.guess import guess_contract
from lnn_control.data.problems import RecordingError
from tests.data.made_bags import (
    COMMAND,
    IMU,
    START,
    Sent,
    ackermann,
    answer,
    camera_info,
    image,
    imu,
    joy,
    odometry,
    record,
    see_and_feel,
    text,
    twist_stamped,
)

LEAST = {'camera': {'topic': '/camera'}, 'command': {'topic': '/cmd_vel'}}


def test_contract_survives_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(describe_contract(OUR_CONTRACT)))
    assert load_contract(path) == OUR_CONTRACT


def test_least_contract_names_two_topics() -> None:
    contract = parse_contract(LEAST, 'test')
    assert contract.list_topics() == ('/camera', '/cmd_vel')
    assert contract.camera.size == (128, 72) and contract.imu is None


@pytest.mark.parametrize(
    ('part', 'message'),
    [
        ({'camra': {}}, "unknown key 'camra', did you mean 'camera'"),
        ({'camera': {'topic': '/c', 'stmp': 'x'}}, "did you mean 'camera.stamp'"),
        ({'camera': {'topic': '/c', 'stamp': 'wall'}}, "'header' or 'receipt', got 'wall'"),
        ({'camera': {'topic': ''}}, r'camera\.topic must name a topic such as'),
        ({'camera': {'topic': '/c', 'crop': [0.5, 0.0, 0.6, 0.0]}}, 'must leave something'),
        ({'command': {'topic': '/c', 'frame': 'ned'}}, 'name a topic with the heading'),
        ({'command': {'topic': '/c', 'joy': {}}}, 'joy must name at least one'),
        ({'command': {'topic': '/c', 'wheelbase': 'long'}}, 'wheelbase'),
        ({'flying': [{'topic': '/s', 'value': ['x']}]}, "did you mean 'flying.values'"),
        ({'max_gap': 0}, r'max_gap must be a finite number in \[0.01, 3600\] s, got 0'),
        ({'version': 2}, 'version'),
    ],
)
def test_mistakes_are_named(part: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        parse_contract({**LEAST, **part}, 'robot.yaml')
    assert str(error.value).startswith('robot.yaml')


def test_schema_describes_every_key() -> None:
    schema = describe_schema()
    assert set(schema['properties']) == set(describe_contract(OUR_CONTRACT))
    assert schema['required'] == ['camera', 'command']


def guess(folder: Path, messages: list[Sent]):
    (bag,), _ = find_bags(record(folder, messages))
    written = guess_contract(bag)
    return parse_contract(yaml.safe_load(written), 'guess'), written


def test_guess_finds_topics_of_another_vehicle_and_turns_the_world(tmp_path: Path) -> None:
    def steer(time: float, i: int):
        return twist_stamped(time, 'map', vy=1.0)

    messages = [
        *see_and_feel(topics=('/front/image_rect', '/mavros/imu/data')),
        *answer(topic='/mavros/setpoint_velocity/cmd_vel', make_command=steer),
        *(Sent('/depth/image', START + i / 20, image(START + i / 20)) for i in range(20)),
        *(Sent('/pose/odom', START + i / 20, odometry(START + i / 20)) for i in range(20)),
    ]
    contract, written = guess(tmp_path / 'bag', messages)
    assert contract.camera.topic == '/front/image_rect'
    assert contract.imu.topic == '/mavros/imu/data'
    assert contract.command.topic == '/mavros/setpoint_velocity/cmd_vel'
    assert (contract.command.frame, contract.odometry) == ('enu', '/pose/odom')
    # Each guess has its reason, and what was not chosen is named.
    assert '# 20 images a second: others are /depth/image' in written
    assert '# its velocities are those of the world' in written


def test_guess_finds_the_axes_and_units_of_the_imu(tmp_path: Path) -> None:
    wrong = see_and_feel(make_imu=lambda t: imu(t, force=(0.0, 0.0, -1.0)))
    contract, written = guess(tmp_path / 'bag', [*wrong, *answer()])
    assert (contract.imu.frame, contract.imu.force_unit) == ('frd', 'g')
    assert '# its mean acceleration is [0.00, 0.00, -1.00]' in written


def test_guess_for_a_car_asks_for_its_wheelbase(tmp_path: Path) -> None:
    messages = answer(topic='/drive', make_command=lambda t, i: ackermann(t, 2.0, 0.1))
    contract, _ = guess(tmp_path / 'bag', [*see_and_feel(), *messages])
    assert contract.command.wheelbase == 0.33


def test_guess_for_a_joystick_names_axes_and_for_key_presses_holds(tmp_path: Path) -> None:
    sticks = [Sent('/joy', START + 0.5 * k, joy(START + 0.5 * k, [0, 1], [1])) for k in range(2)]
    contract, _ = guess(tmp_path / 'bag', [*see_and_feel(), *sticks])
    assert contract.command.joy.vx.axis == 1
    assert contract.command.hold is None


def test_guess_uses_only_flight_where_our_safety_node_says_when(tmp_path: Path) -> None:
    states = [Sent('/safety/state', START, text('passing commands'))]
    contract, _ = guess(tmp_path / 'bag', [*see_and_feel(), *answer(), *states])
    assert contract.flying[0].values == ('passing commands', 'slowing', 'manual')


@pytest.mark.parametrize(('topic', 'words'), [(COMMAND, 'no commands'), (IMU, None)])
def test_guess_says_what_a_bag_lacks(tmp_path: Path, topic: str, words: str | None) -> None:
    messages = [sent for sent in [*see_and_feel(), *answer()] if sent.topic != topic]
    if words is None:
        contract, written = guess(tmp_path / 'bag', messages)
        assert contract.imu is None and '# there is none in the bag' in written
        return
    with pytest.raises(RecordingError, match=f'holds {words}, only /camera/image_raw'):
        guess(tmp_path / 'bag', messages)


def test_zero_stamps_are_seen(tmp_path: Path) -> None:
    zero = see_and_feel(make_image=lambda t: image(0.0, np.zeros((18, 32, 3), np.uint8)))
    contract, _ = guess(tmp_path / 'bag', [*zero, *answer()])
    assert contract.camera.stamp == 'receipt'


BARREL = (-0.25, 0.06, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ('camera', 'info', 'words'),
    [
        (
            '/front/image_raw',
            camera_info(START, focal_length_px=16.0),
            '  # its calibration: images are straightened, to 90 degrees across\n'
            '  info: {topic: /front/camera_info}\n',
        ),
        (
            # Straightened already: by the projection, not once more.
            '/front/image_rect_color',
            camera_info(START, focal_length_px=16.0, distortion=BARREL),
            '  # its calibration: images were straightened, to 90 degrees across\n'
            '  info: {topic: /front/camera_info}\n',
        ),
        (
            '/front/image_raw',
            camera_info(START, focal_length_px=0.0),
            '  # /front/camera_info tells nothing: camera_info must hold a size and a focal',
        ),
        ('/front/image_raw', text('wide'), 'fov_deg: null'),
        # Of another camera.
        ('/rear/image_raw', camera_info(START), 'fov_deg: null'),
    ],
)
def test_guess_takes_the_lens_from_the_calibration_beside_the_images(
    tmp_path: Path, camera: str, info, words: str
) -> None:
    messages = see_and_feel(topics=(camera, IMU))
    beside = Sent('/front/camera_info', START, info)
    _, written = guess(tmp_path / 'bag', [*messages, *answer(), beside])
    assert words in written


def test_guess_for_names_and_messages_that_are_none_of_ros(tmp_path: Path) -> None:
    strange = {'/camera/image_raw': '/a: b', IMU: '/imu #1', COMMAND: '/*x'}
    messages = [*see_and_feel(), *answer()]
    bag = record(tmp_path / 'strange', [s._replace(topic=strange[s.topic]) for s in messages])
    contract = parse_contract(yaml.safe_load(guess_contract(find_bags(bag)[0][0])), 'guess')
    assert (contract.camera.topic, contract.command.topic) == ('/a: b', '/*x')
    # No sample that can be looked at.
    broken = see_and_feel(make_imu=lambda t: imu(t, force=(0.0, 0.0, 1e300)))
    contract, _ = guess(tmp_path / 'broken', [*broken, *answer()])
    assert contract.imu.topic == IMU


def test_guess_tells_that_a_bag_is_damaged(tmp_path: Path) -> None:
    (tmp_path / 'a.mcap').write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    with pytest.raises(RecordingError, match=r'holds no images, and no other .* ends too early'):
        guess_contract(find_bags(tmp_path)[0][0])
