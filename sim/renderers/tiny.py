# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The default renderer: PyBullet's software rasteriser with sky, fog and levels of detail."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
import pybullet
from numpy.typing import NDArray

from lnn_control.core.frames import ROTATION_BODY_FROM_OPTICAL
from sim.renderers.renderer import Renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds.world import Instance, Mesh, World

LEVEL_DISTANCES = (6.5, 13.0)
"""Distances [m] from which a 128x72 image shows the second and the third level of detail."""
NUM_LEVELS = len(LEVEL_DISTANCES) + 1
LEVEL_FOCAL_LENGTH_PX = 54.0
"""Focal length for which these distances hold; longer ones see details farther away."""
SKY_DEPTH = 0.9999
"""Depth buffer value from which a pixel shows the sky."""


class TinyRenderer(Renderer):
    """Draws with a PyBullet client of its own that holds nothing but visual bodies.

    Every instance has one body a level of detail. At most one of them is opaque; the rasteriser
    skips the others at no cost.

    :param camera: size, field of view and clipping of the images.
    """

    def __init__(self, camera: PinholeCamera) -> None:
        super().__init__(camera)
        self._client = -1
        self._world: World | None = None
        self._projection = _make_projection(camera)
        self._rays = _make_rays(camera)
        self._ray_lengths = np.linalg.norm(self._rays, axis=1).astype(np.float32)
        self._planes = _make_frustum_planes(camera)
        zoom = np.clip(camera.focal_length_px / LEVEL_FOCAL_LENGTH_PX, 1.0, 3.0)
        self._level_distances = zoom * np.array(LEVEL_DISTANCES)

    def load(self, world: World) -> None:
        """Replace whatever was loaded by this world, freeing what it used."""
        self.close()
        self._client = pybullet.connect(pybullet.DIRECT)
        if self._client < 0:
            raise RuntimeError('PyBullet gave no DIRECT client; close unused renderers')
        # Many bodies read the same few files. Switching the cache off again empties it.
        pybullet.setPhysicsEngineParameter(enableFileCaching=1, physicsClientId=self._client)
        with tempfile.TemporaryDirectory(prefix='lnn_control_') as folder:
            self._load_bodies(world, Path(folder))
        pybullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=self._client)
        self._panorama = np.ascontiguousarray(world.panorama)
        self._fog = world.panorama[-1].mean(axis=0, dtype=np.float32)
        self._world = world

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target's mesh elsewhere on the ground [m, rad]."""
        world = self._require_world()
        z = world.target.instance.z
        for body in self._bodies[-1]:
            pybullet.resetBasePositionAndOrientation(
                body, (x, y, z), _turn_about_z(yaw), physicsClientId=self._client
            )
        self._origins[-1, :2] = x, y
        self._centres[-1] = _locate_centre(
            self._local_centres[-1], (x, y, z), yaw, world.target.instance.scale
        )

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the RGB image of a camera at a pose, shape (height, width, 3)."""
        light = self._require_world().light
        position = np.asarray(position_world, dtype=np.float64)
        rotation = np.asarray(rotation_world_from_body, dtype=np.float64)
        self._show_levels(self._choose_levels(position, rotation))
        _, _, rgba, depth, _ = pybullet.getCameraImage(
            self.camera.width_px,
            self.camera.height_px,
            viewMatrix=_make_view(position, rotation),
            projectionMatrix=self._projection,
            lightDirection=light.sun_direction_world,
            lightColor=light.sun,
            lightAmbientCoeff=light.ambient,
            lightDiffuseCoeff=1.0,
            lightSpecularCoeff=0.0,
            shadow=0,
            renderer=pybullet.ER_TINY_RENDERER,
            flags=pybullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        image = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB).reshape(-1, 3)
        depth = depth.ravel()
        self._add_fog(image, depth, light.fog_distance)
        self._add_sky(image, depth, rotation)
        return image.reshape(self.camera.height_px, self.camera.width_px, 3)

    def close(self) -> None:
        """Free everything. Closing twice is allowed."""
        self._world = None
        if self._client >= 0:
            pybullet.disconnect(physicsClientId=self._client)
            self._client = -1

    def _require_world(self) -> World:
        if self._world is None:
            raise RuntimeError('no world is loaded: call load(world) before drawing')
        return self._world

    def _load_bodies(self, world: World, folder: Path) -> None:
        textures = self._load_textures(world, folder)
        looks = _list_looks(world, self._level_distances)
        files = {id(mesh): '' for look in looks.values() for mesh, _ in look}
        for look in looks.values():
            for mesh, _ in look:
                files[id(mesh)] = files[id(mesh)] or _write_obj(folder / f'{id(mesh)}.obj', mesh)
        # Drawn in this order: what lies behind a nearer pixel costs no shading.
        instances = (*_sort_near_first(world), world.target.instance)
        shapes = {
            name: [(files[id(mesh)], textures[size]) for mesh, size in look]
            for name, look in looks.items()
        }
        self._bodies = [self._add_bodies(one, shapes[one.mesh]) for one in instances]
        spheres = {name: _bound(mesh) for name, mesh in world.meshes.items()}
        self._local_centres = np.array([spheres[one.mesh][0] for one in instances])
        self._radii = np.array([spheres[one.mesh][1] * one.scale for one in instances])
        self._origins = np.array([(one.x, one.y, one.z) for one in instances], dtype=np.float64)
        self._centres = np.array([
            _locate_centre(spheres[one.mesh][0], (one.x, one.y, one.z), one.yaw, one.scale)
            for one in instances
        ])  # fmt: skip
        # Houses and ground are large and keep their shape: their nearest corner decides.
        self._reach = np.where(
            [world.meshes[one.mesh].coarse is None for one in instances], self._radii, 0.0
        )
        self._num_levels = np.array([len(looks[one.mesh]) for one in instances])
        self._draw_distances = np.array([world.meshes[o.mesh].draw_distance for o in instances])
        self._shown = np.full(len(instances), -1)

    def _load_textures(self, world: World, folder: Path) -> list[int]:
        """Return the atlas at full, half and quarter size: the rasteriser has no mipmaps."""
        textures = []
        for size in range(NUM_LEVELS):
            edge = world.atlas.shape[0] >> size
            small = cv2.resize(world.atlas, (edge, edge), interpolation=cv2.INTER_AREA)
            path = str(folder / f'atlas_{size}.png')
            cv2.imwrite(path, small[:, :, ::-1])
            textures.append(pybullet.loadTexture(path, physicsClientId=self._client))
        return textures

    def _add_bodies(self, instance: Instance, shapes: list[tuple[str, int]]) -> list[int]:
        """Return new, hidden bodies, one a level of detail, each with a file and a texture."""
        bodies = []
        for file, texture in shapes:
            # Not createVisualShapeArray: that leaks every file name.
            visual = pybullet.createVisualShape(
                pybullet.GEOM_MESH,
                fileName=file,
                meshScale=[instance.scale] * 3,
                rgbaColor=(1, 1, 1, 0),
                physicsClientId=self._client,
            )
            body = pybullet.createMultiBody(
                baseVisualShapeIndex=visual,
                basePosition=(instance.x, instance.y, instance.z),
                baseOrientation=_turn_about_z(instance.yaw),
                physicsClientId=self._client,
            )
            pybullet.changeVisualShape(
                body, -1, textureUniqueId=texture, physicsClientId=self._client
            )
            bodies.append(body)
        return bodies

    def _choose_levels(
        self, position: NDArray[np.float64], rotation: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the level of detail of every instance, -1 for those out of view."""
        local = (self._centres - position) @ rotation
        visible = (local @ self._planes.T > -self._radii[:, None]).all(axis=1)
        distance = np.hypot(*(self._origins[:, :2] - position[:2]).T)
        nearest = np.maximum(distance - self._radii, 0.0)
        visible &= (nearest < self.camera.far) & (distance < self._draw_distances)
        level = np.searchsorted(self._level_distances, distance - self._reach, side='right')
        return np.where(visible, np.minimum(level, self._num_levels - 1), -1)

    def _show_levels(self, levels: NDArray[np.int64]) -> None:
        for index in np.flatnonzero(levels != self._shown):
            old, new = int(self._shown[index]), int(levels[index])
            if old >= 0:
                self._set_alpha(self._bodies[index][old], 0.0)
            if new >= 0:
                self._set_alpha(self._bodies[index][new], 1.0)
        self._shown = levels

    def _set_alpha(self, body: int, alpha: float) -> None:
        pybullet.changeVisualShape(
            body, -1, rgbaColor=(1, 1, 1, alpha), physicsClientId=self._client
        )

    def _add_fog(
        self, image: NDArray[np.uint8], depth: NDArray[np.float32], fog_distance: float
    ) -> None:
        near, far = self.camera.near, self.camera.far
        distance = far * near / (far - (far - near) * depth) * self._ray_lengths
        share = np.exp(distance * np.float32(-1 / fog_distance))[:, None]
        image[:] = (image - self._fog) * share + self._fog

    def _add_sky(
        self, image: NDArray[np.uint8], depth: NDArray[np.float32], rotation: NDArray[np.float64]
    ) -> None:
        pixels = np.flatnonzero(depth >= SKY_DEPTH)
        if not pixels.size:
            return
        rays = self._rays[pixels] @ rotation.T.astype(np.float32)
        azimuth = np.arctan2(rays[:, 1], rays[:, 0])
        elevation = np.arcsin(np.clip(rays[:, 2] / self._ray_lengths[pixels], -1, 1))
        rows, columns = self._panorama.shape[:2]
        row = np.clip((1 - elevation * (2 / np.pi)) * (rows - 1), 0, rows - 1).astype(np.intp)
        column = (azimuth * (columns / (2 * np.pi))).astype(np.intp) % columns
        image[pixels] = self._panorama[row, column]


