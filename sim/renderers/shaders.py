# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The shading of GlRenderer: one texture, one sun, fog, and a panorama behind it all.

The formulas are those of the software rasteriser: texture * brightness * (ambient + sun * cosine),
cut at white, then fog by the distance. Pictures come out upside down, that is with the top row
first.
"""

from typing import Any

from sim.renderers.scene import Scene

_LIT_VERTEX = """
#version 430
uniform mat4 clip_from_world;
uniform vec3 eye;
uniform vec3 sun_direction;
uniform vec3 sun;
uniform float ambient;
in vec3 in_vertex;
in vec3 in_normal;
in vec2 in_uv;
out vec2 uv;
out vec3 light;
out vec3 ray;

void show(vec3 position, vec3 normal, float brightness) {
    gl_Position = clip_from_world * vec4(position, 1.0);
    light = brightness * (ambient + sun * max(0.0, dot(normal, sun_direction)));
    uv = in_uv;
    ray = position - eye;
}
"""

SOLID_VERTEX = (
    _LIT_VERTEX
    + """
in vec4 in_place;   // position [m] and scale
in vec3 in_look;    // cosine and sine of the yaw, brightness

vec3 turn(vec3 v) {
    return vec3(in_look.x * v.x - in_look.y * v.y, in_look.y * v.x + in_look.x * v.y, v.z);
}

void main() {
    show(in_place.xyz + in_place.w * turn(in_vertex), turn(in_normal), in_look.z);
}
"""
)

SOLID_FRAGMENT = """
#version 430
uniform sampler2D atlas;
uniform vec3 fog;
uniform float fog_density;   // [1/m]
in vec2 uv;
in vec3 light;
in vec3 ray;
out vec3 colour;

void main() {
    vec3 lit = min(texture(atlas, uv).rgb * light, 1.0);
    colour = mix(fog, lit, exp(-fog_density * length(ray)));
}
"""

LABEL_VERTEX = """
#version 430
uniform mat4 clip_from_world;
in vec3 in_vertex;
in vec4 in_place;
in vec3 in_look;
in float in_label;   // 0 to 1 in steps of 1/255
flat out float label;

void main() {
    vec2 turned = mat2(in_look.xy, -in_look.y, in_look.x) * in_vertex.xy;
    vec3 position = in_place.xyz + in_place.w * vec3(turned, in_vertex.z);
    gl_Position = clip_from_world * vec4(position, 1.0);
    label = in_label;
}
"""

LABEL_FRAGMENT = """
#version 430
flat in float label;
out float colour;

void main() {
    colour = label;
}
"""

VEHICLE_VERTEX = (
    _LIT_VERTEX
    + """
uniform mat4 world_from_body;

void main() {
    vec3 position = (world_from_body * vec4(in_vertex, 1.0)).xyz;
    show(position, mat3(world_from_body) * in_normal, 1.0);
}
"""
)

VEHICLE_LABEL_VERTEX = """
#version 430
uniform mat4 clip_from_world;
uniform mat4 world_from_body;
uniform float label_of_all;   // 0 to 1 in steps of 1/255
in vec3 in_vertex;
flat out float label;

void main() {
    gl_Position = clip_from_world * world_from_body * vec4(in_vertex, 1.0);
    label = label_of_all;
}
"""

SKY_VERTEX = """
#version 430
uniform mat3 world_from_clip;   // of the points (x, y, 1)
out vec3 ray;

void main() {
    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    gl_Position = vec4(corner, 1.0, 1.0);
    ray = world_from_clip * vec3(corner, 1.0);
}
"""

SKY_FRAGMENT = """
#version 430
uniform sampler2D panorama;   // from straight up to eye level, all around
in vec3 ray;
out vec3 colour;

void main() {
    const float PI = 3.14159265;
    float elevation = atan(ray.z, length(ray.xy));
    float rows = float(textureSize(panorama, 0).y);
    float row = (1.0 - elevation * (2.0 / PI)) * (rows - 1.0) + 0.5;
    colour = textureLod(panorama, vec2(atan(ray.y, ray.x) / (2.0 * PI), row / rows), 0.0).rgb;
}
"""


def set_light(program: Any, scene: Scene) -> None:
    """Give a program of these the sun and the fog of a scene's world."""
    light = scene.world.light
    program['sun_direction'] = light.sun_direction_world
    program['sun'] = light.sun
    program['ambient'] = light.ambient
    program['fog'] = tuple((scene.fog / 255).tolist())
    program['fog_density'] = 1.0 / light.fog_distance
