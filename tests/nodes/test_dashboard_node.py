# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard as a person uses it: real nodes, a real browser."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from lnn_control.core.circuit import Circuit, NeuronGroup, Synapse
from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    make_neurons,
    make_saliency,
    make_twist_stamped,
)
from tests.browser import Browser
from tests.nodes.probe import NodeRun, Probe, is_standing, says

Start = Callable[..., NodeRun]
STOPPED = 'emergency stop: the emergency stop was pressed'
PASSING = 'passing commands'


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    opened = Browser(tmp_path)
    yield opened
    opened.close()


class Policy:
    """Commands as a policy does, and shows what it sees and thinks."""

    def __init__(self, probe: Probe, is_compressed: bool = False) -> None:
        self._probe = probe
        self._is_compressed = is_compressed
        self._encoder = ImageEncoder()
        self._pixels = np.full((72, 128, 3), 90, np.uint8)
        self._sent_at = 0.0
        groups = (NeuronGroup('motor', 0, 2), NeuronGroup('inter', 2, 5))
        self._circuit = Circuit(1234, groups, (Synapse(3, 0, 1), Synapse(4, 1, -1)))

    def describe(self) -> None:
        self._probe.publish(topics.CIRCUIT, String(data=self._circuit.to_text('test pilot')))

    def fly(self) -> None:
        now = time.time()
        if now - self._sent_at < 0.05:
            return
        self._sent_at = now
        image = self._encoder.encode(self._pixels, now)
        header = Header(stamp=image.header.stamp)
        saliency = np.zeros((72, 128), np.float32)
        saliency[:, 64:] = 1.0
        names = self._circuit.name_neurons(5)
        activity = np.array([0.9, -0.8, 0.0, 0.1, 0.2])
        command = VelocityCommand(vx=5.0, yaw_rate=-0.25)
        if self._is_compressed:
            _, data = cv2.imencode('.jpg', self._pixels)
            packed = CompressedImage(header=header, format='jpeg', data=data.tobytes())
            self._probe.publish(topics.choose_image_topic(topics.IMAGE.name, 'compressed'), packed)
        else:
            self._probe.publish(topics.IMAGE, image)
        self._probe.publish(topics.RAW_COMMAND, make_twist_stamped(command, now))
        self._probe.publish(topics.NEURONS, make_neurons(activity, names, now))
        self._probe.publish(topics.SALIENCY, make_saliency(saliency, header))


def find_url(probe: Probe, run: NodeRun) -> str:
    """Return what the dashboard says to open."""
    found: list[str] = []

    def look() -> bool:
        assert run.process.poll() is None, run.output
        found[:] = re.findall(r'open (http://\S+) \(this machine only\)', run.output)
        return bool(found)

    probe.wait_until(look)
    return found[0]


def is_stale(browser: Browser, selector: str) -> bool:
    return bool(browser.run(f"document.querySelector('{selector}').classList.contains('stale')"))


def test_button_and_keys_stop_the_vehicle(probe: Probe, start: Start, browser: Browser) -> None:
    states, commands = probe.listen(topics.SAFETY_STATE), probe.listen(topics.COMMAND_STAMPED)
    start('safety_node')
    url = find_url(probe, start('dashboard_node', port=0))
    browser.open(url)
    policy = Policy(probe)

    def click() -> None:
        browser.click('#stop')

    def press_space() -> None:
        browser.press(' ', 'Space', 32)

    def press_escape() -> None:
        browser.press('Escape', 'Escape', 27)

    for stop in (click, press_space, press_escape):
        probe.wait_until(lambda: says(states, PASSING), policy.fly)
        probe.wait_until(lambda: browser.read('#step') == PASSING, policy.fly)
        stop()
        # The vehicle is stopped though the policy flies on, and the page says what the node says.
        probe.wait_until(lambda: says(states, STOPPED), policy.fly)
        probe.wait_until(lambda: is_standing(commands), policy.fly)
        probe.wait_until(lambda: browser.read('#step') == 'emergency stop', policy.fly)
        probe.wait_until(lambda: STOPPED in browser.read('#pressed'), policy.fly)
        assert browser.read('#reasons') == 'the emergency stop was pressed'
        released = probe.call(Trigger, 'safety_node/release', Trigger.Request())
        assert released.success


