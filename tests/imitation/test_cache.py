# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation import cache
from lnn_control.imitation.cache import load_sequences
from lnn_control.imitation.episode_file import EpisodeFileError, write_episode

PREPROCESSING = Preprocessing(width_px=16, height_px=8)


@pytest.fixture
def folder(make_episode, tmp_path) -> Path:
    for seed in range(2):
        write_episode(tmp_path / f'{seed}.mcap', make_episode(seed=seed))
    return tmp_path


@pytest.fixture
def conversions(monkeypatch) -> list[str]:
    """Return a list that grows by every file that is converted."""
    converted, convert = [], cache._convert

    def note(path, *rest):
        converted.append(path.name)
        convert(path, *rest)

    monkeypatch.setattr(cache, '_convert', note)
    return converted


def test_sequences_hold_what_was_recorded(folder, make_episode):
    sequences = load_sequences(folder, PREPROCESSING)
    assert [sequence.name for sequence in sequences] == ['0', '1']
    for seed, sequence in enumerate(sequences):
        episode = make_episode(seed=seed)
        assert len(sequence) == 8
        assert np.array_equal(sequence.images, episode.images)
        assert np.array_equal(sequence.labels, episode.labels)
        assert sequence.elapsed_time == pytest.approx(np.full(8, 0.05))


def test_inertial_features_are_those_of_flight(folder, make_episode):
    # Ten samples an image, the last one at the exposure.
    sequence, episode = load_sequences(folder, PREPROCESSING)[1], make_episode(seed=1)
    for i in range(8):
        rows = episode.imu[10 * i : 10 * i + 10]
        wanted = PREPROCESSING.summarise_imu(ImuSamples(rows[:, :3], rows[:, 3:]))
        assert sequence.imu[i] == pytest.approx(wanted, abs=1e-6)
    assert sequence.imu[0, 3] == pytest.approx(episode.imu[:10, 3].mean() / GRAVITY, rel=1e-5)


def test_second_reading_converts_nothing(folder, conversions):
    first = load_sequences(folder, PREPROCESSING)
    second = load_sequences(folder, PREPROCESSING)
    assert conversions == ['0.mcap', '1.mcap']
    assert np.array_equal(first[0].imu, second[0].imu)
    assert isinstance(second[0].images, np.memmap)


@pytest.mark.parametrize('age', [-1000.0, 1000.0])
def test_changed_file_is_converted_again_whether_newer_or_older(
    folder, make_episode, conversions, age
):
    load_sequences(folder, PREPROCESSING)
    path = folder / '1.mcap'
    time = path.stat().st_mtime + age
    write_episode(path, make_episode(seed=7, num_images=9))
    os.utime(path, (time, time))
    sequences = load_sequences(folder, PREPROCESSING)
    assert conversions == ['0.mcap', '1.mcap', '1.mcap']
    assert np.array_equal(sequences[1].images, make_episode(seed=7, num_images=9).images)


@pytest.mark.parametrize('name', ['1.npz', '1.images.npy'])
@pytest.mark.parametrize('kept', [None, 0, 100])
def test_damaged_or_missing_arrays_are_made_again(folder, make_episode, conversions, name, kept):
    load_sequences(folder, PREPROCESSING)
    path = next(folder.rglob(name))
    data = path.read_bytes()
    path.unlink()
    if kept is not None:
        path.write_bytes(data[:kept])
    sequences = load_sequences(folder, PREPROCESSING)
    assert conversions == ['0.mcap', '1.mcap', '1.mcap']
    assert np.array_equal(sequences[1].images, make_episode(seed=1).images)


def test_other_preprocessing_has_its_own_arrays(folder, conversions):
    large = load_sequences(folder, PREPROCESSING)
    small = load_sequences(folder, Preprocessing(8, 8))
    assert small[0].images.shape == (8, 8, 8, 3)
    assert len(conversions) == 4
    load_sequences(folder, PREPROCESSING)
    assert len(conversions) == 4
    assert large[0].images.shape == (8, 8, 16, 3)


def test_changed_preprocessing_never_meets_stale_arrays(folder, conversions, monkeypatch):
    load_sequences(folder, PREPROCESSING)
    monkeypatch.setattr(cache, 'CACHE_VERSION', cache.CACHE_VERSION + 1)
    load_sequences(folder, PREPROCESSING)
    assert conversions == ['0.mcap', '1.mcap'] * 2


def test_cache_lies_elsewhere_where_the_data_cannot_be_written(folder, tmp_path_factory):
    away = tmp_path_factory.mktemp('caches')
    (folder / '.cache').write_text('in the way, as on a read-only medium')
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(away))
        sequences = load_sequences(folder, PREPROCESSING, said.append)
    assert len(sequences) == 2
    assert len(list(away.rglob('*.images.npy'))) == 2
    assert len(said) == 1
    assert str(folder) in said[0]
    assert str(away) in said[0]


def test_absurd_label_is_named_by_file_and_row(folder, make_episode):
    episode = make_episode()
    labels = episode.labels.copy()
    labels[5, 3] = 1e5
    write_episode(folder / 'wild.mcap', replace(episode, labels=labels))
    with pytest.raises(EpisodeFileError, match=r'wild.mcap has a label beyond .* in row 5'):
        load_sequences(folder, PREPROCESSING)


