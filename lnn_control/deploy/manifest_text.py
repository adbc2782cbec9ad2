# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a manifest tells people and other programs: inputs, outputs and preprocessing."""

from typing import Any

from lnn_control.core.observation import NUM_IMU_FEATURES
from lnn_control.policies.backends.deployment import Deployment

_IMU = (
    'of the inertial samples since the last image: mean of the body rates x, y, z [rad/s] and of '
    'the specific force x, y, z [g, 1 g = 9.80665 m/s^2], then the standard deviation of each; '
    'x forward, y left, z up, an accelerometer at rest reads +1 g upwards; without a sample '
    '0 0 0 0 0 1 0 0 0 0 0 0'
)
_COMMAND = (
    'body velocity forward, left, up [m/s], yaw rate counter-clockwise seen from above [rad/s]'
)


def describe_interface(deployment: Deployment, typical_elapsed_time: float) -> dict[str, Any]:
    """Return inputs, outputs and preprocessing of an exported policy, as JSON values.

    :param typical_elapsed_time: what the policy is told at the first image [s].
    """
    size = deployment.preprocessing
    state = [
        _describe(part.name, 'float32', part.shape, 'memory; zeros at the start')
        for part in deployment.state
    ]
    return {
        'inputs': [
            _describe(
                'image',
                'uint8',
                (size.height_px, size.width_px, 3),
                'RGB, rows from the top, pixels from the left',
            ),
            _describe('imu', 'float32', (NUM_IMU_FEATURES,), _IMU),
            _describe(
                'elapsed_time',
                'float32',
                (),
                f'since the last image [s], positive; {typical_elapsed_time:g} at the first',
            ),
            *state,
        ],
        'outputs': [
            _describe('command', 'float32', (4,), _COMMAND),
            _describe('neurons', 'float32', (deployment.num_neurons,), 'activity, for display'),
            *({**part, 'name': f'next_{part["name"]}'} for part in state),
        ],
        'image_preprocessing': _describe_preprocessing(deployment),
    }


def _describe(name: str, dtype: str, shape: tuple[int, ...], meaning: str) -> dict[str, Any]:
    return {'name': name, 'dtype': dtype, 'shape': list(shape), 'meaning': meaning}


def _describe_preprocessing(deployment: Deployment) -> list[str]:
    """Return the steps from a camera's image to the policy's, in words that leave no choice."""
    width, height = deployment.preprocessing.width_px, deployment.preprocessing.height_px
    widest = deployment.domain.widest_fov_deg
    steps = [f'scale = min(image_width / {width}, image_height / {height})']
    if widest is not None:
        steps += [
            'focal_length = image_width / 2 / tan(field of view across image_width / 2)  [px]',
            f'widest = 2 * focal_length * tan({widest:g} degrees / 2)  [px]',
            f'scale = min(scale, (widest + 0.5) / {width})',
        ]
    return [
        *steps,
        f'crop_width = min(image_width, round({width} * scale)), crop_height = '
        f'min(image_height, round({height} * scale)); halves round to even',
        'crop at left = (image_width - crop_width) // 2, top = (image_height - crop_height) // 2',
        f'scale the crop to {width} x {height}: each pixel is the mean over the area that it '
        'covers, rounded (INTER_AREA of OpenCV); a narrower crop is interpolated (INTER_LINEAR)',
    ]
