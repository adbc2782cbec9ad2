# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drawing with OpenGL over EGL, without a display: on a graphics card or in software."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.release import release_with
from sim.renderers.gl_others import GlVehicles
from sim.renderers.labels import label_shade
from sim.renderers.others import BodyPose
from sim.renderers.projection import make_projection, make_rays, make_view
from sim.renderers.renderer import Layers, Renderer
from sim.renderers.scene import NUM_LEVELS, Scene
from sim.renderers.shaders import (
    LABEL_FRAGMENT,
    LABEL_VERTEX,
    SKY_FRAGMENT,
    SKY_VERTEX,
    SOLID_FRAGMENT,
    SOLID_VERTEX,
    set_light,
)
from sim.sensors.pinhole import PinholeCamera
from sim.vehicles.looks import VehicleLook
from sim.worlds.world import Instance, Mesh, World

if TYPE_CHECKING:
    import moderngl

PACKAGES = 'libegl1 libgl1-mesa-dri libgl1'
"""What Debian and Ubuntu call EGL and its software driver."""
GL_VERSION = 430
"""Oldest OpenGL that draws all instances with one call."""
_MAX_DEVICES = 4
_COMMAND = np.dtype(
    [('count', 'u4'), ('instances', 'u4'), ('index', 'u4'), ('vertex', 'i4'), ('instance', 'u4')]
)
# OpenGL's pictures begin with their bottom row, ours with the top.
_UPSIDE_DOWN = np.diag([1.0, -1.0, 1.0, 1.0])