def _sort_near_first(world: World) -> list[Instance]:
    """Return the instances by distance from the start, the flat ground last."""
    start, target = world.layout.start, world.layout.target

    def rank(instance: Instance) -> tuple[bool, float]:
        is_flat = bool(np.ptp(world.meshes[instance.mesh].vertices[:, 2]) < 0.2)
        near_start = float(np.hypot(instance.x - start[0], instance.y - start[1]))
        near_target = float(np.hypot(instance.x - target[0], instance.y - target[1]))
        return is_flat, near_start + near_target

    return sorted(world.instances, key=rank)


def _turn_about_z(yaw: float) -> tuple[float, float, float, float]:
    return 0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))


def _list_looks(world: World, distances: NDArray[np.float64]) -> dict[str, list[tuple[Mesh, int]]]:
    """Return for each mesh its levels of detail with the texture that suits each.

    A mesh without coarser levels is repeated with coarser textures. A mesh that is also some
    other mesh's coarser level stands in the distance and gets that level's texture.
    """
    chains = {name: _list_levels(mesh) for name, mesh in world.meshes.items()}
    depth: dict[int, int] = {}
    for chain in chains.values():
        for index, mesh in enumerate(chain):
            depth[id(mesh)] = max(index, depth.get(id(mesh), 0))
    looks = {}
    for name, chain in chains.items():
        near = depth[id(chain[0])]
        useful = 1 + int(np.searchsorted(distances, world.meshes[name].draw_distance))
        sizes = range(near, max(near + 1, min(NUM_LEVELS, useful)))
        looks[name] = [(chain[min(size - near, len(chain) - 1)], size) for size in sizes]
    return looks