def test_page_shows_what_is_heard_and_greys_what_is_not(
    probe: Probe, start: Start, browser: Browser
) -> None:
    topic = topics.SALIENCY.name
    run = start('dashboard_node', port=0)
    url = find_url(probe, run)
    assert probe.node.count_subscribers(topic) == 0
    browser.open(url)
    probe.wait_until(lambda: 'nothing has been heard yet' in browser.read('#banner'))
    assert browser.read('.camera .age') == 'nothing heard yet'
    # The policy is asked what it looks at because somebody looks.
    probe.wait_until(lambda: probe.node.count_subscribers(topic) == 1)

    safety, policy = start('safety_node'), Policy(probe)
    policy.describe()
    probe.wait_until(lambda: browser.read('#banner') == 'live', policy.fly)
    probe.wait_until(lambda: browser.read('#raw-0') == '5.00 m/s', policy.fly)
    probe.wait_until(lambda: browser.read('#command-0') == '3.00 m/s', policy.fly)
    assert browser.read('#command-3') == '-0.25 rad/s'
    width = "document.querySelector('#{}').naturalWidth"
    probe.wait_until(lambda: browser.run(width.format('saliency')) == 128, policy.fly)
    assert browser.run(width.format('camera')) == 128
    probe.wait_until(
        lambda: browser.run("document.querySelectorAll('#circuit .synapse').length") == 2,
        policy.fly,
    )
    opacities = "[...document.querySelectorAll('#circuit .neuron')].map(e => e.style.fillOpacity)"
    probe.wait_until(
        lambda: browser.run(opacities) == ['0.9', '0.8', '0', '0.1', '0.2'], policy.fly
    )
    assert browser.read('#policy') == 'policy test pilot'
    probe.wait_until(lambda: 'safety' in browser.read('#diagnostics'), policy.fly)
    assert not is_stale(browser, '.camera')
    assert not is_stale(browser, '#raw-0')

    # The policy falls silent: safety_node says so, and what was the policy's is old.
    probe.wait_until(lambda: is_stale(browser, '#raw-0') and is_stale(browser, '.camera'))
    assert browser.read('#raw-0') == '5.00 m/s'
    probe.wait_until(lambda: browser.read('#step') == 'hovering')
    assert not is_stale(browser, '.safety')

    # Killed, safety_node says nothing: its last word is no longer how things are.
    safety.send(signal.SIGKILL)
    probe.wait_until(lambda: browser.read('#banner').startswith('silent: nothing heard for'))
    assert is_stale(browser, '.safety')
    assert is_stale(browser, '#command-0')

    run.send(signal.SIGTERM)
    assert run.wait() == 0
    probe.wait_until(lambda: 'no connection to the dashboard' in browser.read('#banner'))
    assert browser.read('.camera .age') == 'no connection'


def test_page_shows_compressed_images_with_what_the_policy_looks_at(
    probe: Probe, start: Start, browser: Browser
) -> None:
    run = start('dashboard_node', port=0, image_transport='compressed')
    browser.open(find_url(probe, run))
    policy = Policy(probe, is_compressed=True)
    for name in ('camera', 'saliency'):
        width = f"document.querySelector('#{name}').naturalWidth"
        probe.wait_until(lambda width=width: browser.run(width) == 128, policy.fly)


def test_stop_that_is_not_delivered_says_so_and_arrives_as_soon_as_it_can(
    probe: Probe, start: Start, browser: Browser
) -> None:
    states = probe.listen(topics.SAFETY_STATE)
    browser.open(find_url(probe, start('dashboard_node', port=0)))
    browser.click('#stop')
    probe.wait_until(lambda: 'NOT DELIVERED, trying again' in browser.read('#pressed'))
    assert 'safety_node/emergency_stop does not answer' in browser.read('#pressed')
    start('safety_node')
    probe.wait_until(lambda: says(states, STOPPED))
    probe.wait_until(lambda: STOPPED in browser.read('#pressed'))


def test_nobody_looks_once_the_browser_is_closed(
    probe: Probe, start: Start, tmp_path: Path
) -> None:
    url = find_url(probe, start('dashboard_node', port=0))
    browser = Browser(tmp_path)
    browser.open(url)
    counts: list[Any] = []

    def count() -> int:
        counts.append(probe.node.count_subscribers(topics.SALIENCY.name))
        return int(counts[-1])

    probe.wait_until(lambda: count() == 1)
    browser.close()
    probe.wait_until(lambda: count() == 0)


def test_page_of_the_network_has_a_token_that_the_node_prints(probe: Probe, start: Start) -> None:
    run = start('dashboard_node', port=0, address='"0.0.0.0"')
    probe.wait_until(lambda: 'open http' in run.output)
    found = re.search(r'open http://\S+:\d+/\?token=([\w-]{24,}) ', run.output)
    assert found is not None, run.output
    assert 'whoever has the address with its token' in run.output


def test_port_that_is_taken_ends_the_node_with_one_line(probe: Probe, start: Start) -> None:
    url = find_url(probe, start('dashboard_node', port=0))
    port = int(url.rpartition(':')[2].strip('/'))
    run = start('dashboard_node', port=port)
    assert run.wait() == 1
    assert f'dashboard_node: the page cannot be opened on port {port}' in run.output
    assert 'Traceback' not in run.output
