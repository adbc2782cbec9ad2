# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The default renderer: PyBullet's software rasteriser with sky, fog and levels of detail."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.engine import connect_by_number, pybullet
from sim.release import release_with
from sim.renderers.labels import Label, label_shade
from sim.renderers.others import BodyPose, OtherVehicles
from sim.renderers.projection import make_projection, make_rays, make_view
from sim.renderers.renderer import Layers, Renderer
from sim.renderers.scene import Scene, shrink_atlas
from sim.sensors.pinhole import PinholeCamera
from sim.vehicles.looks import VehicleLook
from sim.worlds.world import Instance, Mesh, World

SKY_DEPTH = 0.9999
"""Depth buffer value from which a pixel shows the sky."""


class TinyRenderer(Renderer):
    """Draws with a PyBullet client of its own that holds nothing but visual bodies.

    Every instance has one body a level of detail. At most one of them is opaque; the rasteriser
    skips the others at no cost.

    :param camera: size, field of view and clipping of the images.
    """

    name = 'tiny'

    def __init__(self, camera: PinholeCamera) -> None:
        super().__init__(camera)
        self._client = -1
        self._disconnect: Callable[[], object] | None = None
        self._scene: Scene | None = None
        self._others: OtherVehicles | None = None
        self._labels = np.zeros(0, np.uint8)
        self._projection = (_to_corners(camera) @ make_projection(camera)).T.ravel().tolist()
        self._rays = make_rays(camera)
        self._ray_lengths = np.linalg.norm(self._rays, axis=1).astype(np.float32)

    def load(self, world: World) -> None:
        """Replace whatever was loaded by this world, freeing what it used."""
        self.close()
        self._client = connect_by_number()
        if self._client < 0:
            raise RuntimeError('PyBullet gave no DIRECT client; close unused renderers')
        disconnect = partial(pybullet.disconnect, physicsClientId=self._client)
        self._disconnect = release_with(self, disconnect)
        scene = Scene(world, self.camera)
        # Many bodies read the same few files. Switching the cache off again empties it.
        pybullet.setPhysicsEngineParameter(enableFileCaching=1, physicsClientId=self._client)
        with tempfile.TemporaryDirectory(prefix='lnn_control_') as folder:
            self._load_bodies(scene, Path(folder))
        pybullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=self._client)
        self._panorama = np.ascontiguousarray(world.panorama)
        self._scene = scene

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target's mesh elsewhere on the ground [m, rad]."""
        scene = self._require_scene()
        scene.move_target(x, y, yaw)
        z = scene.world.target.instance.z
        for body in self._bodies[-1]:
            pybullet.resetBasePositionAndOrientation(
                body, (x, y, z), _turn_about_z(yaw), physicsClientId=self._client
            )

    def load_vehicles(self, looks: Sequence[VehicleLook]) -> None:
        """Add vehicles to the world that is loaded, not to be seen until they are placed."""
        self._others = OtherVehicles(self._require_scene(), looks)
        with tempfile.TemporaryDirectory(prefix='lnn_control_') as folder:
            self._vehicles = [
                self._add_vehicle(look, Path(folder) / f'vehicle_{number}')
                for number, look in enumerate(looks)
            ]
        labels = np.zeros(2 + max(self._vehicles), np.uint8)
        labels[: len(self._labels)] = self._labels
        labels[self._vehicles] = [look.mesh.label for look in looks]
        self._labels = labels
        self._seen: list[int] = []

    def _add_vehicle(self, look: VehicleLook, path: Path) -> int:
        """Return a new, hidden body, from files at a path without suffix."""
        picture = str(path.with_suffix('.png'))
        cv2.imwrite(picture, look.atlas[:, :, ::-1])
        texture = pybullet.loadTexture(picture, physicsClientId=self._client)
        file = _write_obj(path.with_suffix('.obj'), look.mesh)
        (body,) = self._add_bodies(Instance('', 0.0, 0.0), [(file, texture)])
        return body

    def place_vehicles(self, poses: Sequence[BodyPose | None]) -> None:
        """Place every vehicle that was added; None hides it."""
        if self._others is None:
            raise RuntimeError('no vehicles are loaded: call load_vehicles(looks) first')
        self._others.place(poses)
        for body, pose in zip(self._vehicles, poses, strict=True):
            if pose is not None:
                pybullet.resetBasePositionAndOrientation(
                    body, pose[0].tolist(), pose[1].tolist(), physicsClientId=self._client
                )

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the RGB image of a camera at a pose, shape (height, width, 3)."""
        image, _, _ = self._draw(position_world, rotation_world_from_body, with_labels=False)
        return image

    def render_layers(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> Layers:
        """Return what :meth:`render` does and the depth and class of every pixel."""
        image, buffer, bodies = self._draw(
            position_world, rotation_world_from_body, with_labels=True
        )
        is_sky = buffer >= SKY_DEPTH
        depth = np.where(is_sky, np.float32(np.inf), self._measure_depth(buffer))
        labels = np.where(is_sky, np.uint8(Label.SKY), self._labels[bodies])
        rise = self._rays @ np.asarray(rotation_world_from_body, dtype=np.float32)[2]
        labels = label_shade(labels, depth, float(position_world[2]), rise)
        shape = image.shape[:2]
        return Layers(image, depth.reshape(shape), labels.reshape(shape))

    def _draw(
        self,
        position_world: NDArray[np.float64],
        rotation_world_from_body: NDArray[np.float64],
        with_labels: bool,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]:
        """Return the image, the depth buffer and, if asked for, each pixel's body."""
        scene = self._require_scene()
        light = scene.world.light
        position = np.asarray(position_world, dtype=np.float64)
        rotation = np.asarray(rotation_world_from_body, dtype=np.float64)
        self._show_levels(scene.choose_levels(position, rotation))
        if self._others is not None:
            self._show_vehicles(self._others.find_visible(position, rotation))
        _, _, rgba, depth, bodies = pybullet.getCameraImage(
            self.camera.width_px,
            self.camera.height_px,
            viewMatrix=make_view(position, rotation).T.ravel().tolist(),
            projectionMatrix=self._projection,
            lightDirection=light.sun_direction_world,
            lightColor=light.sun,
            lightAmbientCoeff=light.ambient,
            lightDiffuseCoeff=1.0,
            lightSpecularCoeff=0.0,
            shadow=0,
            renderer=pybullet.ER_TINY_RENDERER,
            flags=0 if with_labels else pybullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        # PyBullet built without numpy gives tuples.
        shape = (self.camera.height_px, self.camera.width_px, 4)
        rgba = np.asarray(rgba, dtype=np.uint8).reshape(shape)
        image = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8).reshape(-1, 3)
        depth = np.asarray(depth, dtype=np.float32).ravel()
        self._add_fog(image, depth, scene)
        self._add_sky(image, depth, rotation)
        return image.reshape(*shape[:2], 3), depth, np.asarray(bodies, dtype=np.int32).ravel()

    def close(self) -> None:
        """Free everything. Closing twice is allowed."""
        self._scene = self._others = None
        self._client = -1
        if self._disconnect is not None:
            self._disconnect()

    def _require_scene(self) -> Scene:
        if self._scene is None:
            raise RuntimeError('no world is loaded: call load(world) before drawing')
        return self._scene

    def _load_bodies(self, scene: Scene, folder: Path) -> None:
        textures = self._load_textures(scene.world, folder)
        files: dict[int, str] = {}
        shapes = {}
        for name, looks in scene.looks.items():
            for look in looks:
                key = id(look.mesh)
                files[key] = files.get(key) or _write_obj(folder / f'{key}.obj', look.mesh)
            shapes[name] = [(files[id(look.mesh)], textures[look.texture]) for look in looks]
        self._bodies = [self._add_bodies(one, shapes[one.mesh]) for one in scene.instances]
        self._brightness = [one.brightness for one in scene.instances]
        self._shown = np.full(len(scene.instances), -1)
        # By the number of the body; the last one is found by -1, which stands for none.
        self._labels = np.zeros(
            2 + max(body for bodies in self._bodies for body in bodies), np.uint8
        )
        for bodies, label in zip(self._bodies, scene.labels, strict=True):
            self._labels[bodies] = label

    def _load_textures(self, world: World, folder: Path) -> list[int]:
        """Return the atlas in all its sizes: the rasteriser has no mipmaps."""
        textures = []
        for size, pixels in enumerate(shrink_atlas(world)):
            path = str(folder / f'atlas_{size}.png')
            cv2.imwrite(path, pixels[:, :, ::-1])
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

    def _show_levels(self, levels: NDArray[np.int64]) -> None:
        for index in np.flatnonzero(levels != self._shown):
            old, new = int(self._shown[index]), int(levels[index])
            if old >= 0:
                self._set_colour(self._bodies[index][old], 1.0, 0.0)
            if new >= 0:
                self._set_colour(self._bodies[index][new], self._brightness[index], 1.0)
        self._shown = levels

    def _show_vehicles(self, numbers: list[int]) -> None:
        for number in set(self._seen) - set(numbers):
            self._set_colour(self._vehicles[number], 1.0, 0.0)
        for number in set(numbers) - set(self._seen):
            self._set_colour(self._vehicles[number], 1.0, 1.0)
        self._seen = numbers

    def _set_colour(self, body: int, brightness: float, alpha: float) -> None:
        colour = (brightness, brightness, brightness, alpha)
        pybullet.changeVisualShape(body, -1, rgbaColor=colour, physicsClientId=self._client)

    def _add_fog(self, image: NDArray[np.uint8], depth: NDArray[np.float32], scene: Scene) -> None:
        distance = self._measure_depth(depth) * self._ray_lengths
        share = np.exp(distance * np.float32(-1 / scene.world.light.fog_distance))[:, None]
        image[:] = (image - scene.fog) * share + scene.fog

    def _measure_depth(self, buffer: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the distance along the optical axis [m] that a depth buffer holds."""
        near, far = self.camera.near, self.camera.far
        return np.asarray(far * near / (far - (far - near) * buffer), dtype=np.float32)

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


def _to_corners(camera: PinholeCamera) -> NDArray[np.float64]:
    """Return the shift of clip space that moves each pixel's middle to its lower left corner.

    The rasteriser samples a pixel there: without the shift it draws everything half a pixel right
    of and above where it is.
    """
    shift = np.eye(4)
    shift[:2, 3] = -1.0 / camera.width_px, -1.0 / camera.height_px
    return shift


def _turn_about_z(yaw: float) -> tuple[float, float, float, float]:
    return 0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))


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
