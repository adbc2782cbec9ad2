# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control sim`: look at the simulator, flying through a world or at pictures of them all."""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.cli import options
from lnn_control.cli.scenarios import (
    DEFAULT_TASK,
    Camera,
    Scenario,
    check_trials,
    choose_task,
    make_env,
)
from lnn_control.core.checks import check_number
from lnn_control.policies.registry import is_blind, make_policy
from lnn_control.policies.runner import PolicyRunner, RunnerSettings
from sim.window import Window, has_display

WINDOW = 'lnn_control'
RATE = 20
"""Frames a second of windows and videos, as many as the camera gives."""
if TYPE_CHECKING:
    from lnn_control.reports.worlds import Picture
    from sim.tasks import Task
    from sim.tasks.task import Trial

VIDEO_SUFFIX = '.mp4'
_VIEWS = (('at the start', 0.0), ('on the way', 0.45))
_AHEAD = 0.3
"""Share of the way that the eye looks ahead."""
_DRIVER_HEIGHT = 1.2
_TARGET_DISTANCE = 3.0
"""From eye to target, beyond the target's radius [m]."""
_QUIT_KEYS = (ord('q'), 27)


@dataclass(frozen=True)
class View:
    """Watch a policy fly through a world from its own camera.

    Opens a window where there is a display, otherwise writes a video (extra `report`) or frames.
    The policy sees the usual small images whatever the size of the view.
    """

    policy: options.PolicyName = 'expert'
    task: options.TaskName = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    world: options.WorldName = None
    season: options.SeasonName = 'summer'
    distance: options.Distance = None
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED
    camera_fov_deg: options.CameraFov = None
    camera_pitch_deg: options.CameraPitch = None
    camera_rate: options.CameraRate = None
    size: str = '640x360'
    """Width and height of the view [px]."""
    renderer: options.RendererName = 'auto'
    allow_untrained: options.AllowUntrained = False
    output: Path | None = None
    """Folder for the video, or for frames where videos cannot be written. If not given, a window
    where there is a display, else runs/view."""
    duration: float = 60.0
    """Time after which to stop at the latest [s]."""