class GlRenderer(Renderer):
    """Draws a world with one call, all levels of detail of all meshes in one buffer.

    On a processor core as fast as its rasteriser allows; a graphics card draws the same picture up
    to rounding. Several may be open at once.

    :param camera: size, field of view and clipping of the images.
    :raises ModuleNotFoundError: if moderngl is not installed.
    :raises OSError: if EGL gives no OpenGL context.
    """

    name = 'gl'

    def __init__(self, camera: PinholeCamera) -> None:
        super().__init__(camera)
        self._projection = _UPSIDE_DOWN @ make_projection(camera)
        across = camera.width_px / 2 / camera.focal_length_px
        down = camera.height_px / 2 / camera.focal_length_px
        self._body_from_clip = np.array([[0.0, 0.0, 1.0], [-across, 0.0, 0.0], [0.0, -down, 0.0]])
        self._rays = make_rays(camera)
        self._canvas: _Canvas | None = None
        self._open_canvas()

    def load(self, world: World) -> None:
        """Replace whatever was loaded by this world, freeing what it used."""
        canvas = self._canvas or self._open_canvas()
        canvas.clear_stage()
        scene = Scene(world, self.camera)
        with canvas.context:
            canvas.stage = _Stage(canvas, scene)

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target's mesh elsewhere on the ground [m, rad]."""
        canvas, stage = self._require_stage()
        stage.scene.move_target(x, y, yaw)
        target = stage.scene.world.target.instance
        place = _describe_place(replace(target, x=x, y=y, yaw=yaw))
        with canvas.context:
            last = len(stage.scene.instances) - 1
            stage.places.write(place.tobytes(), offset=last * place.nbytes)

    def load_vehicles(self, looks: Sequence[VehicleLook]) -> None:
        """Add vehicles to the world that is loaded, not to be seen until they are placed."""
        canvas, stage = self._require_stage()
        with canvas.context as context:
            if stage.vehicles is not None:
                stage.vehicles.release()
            stage.vehicles = GlVehicles(context, stage.scene, looks)

    def place_vehicles(self, poses: Sequence[BodyPose | None]) -> None:
        """Place every vehicle that was added; None hides it."""
        _, stage = self._require_stage()
        if stage.vehicles is None:
            raise RuntimeError('no vehicles are loaded: call load_vehicles(looks) first')
        stage.vehicles.others.place(poses)

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the RGB image of a camera at a pose, shape (height, width, 3)."""
        canvas, stage = self._require_stage()
        position = np.asarray(position_world, dtype=np.float64)
        rotation = np.asarray(rotation_world_from_body, dtype=np.float64)
        commands = stage.list_commands(stage.scene.choose_levels(position, rotation))
        clip_from_world = self._projection @ make_view(position, rotation)
        image = np.empty((self.camera.height_px, self.camera.width_px, 3), dtype=np.uint8)
        with canvas.context:
            canvas.solid['clip_from_world'].write(_to_bytes(clip_from_world))
            canvas.solid['eye'].write(position.astype(np.float32).tobytes())
            canvas.sky['world_from_clip'].write(_to_bytes(rotation @ self._body_from_clip))
            if stage.vehicles is not None:
                stage.vehicles.aim(clip_from_world, position, rotation)
            stage.draw(canvas, commands)
            canvas.frame.read_into(image, components=3, alignment=1)
        return image

    def render_layers(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> Layers:
        """Return what :meth:`render` does and the depth and class of every pixel."""
        image = self.render(position_world, rotation_world_from_body)
        canvas, stage = self._require_stage()
        clip_from_world = self._projection @ make_view(position_world, rotation_world_from_body)
        labels = np.empty(image.shape[:2], dtype=np.uint8)
        with canvas.context:
            canvas.label['clip_from_world'].write(_to_bytes(clip_from_world))
            stage.draw_labels(canvas)
            canvas.label_frame.read_into(labels, components=1, alignment=1)
            depth = self._read_depth(canvas.label_frame)
        rise = self._rays @ np.asarray(rotation_world_from_body, dtype=np.float32)[2]
        height = float(position_world[2])
        labels = label_shade(labels, depth, height, rise.reshape(labels.shape))
        return Layers(image, depth, labels)

    def render_depth(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return image and depth of :meth:`render_layers`: nothing is drawn twice."""
        image = self.render(position_world, rotation_world_from_body)
        canvas, _ = self._require_stage()
        with canvas.context:
            return image, self._read_depth(canvas.frame)

    def _read_depth(self, frame: 'moderngl.Framebuffer') -> NDArray[np.float32]:
        """Return the distance along the optical axis of all that was drawn [m]."""
        buffer = np.empty((self.camera.height_px, self.camera.width_px), dtype=np.float32)
        frame.read_into(buffer, attachment=-1, dtype='f4', alignment=1)
        near, far = self.camera.near, self.camera.far
        depth = far * near / (far - (far - near) * buffer)
        # What nothing was drawn over is the sky.
        depth[buffer >= 1.0] = np.inf
        return np.asarray(depth, dtype=np.float32)

    def close(self) -> None:
        """Free everything. Closing twice is allowed."""
        self._release()
        self._canvas = None

    def _open_canvas(self) -> '_Canvas':
        self._canvas = canvas = _Canvas(self.camera)
        self._release = release_with(self, canvas.release)
        return canvas

    def _require_stage(self) -> 'tuple[_Canvas, _Stage]':
        if self._canvas is None or self._canvas.stage is None:
            raise RuntimeError('no world is loaded: call load(world) before drawing')
        return self._canvas, self._canvas.stage


class _Canvas:
    """A context with a picture to draw into and the programs that do: the same for all worlds.

    :ivar stage: the world that is loaded, if there is one.
    """

    def __init__(self, camera: PinholeCamera) -> None:
        self.stage: _Stage | None = None
        self.context = open_context()
        size = (camera.width_px, camera.height_px)
        with self.context as context:
            self.solid = context.program(SOLID_VERTEX, SOLID_FRAGMENT)
            self.sky = context.program(SKY_VERTEX, SKY_FRAGMENT)
            self.label = context.program(LABEL_VERTEX, LABEL_FRAGMENT)
            self.solid['atlas'], self.sky['panorama'] = 0, 1
            self.background = context.vertex_array(self.sky, [])
            depth = context.depth_renderbuffer(size)
            self._attachments = (
                context.renderbuffer(size, 4), context.renderbuffer(size, 1), depth
            )  # fmt: skip
            self.frame = context.framebuffer(self._attachments[0], depth)
            self.label_frame = context.framebuffer(self._attachments[1], depth)

    def clear_stage(self) -> None:
        """Free the world that is loaded, if there is one."""
        if self.stage is not None:
            with self.context:
                self.stage.release()
        self.stage = None

    def release(self) -> None:
        """Free everything, the context last."""
        self.clear_stage()
        with self.context:
            parts = (
                self.frame, self.label_frame, *self._attachments, self.background, self.solid,
                self.sky, self.label,
            )  # fmt: skip
            for part in parts:
                part.release()
        self.context.release()


