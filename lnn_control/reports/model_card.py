# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The model card of a checkpoint: what it is, how it was trained, what was measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lnn_control.core.domain import join_names

CARD_NAME = 'README.md'
# Of a summary, what makes it another measurement than that of the plain task.
_SETS_APART = (
    *('disturbance', 'level', 'strength', 'distance'),
    *('camera_fov_deg', 'camera_pitch_deg', 'camera_rate', 'renderer', 'backend'),
)


def write_model_card(
    folder: Path, config: dict[str, Any], results: Sequence[dict[str, Any]], recipe: str
) -> Path:
    """Write README.md into a checkpoint's folder and return its path.

    :param config: the checkpoint's config.json.
    :param results: summaries that `lnn-control evaluate --json` wrote.
    :param recipe: the commands that trained it.
    :raises ValueError: if a summary lacks a field or is of another policy's measurement.
    """
    path = folder / CARD_NAME
    path.write_text(render_model_card(config, results, recipe))
    return path


def render_model_card(
    config: dict[str, Any], results: Sequence[dict[str, Any]], recipe: str
) -> str:
    """Return the model card as Markdown."""
    network, training = config['network'], config['training']
    memory = config.get('memory') or describe_first_memory(config['wiring'])
    article = 'An' if memory['kind'][0] in 'aeiou' else 'A'
    image = network['preprocessing']
    versions = training['versions']
    return f"""# {config['name']}

{article} {memory['kind']} that steers {describe_purpose(config.get('domain') or {})}.

| | |
|---|---|
| input | RGB image {image['width_px']}x{image['height_px']}, IMU samples since the last one |
| output | body velocity forward, left, up [m/s] and yaw rate [rad/s] |
| encoder | four convolutions {network['channels']}, places and sectors |
| memory | {describe_memory(memory)} |
| trainable parameters | {describe_size(config['num_parameters'], memory)} |
| trained on | {describe_data(training['data'])} |
| versions | {', '.join(f'{name} {version}' for name, version in sorted(versions.items()))} |

## Measured

One episode a seed, closed loop, camera and IMU with noise and latency. `lnn-control show SUITE`
says what counts as success; all else, such as a collision or time that is up, is a failure.

{render_results(results)}

## Train it again

```bash
{recipe.strip()}
```

## Limits

It knows the tasks, vehicle and places above, as they look in simulation, and no others: only
what is measured above is known of how it does elsewhere. It has no map.
"""


def describe_purpose(domain: dict[str, Any]) -> str:
    """Return in words which vehicle a checkpoint steers and for what, as far as it says.

    :param domain: of the checkpoint's config.json.
    """
    tasks = domain.get('tasks')
    purpose = f', trained for {join_names(tasks)}' if tasks else ''
    return f'a {domain.get("vehicle") or "vehicle"} by camera and IMU{purpose}'


def describe_data(data: dict[str, Any]) -> str:
    """Return in words what a checkpoint was trained on.

    :param data: of the checkpoint's training; without `places` if it is older than they are.
    """
    where = ', '.join(data.get('places', ()))
    return f'{data["episodes"]} episodes, {data["images"]} images' + (
        f': {where}' if where else ''
    )


def describe_first_memory(wiring: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint would say of its memory that is older than other memories.

    :param wiring: of a neural circuit policy.
    """
    names = ('inter', 'command', 'motor')
    return {
        'kind': 'liquid neural network',
        'words': 'closed-form continuous-time neurons',
        'neurons': {name: wiring[f'num_{name}'] for name in names},
    }


def describe_memory(memory: dict[str, Any]) -> str:
    """Return in words what a memory is made of, its neurons by kind where there are several."""
    neurons = memory['neurons']
    if not neurons:
        return str(memory['words'])
    if len(neurons) == 1:
        return f'{memory["words"]}, {sum(neurons.values())} neurons'
    return f'{memory["words"]}, {_join(neurons)} neurons'


def describe_size(num_parameters: int, memory: dict[str, Any]) -> str:
    """Return the number of parameters, and of each part where the checkpoint knows."""
    parts = memory.get('num_parameters')
    return f'{num_parameters} in all' + (f': {_join(parts)}' if parts is not None else '')


def _join(counts: dict[str, int]) -> str:
    return ', '.join(f'{count} {name}' for name, count in counts.items())


def render_results(results: Sequence[dict[str, Any]]) -> str:
    """Return evaluation summaries as a Markdown table.

    :raises ValueError: if a summary lacks a field.
    """
    needed = ('suite', 'world', 'season', 'successes', 'episodes', 'wilson_low', 'wilson_high')
    rows = ['| suite | world | season | success | 95 % Wilson interval |', '|---|---|---|---|---|']
    for result in results:
        missing = [name for name in needed if name not in result]
        if missing:
            raise ValueError(f'an evaluation summary must have {needed}, lacks {missing}')
        share = f'{result["successes"]} of {result["episodes"]}'
        rate = result['successes'] / result['episodes']
        interval = f'{result["wilson_low"]:.1%} to {result["wilson_high"]:.1%}'
        asked = dict(result.get('task_option') or {})
        asked |= {name: result[name] for name in _SETS_APART if result.get(name) is not None}
        if asked.get('level') == 0:
            del asked['level']  # of the trials of a suite that nothing disturbs
        told = ''.join(f', {name} {value}' for name, value in asked.items())
        if result.get('limits') is False:
            told += ', no limits'
        rows.append(
            f'| {result["suite"]}{told} | {result["world"]} | {result["season"]} '
            f'| {share} = {rate:.1%} | {interval} |'
        )
    return '\n'.join(rows)