@dataclass(frozen=True)
class Gallery:
    """Draw all worlds in all seasons, and all targets: worlds.html and worlds.png."""

    output: Path
    """Folder for both files."""
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED
    episodes: int = 3
    """Number of seeds: a world each, seen from its start and on the way to the target."""
    size: str = '384x216'
    """Width and height of each picture [px]."""
    renderer: options.RendererName = 'tiny'


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job: View | Gallery = options.read_options(OPTIONS, 'sim', arguments)
    return draw_gallery(job) if isinstance(job, Gallery) else show_flight(job)


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of a size such as 640x360.

    :raises ValueError: if it is written otherwise, or odd, which videos cannot be.
    """
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    if match is None:
        raise ValueError(f'size must be WIDTHxHEIGHT in pixels, such as 640x360, got {text!r}')
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2:
        raise ValueError(f'size must be even both ways, got {text!r}')
    check_number('width of size', width, 32, 4096)
    check_number('height of size', height, 32, 4096)
    return width, height


def show_flight(job: View) -> int:
    """Fly and show it; say where it went."""
    check_trials(1, job.first_seed)
    check_number('duration', job.duration, 0.05, 600.0, 's')
    task = choose_task(job.task, job.world, job.season, job.task_option, job.distance)
    flight = Flight(job, task)
    try:
        if job.output is None and has_display():
            where = play(flight.frames(), Window(WINDOW, RATE))
        else:
            where = write(flight.frames(), name_output(job, task), parse_size(job.size))
    finally:
        flight.close()
    drawn = f'renderer {flight.renderer_name}, {job.size}'
    trial = f'{task.name}, {task.world} {task.season}, seed {job.first_seed}'
    print(f'{trial}, {job.policy}: {flight.result} ({drawn})')
    print(f'{where}')
    return 0


def name_output(job: View, task: 'Task') -> Path:
    """Return a file for a video, or a folder for frames where videos cannot be written."""
    folder = Path('runs/view') if job.output is None else job.output
    path = folder / f'{task.name}_{task.world}_{task.season}_{job.first_seed}'
    return path.with_suffix(VIDEO_SUFFIX) if has_video() else path


def has_video() -> bool:
    """Return whether videos can be written."""
    return importlib.util.find_spec('av') is not None


class Flight:
    """One trial of a policy, seen by a second, larger camera at the vehicle's own pose."""

    def __init__(self, job: View, task: 'Task') -> None:
        from sim.renderers import make_renderer
        from sim.sensors.pinhole import PinholeCamera

        self._job = job
        self._renderer = make_renderer(job.renderer, PinholeCamera(*parse_size(job.size)))
        self.renderer_name = self._renderer.name
        camera = Camera(job.camera_fov_deg, job.camera_pitch_deg, job.camera_rate)
        self._env = make_env(Scenario(task.name, task, camera), is_blind(job.policy))
        policy = make_policy(job.policy, self._env)
        self._runner = PolicyRunner(policy, RunnerSettings(allow_untrained=job.allow_untrained))
        self.result = 'not flown'

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yield time [s] and picture, RGB, until the trial ends."""
        sensed, info = self._env.reset(seed=self._job.first_seed)
        self._renderer.load(self._env.simulation.world)
        self._runner.start(info)
        is_over = False
        while not is_over:
            yield float(info['time']), self._draw(info)
            command = self._runner.step_sensed(sensed)
            sensed, _, terminated, truncated, info = self._env.step(command.to_array())
            is_over = terminated or truncated or info['time'] >= self._job.duration
            self.result = f'{info["outcome"] or "stopped"} after {info["time"]:.1f} s'
        yield float(info['time']), self._draw(info)

    def _draw(self, info: dict[str, Any]) -> NDArray[np.uint8]:
        pose = self._env.target_pose
        if pose is not None:
            self._renderer.move_target(pose.x, pose.y, pose.yaw)
        picture = self._renderer.render(*self._env.simulation.camera_pose)
        speed = float(np.linalg.norm(info['velocity']))
        return draw_caption(
            picture,
            f'{info["time"]:5.1f} s   {speed:.1f} m/s   {info["distance_to_target"]:4.1f} m to go',
        )

    def close(self) -> None:
        """Free renderers and physics."""
        self._renderer.close()
        self._env.close()


def draw_caption(picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """Return the picture with a line of text on a dark strip along its bottom."""
    picture = picture.copy()
    height = picture.shape[0]
    strip = max(height // 14, 14)
    picture[-strip:] = picture[-strip:] // 3
    place, scale = (strip // 2, height - strip // 3), strip / 36
    cv2.putText(
        picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (240, 240, 240), 1, cv2.LINE_AA
    )
    return picture


def play(frames: Iterator[tuple[float, NDArray[np.uint8]]], window: Any) -> str:
    """Show frames in a window at the speed they were flown, until the end, q or Esc."""
    print('q or Esc ends')
    for _, pixels in frames:
        if window.show(pixels) in _QUIT_KEYS:
            break
    window.close()
    return 'window: closed'


def write(
    frames: Iterator[tuple[float, NDArray[np.uint8]]], path: Path, size: tuple[int, int]
) -> str:
    """Write frames as a video, or each as a picture into a folder; return where they are."""
    if path.suffix == VIDEO_SUFFIX:
        from lnn_control.reports.video import VideoSettings, write_video

        path.parent.mkdir(parents=True, exist_ok=True)
        count = write_video(path, frames, VideoSettings(*size, rate=RATE))
        return f'video: {path.resolve()} ({count} frames)'
    path.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, (_, pixels) in enumerate(frames, start=1):
        if not cv2.imwrite(str(path / f'{count:05d}.png'), pixels[:, :, ::-1]):
            raise OSError(f'cannot write pictures into {path}')
    return f'frames: {path.resolve()} ({count} pictures)'


def draw_gallery(job: Gallery) -> int:
    """Write page and contact sheet; say where they are."""
    from rich.progress import track

    from lnn_control.reports.worlds import write_page, write_sheet
    from sim.renderers import make_renderer
    from sim.sensors.pinhole import PinholeCamera
    from sim.tasks import FlyToTarget
    from sim.worlds import SEASONS, WORLDS

    check_trials(job.episodes, job.first_seed)
    seeds = range(job.first_seed, job.first_seed + job.episodes)
    job.output.mkdir(parents=True, exist_ok=True)
    renderer = make_renderer(job.renderer, PinholeCamera(*parse_size(job.size)))
    scenes = [(w, s, seed) for w in WORLDS for s in SEASONS for seed in seeds]
    try:
        pictures = [
            picture
            for scene in track(scenes, 'gallery')
            for picture in draw_pictures(renderer, *scene)
        ]
        for world in FlyToTarget.worlds:
            pictures += draw_targets(renderer, world, job.first_seed)
    finally:
        renderer.close()
    lead = (
        f'{len(WORLDS)} worlds, {len(SEASONS)} seasons, {len(seeds)} seeds, drawn by renderer '
        f'{renderer.name} at {job.size}. A seed gives the same world in every season.'
    )
    for path in (
        write_page(job.output, pictures, lead),
        write_sheet(job.output, pictures),
    ):
        print(f'gallery: {path.resolve()} ({path.stat().st_size / 1e6:.1f} MB)')
    return 0


def draw_pictures(renderer: Any, world: str, season: str, seed: int) -> 'Iterator[Picture]':
    """Yield pictures of one trial: from its start and further along its way."""
    from lnn_control.core.frames import rotation_world_from_level
    from lnn_control.reports.worlds import Picture
    from sim.tasks import TASKS, FlyToTarget

    kinds = [TASKS[name] for name in TASKS if TASKS.is_own(name)]
    # A world of another package is one to fly in.
    kind = next((kind for kind in kinds if world in kind.worlds), FlyToTarget)
    task = kind(world=world, season=season)
    trial = task.sample(seed)
    path, height = find_way(task, trial)
    renderer.load(trial.world)
    for name, share in _VIEWS:
        place, ahead = (path[int(s * (len(path) - 1))] for s in (share, min(share + _AHEAD, 1.0)))
        yaw = float(np.arctan2(*(ahead - place)[::-1]))
        position = np.array([*place, height])
        pixels = renderer.render(position, rotation_world_from_level(yaw))
        yield Picture(f'{world} {season}', f'seed {seed}, {name}', pixels)


def find_way(task: 'Task', trial: 'Trial') -> tuple[NDArray[np.float64], float]:
    """Return the way through a trial's world as x, y [m], shape (n, 2), and the eye's height."""
    from sim.site import describe_site
    from sim.tasks import FlyToTarget

    if isinstance(task, FlyToTarget):
        return describe_site(task, trial).shortest_path, trial.altitude
    road = trial.world.road
    if road is None:
        raise ValueError(f'world {trial.world.name} must have a road or be one to fly in')
    along = np.gradient(road.centreline, axis=0)
    right = np.column_stack([along[:, 1], -along[:, 0]])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    # So far that the views are as far apart as in other worlds.
    lane = road.centreline + road.lane_width / 2 * right
    return lane[: len(lane) // 4], _DRIVER_HEIGHT


def draw_targets(renderer: Any, world: str, seed: int) -> 'Iterator[Picture]':
    """Yield a picture of every kind of target from some metres away, with nothing before it."""
    from lnn_control.core.frames import rotation_world_from_level
    from lnn_control.reports.worlds import Picture
    from sim.obstacles import Obstacles
    from sim.worlds import SEASONS, Layout, build_world
    from sim.worlds.targets import TARGETS

    for kind in TARGETS:
        layout = Layout((0.0, 0.0), (10.0, 0.0), kind)
        place = build_world(world, next(iter(SEASONS)), layout, np.random.default_rng(seed))
        target = place.target.position[:2]
        angles = np.linspace(0.0, 2 * np.pi, 36, endpoint=False)
        aways = np.column_stack([np.cos(angles), np.sin(angles)])
        distances = place.target.radius + np.linspace(0.5, _TARGET_DISTANCE, 10)
        rays = target + distances[:, None, None] * aways
        room = Obstacles(place, 0.2, 2.0).distance(rays.reshape(-1, 2)).reshape(len(distances), -1)
        best = int(room.min(axis=0).argmax())
        renderer.load(place)
        yaw = float(angles[best] + np.pi)
        position = np.array([*rays[-1, best], 1.5])
        pixels = renderer.render(position, rotation_world_from_level(yaw))
        yield Picture(f'targets {world}', kind, pixels)


OPTIONS = View | Gallery
