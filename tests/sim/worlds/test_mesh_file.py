# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.worlds.mesh_file import MOST_TRIANGLES, RED, read_mesh_file
from sim.worlds.textures import Tile

SQUARE = """# a square that faces +x
v 0 -1 0
v 0  1 0   # from the left
v 0  1 2
v 0 -1 2 0.5 0.5 0.5
"""


def read(folder, text, materials=None):
    (folder / 'thing.obj').write_text(text)
    if materials is not None:
        (folder / 'thing.mtl').write_text(materials)
    return read_mesh_file(folder / 'thing.obj')


@pytest.mark.parametrize(
    'face', ['f 1 2 3 4', 'f 1/1 2/2/2 3//3 4', 'f -4 -3 -2 -1', 'f 1 2 \\\n3 4']
)
def test_polygon_becomes_triangles_around_its_first_corner(tmp_path, face):
    mesh = read(tmp_path, SQUARE + face)
    assert mesh.corners.tolist() == [
        [[0, -1, 0], [0, 1, 0], [0, 1, 2]],
        [[0, -1, 0], [0, 1, 2], [0, -1, 2]],
    ]
    assert mesh.colour == RED


def test_mesh_has_a_normal_for_each_triangle_and_one_colour_of_the_atlas(tmp_path):
    mesh = read(tmp_path, SQUARE + 'f 1 2 3\nf 4 3 2').make_mesh(Tile(32, 64, 32, 32))
    assert mesh.faces.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert mesh.normals[:3].tolist() == [[1, 0, 0]] * 3
    assert mesh.normals[3:].tolist() == [[-1, 0, 0]] * 3
    assert mesh.uvs == pytest.approx(np.tile([48 / 256, 1 - 80 / 256], (6, 1)))


def test_colour_is_that_of_the_material_that_most_triangles_have(tmp_path):
    text = 'mtllib thing.mtl\n' + SQUARE + 'usemtl leg\nf 1 2 3\nusemtl seat\nf 1 2 3 4\n'
    materials = 'newmtl leg\nKd 0.1 0.1 0.1\n\nnewmtl seat\nKa 1 1 1\nKd 0.2 0.4 0.6\n'
    assert read(tmp_path, text, materials).colour == (0.2, 0.4, 0.6)


def test_colour_is_red_where_the_file_of_materials_is_missing(tmp_path):
    assert read(tmp_path, 'mtllib gone.mtl\nusemtl x\n' + SQUARE + 'f 1 2 3').colour == RED


def test_triangles_without_an_area_and_unknown_lines_are_left_out(tmp_path):
    mesh = read(tmp_path, 'o thing\ns off\n' + SQUARE + 'vn 0 0 1\nf 1 1 2\nf 1 2 3\nl 1 2\n')
    assert len(mesh.corners) == 1


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('v 1 2\n', r'thing.obj, line 1: a vertex needs 3 finite numbers, got .v 1 2.'),
        ('v 1 2 nan\n', 'line 1: a vertex needs 3 finite numbers'),
        (SQUARE + 'f 1 2 5\n', 'line 6: a face needs vertices 1 to 4'),
        (SQUARE + 'f 1 2 0\n', 'line 6: a face needs vertices 1 to 4'),
        (SQUARE + 'f 1 2\n', 'line 6: a face needs at least 3 vertices'),
        (SQUARE, r'must have 1 to 2000 triangles, got 0'),
        (SQUARE + 'f 1 2 3\n' * (MOST_TRIANGLES + 1), r'got 2001: simplify the mesh'),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'must end in .obj'):
        read_mesh_file(tmp_path / 'thing.stl')
    with pytest.raises(FileNotFoundError):
        read_mesh_file(tmp_path / 'nothing.obj')
