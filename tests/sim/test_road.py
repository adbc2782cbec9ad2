# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The road is free, furnished beside its edges, and its marks show where the camera looks."""

import numpy as np
import pytest

from lnn_control.core.frames import ROTATION_BODY_FROM_OPTICAL, rotation_world_from_level
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import SEASONS, Layout, build_world
from sim.worlds.road import BEND, find_bends
from sim.worlds.road_geometry import LANE_WIDTH, RoadMap
from sim.worlds.road_pictures import EDGE_LINE
from sim.worlds.world import Box, Cylinder

LAYOUT = Layout((0.0, 0.0), (6.0, -5.5))
MOVED = Layout((20.0, -7.0), (26.0, -12.5))
EYE_HEIGHT = 1.2


def build(seed, season='summer', layout=LAYOUT):
    return build_world('road', season, layout, np.random.default_rng(seed))


@pytest.fixture(scope='module')
def worlds():
    return [build(seed, layout=(LAYOUT, MOVED)[seed % 2]) for seed in range(12)]


@pytest.fixture(scope='module', params=['tiny', 'gl'])
def renderer(request):
    try:
        renderer = make_renderer(request.param, PinholeCamera(512, 288))
    except (OSError, ModuleNotFoundError) as error:
        pytest.skip(str(error))
    yield renderer
    renderer.close()


def sample_outline(solid):
    """Return points on a solid's outline, shape (n, 2)."""
    if isinstance(solid, Cylinder):
        angle = np.linspace(0, 2 * np.pi, 24)
        ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return np.array([solid.x, solid.y]) + solid.radius * ring
    edge = np.linspace(-0.5, 0.5, 9)
    local = np.concatenate([np.stack([edge, np.full(9, side)], axis=1) for side in (-0.5, 0.5)])
    local = local * (solid.length, solid.width)
    c, s = np.cos(solid.yaw), np.sin(solid.yaw)
    return local @ np.array([[c, s], [-s, c]]) + (solid.x, solid.y)


def test_vehicle_starts_in_the_right_lane_along_the_road(worlds):
    for world in worlds:
        chart = RoadMap(world.road)
        arc, offset = chart.project(world.layout.start)
        assert offset == pytest.approx(-world.road.lane_width / 2)
        assert min(arc, chart.length - arc) == pytest.approx(0.0, abs=1e-6)
        assert chart.heading_error(arc, 0.0) == pytest.approx(0.0, abs=1e-3)


def test_nothing_solid_stands_on_the_road(worlds):
    for world in worlds:
        chart = RoadMap(world.road)
        for solid in world.solids:
            offset = np.abs(chart.project(sample_outline(solid))[1]).min()
            is_tree = isinstance(solid, Cylinder) and solid.height > 5
            assert offset > LANE_WIDTH + (3.9 if is_tree else 0.65), solid


def test_finish_board_stands_where_the_layout_says_and_is_solid(worlds):
    for world in worlds:
        assert world.target.instance.mesh == 'finish'
        assert world.target.position[:2] == pytest.approx(world.layout.target)
        corners = world.meshes['finish'].vertices
        assert np.hypot(corners[:, 0], corners[:, 1]).max() <= world.target.radius
        assert corners[:, 2].max() <= world.target.height


def test_road_has_posts_signs_fences_and_trees(worlds):
    for world in worlds:
        meshes = [one.mesh for one in world.instances]
        length = RoadMap(world.road).length
        assert 2 * length / 26 < meshes.count('post') < 2 * length / 12
        trees = [s for s in world.solids if isinstance(s, Cylinder) and s.height > 5]
        assert 60 < len(trees) < 400
    drawn = {one.mesh for world in worlds for one in world.instances}
    assert {'fence', 'warning', 'limit', 'chevron_left', 'chevron_right'} <= drawn
    assert any(isinstance(solid, Box) for solid in worlds[0].solids)


def test_bends_are_where_the_road_is_sharp(worlds):
    for world in worlds:
        chart = RoadMap(world.road)
        bends = find_bends(chart)
        assert bends
        for first, sharpest, last in bends:
            assert first <= sharpest < last
            inside = np.abs(chart.curvature_at(np.arange(first, last)))
            assert (inside > BEND).all()
            assert abs(chart.curvature_at(sharpest)) == pytest.approx(inside.max())
        arc = np.arange(0.0, chart.length)
        within = np.any([(arc >= first) & (arc < last) for first, _, last in bends], axis=0)
        assert (np.abs(chart.curvature_at(arc[~within])) <= BEND).all()


def test_chevrons_stand_outside_of_bends_and_point_inside(worlds):
    for world in worlds:
        chart = RoadMap(world.road)
        for one in world.instances:
            if not one.mesh.startswith('chevron'):
                continue
            arc, offset = chart.project((one.x, one.y))
            assert chart.curvature_at(arc) * offset < 0
            # Seen by traffic that comes along, right of the road is right in the picture.
            assert one.mesh == ('chevron_right' if offset > 0 else 'chevron_left')


