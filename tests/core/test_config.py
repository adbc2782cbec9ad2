# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lnn_control.core.checks import check_number
from lnn_control.core.config import ConfigError, load_config, parse_config


@dataclass(frozen=True)
class Encoder:
    channels: tuple[int, ...] = (8, 16)
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_number('dropout', self.dropout, 0.0, 1.0)


@dataclass(frozen=True)
class Training:
    learning_rate: float = 1e-3
    epochs: int = 8
    is_verbose: bool = False
    encoder: Encoder = field(default_factory=Encoder)
    teacher: Encoder | None = None
    data: Path = Path('data')


def test_file_is_read_and_keys_left_out_keep_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / 'train.yaml'
    path.write_text('learning_rate: 1\nencoder: {channels: [4, 5, 6]}\ndata: /tmp/x\n')
    expected = Training(learning_rate=1.0, encoder=Encoder((4, 5, 6)), data=Path('/tmp/x'))
    assert load_config(Training, path) == expected


def test_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / 'empty.yaml'
    path.write_text('# nothing\n')
    assert load_config(Training, path) == Training()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('epoch: 3', r"unknown key 'epoch', did you mean 'epochs'\?"),
        (
            'encoder: {droput: 0.2}',
            r"unknown key 'encoder.droput', did you mean 'encoder.dropout'",
        ),
        ('teacher: {droput: 0.2}', "unknown key 'teacher.droput'"),
        ('wings: 2', r"unknown key 'wings' \(valid: \['data', 'encoder', 'epochs'"),
        ('epochs: three', "epochs: .*integer, got 'three'"),
        ('epochs: 2.5', 'epochs: .*integer, got 2.5'),
        ("learning_rate: '0.1'", "learning_rate: .*number, got '0.1'"),
        ('is_verbose: 1', 'is_verbose: .*boolean, got 1'),
        ('encoder: {dropout: 2}', r'encoder: dropout must be a finite number in \[0, 1\], got 2'),
        ('encoder: 5', 'encoder: .*got 5'),
        ('- 1', 'expected keys and values'),
        ('{', 'not valid YAML'),
        ('epochs: 2\nepochs: 3', "the key 'epochs' stands twice"),
        ('encoder: {dropout: 0.1, dropout: 0.2}', "the key 'dropout' stands twice"),
    ],
)
def test_mistake_names_file_and_key_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / 'train.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        load_config(Training, path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_field_without_default_must_be_there() -> None:
    @dataclass(frozen=True)
    class Point:
        x: float

    with pytest.raises(ConfigError, match='x: Field required'):
        parse_config(Point, {}, 'point.yaml')