def test_label_that_is_no_number_is_named_by_file_and_row(folder, make_episode):
    episode = make_episode()
    episode.labels.flags.writeable = True
    episode.labels[6, 1] = np.nan
    write_episode(folder / 'holey.mcap', episode)
    with pytest.raises(EpisodeFileError, match=r'holey.mcap: labels must be finite, got .* row 6'):
        load_sequences(folder, PREPROCESSING)


def test_interrupted_conversion_is_done_again_and_leaves_nothing(folder, monkeypatch):
    def fail(*rest, **arrays):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np, 'savez', fail)
    with pytest.raises(OSError, match='No space left for the cache in'):
        load_sequences(folder, PREPROCESSING)
    monkeypatch.undo()
    assert not list(folder.rglob('*.part*'))
    assert len(load_sequences(folder, PREPROCESSING)) == 2


def test_arrays_in_use_survive_a_conversion_by_another_process(folder, make_episode):
    before = load_sequences(folder, PREPROCESSING)[0]
    pixels = before.images.copy()
    write_episode(folder / '0.mcap', make_episode(seed=9))
    os.utime(folder / '0.mcap', (1e9, 1e9))
    after = load_sequences(folder, PREPROCESSING)[0]
    assert np.array_equal(before.images, pixels)
    assert not np.array_equal(after.images, pixels)


def test_names_with_dots_and_equal_names_in_subfolders_stay_apart(tmp_path, make_episode):
    names = ['run_1.5.mcap', 'run_1.6.mcap', 'deep/run_1.5.mcap']
    for seed, name in enumerate(names):
        write_episode(tmp_path / name, make_episode(seed=seed))
    load_sequences(tmp_path, PREPROCESSING)
    found = {s.images[0].tobytes() for s in load_sequences(tmp_path, PREPROCESSING)}
    assert found == {make_episode(seed=seed).images[0].tobytes() for seed in range(3)}


def test_unfinished_recordings_are_left_alone(folder):
    (folder / '2.mcap.part').write_bytes(b'half')
    assert len(load_sequences(folder, PREPROCESSING)) == 2


def test_folder_without_episodes_says_how_to_get_some(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'found none: run `lnn-control collect` first'):
        load_sequences(tmp_path, PREPROCESSING)
    with pytest.raises(FileNotFoundError, match='found none'):
        load_sequences(tmp_path / 'nowhere', PREPROCESSING)


def test_broken_or_too_short_episodes_are_named(folder, make_episode):
    write_episode(folder / 'short.mcap', make_episode(num_images=1))
    with pytest.raises(EpisodeFileError, match=r'short.mcap must hold at least two images, got 1'):
        load_sequences(folder, PREPROCESSING)
    (folder / '0.mcap').write_bytes(b'broken')
    with pytest.raises(EpisodeFileError, match=r'0.mcap is no complete MCAP file'):
        load_sequences(folder, PREPROCESSING)


def test_images_too_small_for_the_network_are_an_error(folder):
    with pytest.raises(ValueError, match='at least 128x72 pixels, got 16x8'):
        load_sequences(folder, Preprocessing())


def test_camera_that_pauses_shows_in_the_elapsed_time(tmp_path, make_episode):
    episode = make_episode()
    stamps = episode.image_stamps + np.array([0, 0, 0, 0.3, 0.3, 0.3, 0.3, 0.3])
    write_episode(tmp_path / 'e.mcap', replace(episode, image_stamps=stamps))
    elapsed = load_sequences(tmp_path, PREPROCESSING)[0].elapsed_time
    assert elapsed == pytest.approx([0.05, 0.05, 0.05, 0.35, 0.05, 0.05, 0.05, 0.05])


def test_privileged_labels_and_classes_are_kept_at_the_size_of_the_network(tmp_path, make_episode):
    rng = np.random.default_rng(0)
    privileged = rng.random((8, 20)).astype(np.float32)
    privileged[:, 3] = 1.0
    classes = rng.integers(0, 9, (8, 8, 16), dtype=np.uint8)
    episode = replace(make_episode(), privileged=privileged, segmentation=classes)
    write_episode(tmp_path / 'rich.mcap', episode)
    write_episode(tmp_path / 'poor.mcap', make_episode(seed=1))
    poor, rich = load_sequences(tmp_path, PREPROCESSING)
    assert np.array_equal(rich.privileged, privileged)
    assert np.array_equal(rich.segmentation, classes)
    assert isinstance(rich.segmentation, np.memmap)
    assert poor.privileged is None
    assert poor.segmentation is None
    small = load_sequences(tmp_path, Preprocessing(8, 8))[1]
    assert small.segmentation.shape == (8, 8, 8)
    assert set(np.unique(small.segmentation)) <= set(np.unique(classes))


def test_lead_in_of_a_flight_is_known_from_the_file_and_from_its_arrays(tmp_path, make_episode):
    episode = make_episode()
    write_episode(tmp_path / 'plain.mcap', episode)
    episode.metadata['lead_in'] = '5'
    write_episode(tmp_path / 'retry.mcap', episode)
    for _ in range(2):
        sequences = load_sequences(tmp_path, PREPROCESSING)
        assert [sequence.lead_in for sequence in sequences] == [0, 5]
