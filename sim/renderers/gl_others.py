# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Other vehicles in OpenGL: each is one call, turned freely, with paint of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import rotation_from_quaternion
from sim.renderers.others import BodyPose, OtherVehicles
from sim.renderers.scene import Scene
from sim.renderers.shaders import (
    LABEL_FRAGMENT,
    SOLID_FRAGMENT,
    VEHICLE_LABEL_VERTEX,
    VEHICLE_VERTEX,
    set_light,
)
from sim.vehicles.looks import VehicleLook

if TYPE_CHECKING:
    import moderngl

_TEXTURE_UNIT = 2


class GlVehicles:
    """The vehicles of a scene in a context's memory.

    :param context: which is current. :ivar others: where they are.
    """

    def __init__(
        self, context: 'moderngl.Context', scene: Scene, looks: Sequence[VehicleLook]
    ) -> None:
        self.others = OtherVehicles(scene, looks)
        self._visible: list[int] = []
        self._solid: Any = context.program(VEHICLE_VERTEX, SOLID_FRAGMENT)
        self._label: Any = context.program(VEHICLE_LABEL_VERTEX, LABEL_FRAGMENT)
        self._solid['atlas'] = _TEXTURE_UNIT
        self._label['label_of_all'] = float(looks[0].mesh.label) / 255
        set_light(self._solid, scene)
        self._parts: list[moderngl.Buffer | moderngl.VertexArray | moderngl.Texture] = []
        self._bodies = [self._load(context, look) for look in looks]

    def _load(
        self, context: 'moderngl.Context', look: VehicleLook
    ) -> 'tuple[moderngl.VertexArray, moderngl.VertexArray, moderngl.Texture]':
        mesh = look.mesh
        rows = np.hstack([mesh.vertices, mesh.normals, mesh.uvs]).astype('f4')
        vertices = context.buffer(rows.tobytes())
        indices = context.buffer(mesh.faces.astype('u4').tobytes())
        content = [(vertices, '3f 3f 2f', 'in_vertex', 'in_normal', 'in_uv')]
        body = context.vertex_array(self._solid, content, indices)
        label = context.vertex_array(self._label, [(vertices, '3f 5x4', 'in_vertex')], indices)
        pixels = np.ascontiguousarray(look.atlas[::-1])
        texture = context.texture(pixels.shape[1::-1], 3, pixels.tobytes(), alignment=1)
        self._parts += [body, label, vertices, indices, texture]
        return body, label, texture

    def aim(
        self,
        clip_from_world: NDArray[np.float64],
        position_world: NDArray[np.float64],
        rotation_world_from_body: NDArray[np.float64],
    ) -> None:
        """Prepare to draw what a camera sees."""
        self._visible = self.others.find_visible(position_world, rotation_world_from_body)
        clip = clip_from_world.T.astype(np.float32).tobytes()
        self._solid['clip_from_world'].write(clip)
        self._label['clip_from_world'].write(clip)
        self._solid['eye'].write(position_world.astype(np.float32).tobytes())

    def draw(self) -> None:
        """Draw those in view, into what is in use."""
        for number in self._visible:
            body, _, texture = self._bodies[number]
            texture.use(_TEXTURE_UNIT)
            self._solid['world_from_body'].write(_make_matrix(self.others.poses[number]))
            body.render()

    def draw_labels(self) -> None:
        """Draw the class of those in view, into what is in use."""
        for number in self._visible:
            _, label, _ = self._bodies[number]
            self._label['world_from_body'].write(_make_matrix(self.others.poses[number]))
            label.render()

    def release(self) -> None:
        """Free everything."""
        for part in (*self._parts, self._solid, self._label):
            part.release()


def _make_matrix(pose: BodyPose | None) -> bytes:
    """Return the matrix, column by column, that takes points of a body to the world."""
    assert pose is not None
    position, orientation = pose
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3], matrix[:3, 3] = rotation_from_quaternion(orientation), position
    return matrix.T.tobytes()