class _Stage:
    """A world in a context's memory.

    :ivar vehicles: that are in it, if there are several.
    """

    def __init__(self, canvas: _Canvas, scene: Scene) -> None:
        self.scene = scene
        self.vehicles: GlVehicles | None = None
        meshes = {id(look.mesh): look.mesh for looks in scene.looks.values() for look in looks}
        vertices, indices, ranges = _pack_meshes(list(meshes.values()))
        numbers = {key: number for number, key in enumerate(meshes)}
        rows = {
            name: [
                numbers[id(looks[min(level, len(looks) - 1)].mesh)] for level in range(NUM_LEVELS)
            ]
            for name, looks in scene.looks.items()
        }
        # For each instance and level what to draw; at most NUM_LEVELS of them are ever asked for.
        self._commands = ranges[np.array([rows[one.mesh] for one in scene.instances])]
        self._commands['instance'] = np.arange(len(scene.instances))[:, None]
        places = [_describe_place(instance) for instance in scene.instances]
        context = canvas.context
        self.places = context.buffer(np.stack(places).tobytes())
        self._queue = context.buffer(reserve=len(places) * _COMMAND.itemsize)
        vertex_buffer, index_buffer = context.buffer(vertices), context.buffer(indices)
        content = [
            (vertex_buffer, '3f 3f 2f', 'in_vertex', 'in_normal', 'in_uv'),
            (self.places, '4f 3f/i', 'in_place', 'in_look'),
        ]
        self._array = context.vertex_array(canvas.solid, content, index_buffer)
        labels = context.buffer((scene.labels / 255).astype('f4').tobytes())
        content = [
            (vertex_buffer, '3f 5x4', 'in_vertex'),
            (self.places, '4f 3f/i', 'in_place', 'in_look'),
            (labels, '1f/i', 'in_label'),
        ]
        self._label_array = context.vertex_array(canvas.label, content, index_buffer)
        self._atlas = _load_atlas(context, scene.world)
        self._panorama = _load_panorama(context, scene.world)
        self._parts = (
            self._array, self._label_array, vertex_buffer, index_buffer, labels, self.places,
            self._queue, self._atlas, self._panorama,
        )  # fmt: skip
        set_light(canvas.solid, self.scene)

    def list_commands(self, levels: NDArray[np.int64]) -> NDArray[np.void]:
        """Return what to draw, in order, given the level of every instance or -1."""
        visible = np.flatnonzero(levels >= 0)
        return self._commands[visible, levels[visible]]

    def draw(self, canvas: _Canvas, commands: NDArray[np.void]) -> None:
        """Draw the world, then the sky wherever nothing stands."""
        context = canvas.context
        canvas.frame.use()
        canvas.frame.clear()
        self._atlas.use(0)
        self._panorama.use(1)
        # Upside down, counter clockwise turns clockwise.
        context.front_face = 'cw'
        context.depth_func = '<'
        context.enable_only(context.DEPTH_TEST | context.CULL_FACE)
        self._num_queued = len(commands)
        if self._num_queued:
            self._queue.write(commands.tobytes())
            self._array.render_indirect(self._queue, count=self._num_queued)
        if self.vehicles is not None:
            self.vehicles.draw()
        context.depth_func = '<='
        context.enable_only(context.DEPTH_TEST)
        canvas.background.render(context.TRIANGLES, vertices=3)

    def draw_labels(self, canvas: _Canvas) -> None:
        """Draw the classes of what :meth:`draw` drew last."""
        context = canvas.context
        canvas.label_frame.use()
        canvas.label_frame.clear()
        context.depth_func = '<'
        context.enable_only(context.DEPTH_TEST | context.CULL_FACE)
        if self._num_queued:
            self._label_array.render_indirect(self._queue, count=self._num_queued)
        if self.vehicles is not None:
            self.vehicles.draw_labels()

    def release(self) -> None:
        """Free everything."""
        if self.vehicles is not None:
            self.vehicles.release()
        for part in self._parts:
            part.release()