def test_area_holds_the_road_with_a_margin(worlds):
    for world in worlds:
        x_min, x_max, y_min, y_max = world.area
        low, high = world.road.centreline.min(axis=0), world.road.centreline.max(axis=0)
        assert np.array([low[0] - x_min, low[1] - y_min]).min() >= 24.9
        assert np.array([x_max - high[0], y_max - high[1]]).min() >= 24.9


def test_pieces_of_road_join_without_gaps(worlds):
    world = worlds[0]
    ends = []
    for one in world.instances:
        if one.mesh.startswith('road_'):
            points = world.meshes[one.mesh].vertices[:, :2] + (one.x, one.y)
            ends.append((points[:3], points[-3:]))
    assert len(ends) == round(RoadMap(world.road).length / 9)
    for index, (begin, _) in enumerate(ends):
        assert begin == pytest.approx(ends[index - 1][1], abs=1e-3)


@pytest.mark.parametrize('target', [(6.0, 0.0), (9.0, -3.0), (8.0, 6.0), (-7.0, 2.0)])
def test_target_on_the_road_is_refused(target):
    with pytest.raises(ValueError, match='move that point away from the road'):
        build(0, layout=Layout((0.0, 0.0), target))


def test_seed_places_the_same_road_in_every_season():
    roads = [build(4, season).road.centreline for season in sorted(SEASONS)]
    assert all(np.array_equal(road, roads[0]) for road in roads)


def look_along(renderer, chart, arc):
    """Return what a camera in the right lane sees, its position and its rotation."""
    position = np.array([*chart.point_at(arc, -LANE_WIDTH / 2), EYE_HEIGHT])
    rotation = rotation_world_from_level(float(chart.heading_at(arc)))
    return renderer.render(position, rotation), position, rotation


def read_brightness(view, camera, points):
    """Return the brightness of the image where points of the ground appear, shape (n,)."""
    image, position, rotation = view
    optical = (np.column_stack([points, np.full(len(points), 0.02)]) - position) @ rotation
    pixels = camera.project(optical @ ROTATION_BODY_FROM_OPTICAL)
    inside = (pixels > 0).all(axis=1) & (pixels < (camera.width_px, camera.height_px)).all(axis=1)
    column, row = pixels[inside].astype(int).T
    return image[row, column].mean(axis=1)


@pytest.mark.parametrize('season', sorted(SEASONS))
def test_edge_lines_are_bright_where_the_pinhole_model_says(renderer, season):
    world = build(1, season)
    chart = RoadMap(world.road)
    renderer.load(world)
    lines, lanes = [], []
    for arc in np.linspace(5.0, chart.length - 30.0, 8):
        view = look_along(renderer, chart, arc)
        ahead = arc + np.linspace(4.0, 8.0, 15)
        for side in (-1, 1):
            lines.append(
                read_brightness(view, renderer.camera, chart.point_at(ahead, side * EDGE_LINE))
            )
        # The left wheel track of the right lane.
        lanes.append(read_brightness(view, renderer.camera, chart.point_at(ahead, -1.0)))
    line, lane = np.concatenate(lines), np.concatenate(lanes)
    assert len(line) > 100 and len(lane) > 60
    assert line.mean() > 1.5 * lane.mean()
    assert (line > lane.mean() + 15).mean() > 0.8


def test_centre_line_is_dashed(renderer):
    world = build(1)
    chart = RoadMap(world.road)
    renderer.load(world)
    piece = chart.length / round(chart.length / 9)
    dashes, gaps = [], []
    for arc in np.arange(3, 20) * piece:
        view = look_along(renderer, chart, arc - 4.0)
        for found, share in ((dashes, np.linspace(0.35, 0.65, 9)), (gaps, np.full(1, 0.05))):
            points = chart.point_at(arc + share * piece)
            found.append(read_brightness(view, renderer.camera, points))
    assert np.concatenate(dashes).mean() > np.concatenate(gaps).mean() + 50


def test_small_camera_sees_the_marks_of_its_lane():
    camera = PinholeCamera()
    world = build(1)
    chart = RoadMap(world.road)
    renderer = make_renderer('tiny', camera)
    renderer.load(world)
    for arc in np.linspace(0.0, chart.length, 12):
        image = look_along(renderer, chart, arc)[0].astype(float)
        # A window of the lane ahead and the edge line to its right.
        bottom = image[46:64].mean(axis=2)
        white = (bottom > 140) & (np.ptp(image[46:64], axis=2) < 50)
        assert white[:, 64:].any(axis=1).mean() > 0.7
    renderer.close()