def _list_levels(mesh: Mesh) -> list[Mesh]:
    levels = [mesh]
    while levels[-1].coarse is not None:
        levels.append(levels[-1].coarse)
    return levels


def _bound(mesh: Mesh) -> tuple[NDArray[np.float64], float]:
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    centre = ((low + high) / 2).astype(np.float64)
    return centre, float(np.linalg.norm(mesh.vertices - centre, axis=1).max()) * 1.05


def _locate_centre(
    local: NDArray[np.float64], position: tuple[float, float, float], yaw: float, scale: float
) -> NDArray[np.float64]:
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(position) + scale * (turn @ local)


def _write_obj(path: Path, mesh: Mesh) -> str:
    index = np.repeat(mesh.faces + 1, 3, axis=1).ravel().tolist()
    parts = (
        ('v %.4f %.4f %.4f\n', mesh.vertices),
        ('vt %.5f %.5f\n', mesh.uvs),
        ('vn %.3f %.3f %.3f\n', mesh.normals),
    )
    text = ''.join(line * len(array) % tuple(array.ravel().tolist()) for line, array in parts)
    path.write_text(text + 'f %d/%d/%d %d/%d/%d %d/%d/%d\n' * len(mesh.faces) % tuple(index))
    return str(path)


def _make_projection(camera: PinholeCamera) -> list[float]:
    """Return OpenGL's projection matrix, column by column."""
    focal, near, far = camera.focal_length_px, camera.near, camera.far
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * focal / camera.width_px
    matrix[1, 1] = 2 * focal / camera.height_px
    matrix[2, 2] = -(far + near) / (far - near)
    matrix[2, 3] = -2 * far * near / (far - near)
    matrix[3, 2] = -1.0
    return matrix.T.ravel().tolist()


def _make_view(position: NDArray[np.float64], rotation: NDArray[np.float64]) -> list[float]:
    """Return OpenGL's view matrix, column by column: x right, y up, z backwards."""
    axes = np.stack([-rotation[:, 1], rotation[:, 2], -rotation[:, 0]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = -axes @ position
    return matrix.T.ravel().tolist()


def _make_rays(camera: PinholeCamera) -> NDArray[np.float32]:
    """Return the body-frame ray of every pixel's centre, one unit deep, shape (pixels, 3)."""
    u, v = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    x = (u - camera.width_px / 2) / camera.focal_length_px
    y = (v - camera.height_px / 2) / camera.focal_length_px
    optical = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    return (optical @ ROTATION_BODY_FROM_OPTICAL.T).astype(np.float32)


def _make_frustum_planes(camera: PinholeCamera) -> NDArray[np.float64]:
    """Return inward unit normals of the view's four sides in the body frame, shape (4, 3)."""
    across = camera.width_px / 2 / camera.focal_length_px
    up = camera.height_px / 2 / camera.focal_length_px
    planes = np.array([[across, 1, 0], [across, -1, 0], [up, 0, 1], [up, 0, -1]])
    return planes / np.linalg.norm(planes, axis=1, keepdims=True)