def open_context() -> 'moderngl.Context':
    """Return a new OpenGL context without a window, not yet current.

    :raises ModuleNotFoundError: if moderngl is not installed.
    :raises OSError: if EGL gives none.
    """
    try:
        import moderngl
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'renderer gl needs moderngl, which is missing: pip install "lnn_control[gl]"',
            name=error.name,
        ) from error
    errors = []
    for device in range(_MAX_DEVICES):
        choice: dict[str, Any] = {'backend': 'egl', 'device_index': device}
        try:
            with _draw_in_calling_thread():
                return moderngl.create_context(require=GL_VERSION, standalone=True, **choice)
        except Exception as error:  # glcontext raises no narrower class
            errors.append(error)
    raise OSError(
        f'renderer gl cannot open EGL ({errors[0]}): apt install {PACKAGES}, '
        "or choose renderer 'tiny'"
    ) from errors[0]


@contextmanager
def _draw_in_calling_thread() -> Iterator[None]:
    """Let Mesa's software driver start no threads: images are small, processes run in parallel."""
    if 'LP_NUM_THREADS' in os.environ:
        yield
        return
    os.environ['LP_NUM_THREADS'] = '0'
    try:
        yield
    finally:
        del os.environ['LP_NUM_THREADS']


def _pack_meshes(meshes: list[Mesh]) -> tuple[bytes, bytes, NDArray[np.void]]:
    """Return vertices and indices of all meshes, and the command that draws each of them once."""
    rows = [np.hstack([mesh.vertices, mesh.normals, mesh.uvs]) for mesh in meshes]
    commands = np.zeros(len(meshes), dtype=_COMMAND)
    commands['count'] = [mesh.faces.size for mesh in meshes]
    commands['instances'] = 1
    commands['index'] = np.cumsum([0, *commands['count'][:-1]])
    commands['vertex'] = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    indices = np.concatenate([mesh.faces.ravel() for mesh in meshes])
    vertices = np.concatenate(rows)
    return vertices.astype('f4').tobytes(), indices.astype('u4').tobytes(), commands


def _describe_place(one: Instance) -> NDArray[np.float32]:
    """Return an instance as the shader reads it."""
    turn = (np.cos(one.yaw), np.sin(one.yaw))
    return np.array([one.x, one.y, one.z, one.scale, *turn, one.brightness], dtype=np.float32)


def _load_atlas(context: 'moderngl.Context', world: World) -> 'moderngl.Texture':
    """Return the atlas with one mipmap a level of detail: more would mix its tiles.

    Texels close up are blended, which costs little.
    """
    pixels = np.ascontiguousarray(world.atlas[::-1])
    texture = context.texture(pixels.shape[1::-1], 3, pixels.tobytes(), alignment=1)
    texture.build_mipmaps(0, NUM_LEVELS - 1)
    texture.filter = (context.NEAREST_MIPMAP_LINEAR, context.LINEAR)
    return texture


def _load_panorama(context: 'moderngl.Context', world: World) -> 'moderngl.Texture':
    pixels = np.ascontiguousarray(world.panorama)
    texture = context.texture(pixels.shape[1::-1], 3, pixels.tobytes(), alignment=1)
    texture.repeat_y = False
    return texture


def _to_bytes(matrix: NDArray[np.float64]) -> bytes:
    """Return a matrix column by column."""
    return matrix.T.astype(np.float32).tobytes()
