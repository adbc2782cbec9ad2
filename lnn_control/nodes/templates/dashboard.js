'use strict';

// What the node tells: the newest value of each name, how old it is, and whether it is live. What
// is not live, or comes over a stream that has fallen silent, is shown grey.

const LONGEST_SILENCE_MS = 1500;
const HISTORY_MS = 20000;
const AXES = [['forward', 'm/s'], ['left', 'm/s'], ['up', 'm/s'], ['turn left', 'rad/s']];
const TONES = {
  'passing commands': 'good', 'waiting': 'warn', 'slowing': 'warn', 'hovering': 'warn', 'manual': 'hand',
};
const LEVELS = ['good', 'warn', 'bad'];
const SVG = 'http://www.w3.org/2000/svg';

const find = (selector) => document.querySelector(selector);
const values = {};
let ages = {};
let live = new Set();
let heardAt = -Infinity;
let trail = [];

function isConnected() {
  return performance.now() - heardAt < LONGEST_SILENCE_MS;
}

function isLive(name) {
  return isConnected() && live.has(name);
}

function describeAge(name) {
  if (!isConnected()) return 'no connection';
  if (isLive(name)) return '';
  return name in ages ? `silent for ${ages[name].toFixed(0)} s` : 'nothing heard yet';
}

function make(tag, text = '', kind = '') {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The emergency stop: pressed again until it has arrived.

let isPressing = false;

function sayPressed(text, tone) {
  const place = find('#pressed');
  setText(place, text);
  place.className = tone;
}

async function pressOnce() {
  const answer = await fetch('emergency_stop', {
    method: 'POST', headers: { 'X-Lnn-Control': '1' }, signal: AbortSignal.timeout(6000),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said.state;
}

async function press() {
  if (isPressing) return;
  isPressing = true;
  sayPressed('pressed: sending', 'bad');
  while (isPressing) {
    try {
      sayPressed(`safety_node answers: ${await pressOnce()}`, 'good');
      isPressing = false;
    } catch (error) {
      sayPressed(`NOT DELIVERED, trying again: ${error.message}`, 'bad');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

find('#stop').addEventListener('click', press);
document.addEventListener('keydown', (event) => {
  if (event.key !== ' ' && event.key !== 'Escape') return;
  event.preventDefault();
  if (!event.repeat) press();
}, true);

// What is shown.

function markAges() {
  for (const place of document.querySelectorAll('[data-shows]')) {
    const name = place.dataset.shows;
    place.classList.toggle('stale', !isLive(name));
    for (const age of place.querySelectorAll(':scope .age')) setText(age, describeAge(name));
  }
  setText(find('.frame .nothing'), describeAge('picture'));
}

function showBanner() {
  const seen = ['picture', 'neurons', 'raw', 'command', 'state'];
  const known = seen.filter((name) => name in ages);
  let text = 'live';
  if (!isConnected()) {
    text = 'no connection to the dashboard: nothing here is live';
  } else if (!known.length) {
    text = 'silent: nothing has been heard yet';
  } else if (!known.some(isLive)) {
    text = `silent: nothing heard for ${Math.min(...known.map((name) => ages[name])).toFixed(0)} s`;
  } else if (!isLive('state')) {
    text = 'safety_node is silent';
  }
  setText(find('#banner'), text);
  find('#banner').className = text === 'live' ? 'good' : 'bad';
}

function showPicture(picture) {
  find('#camera').src = picture.camera;
  if (picture.saliency) find('#saliency').src = picture.saliency;
  else find('#saliency').removeAttribute('src');
}

function showState(state) {
  setText(find('#step'), state.step);
  find('#step').className = TONES[state.step] ?? 'bad';
  find('#reasons').replaceChildren(...state.reasons.map((reason) => make('li', reason)));
  const isStopped = state.step === 'emergency stop';
  find('#release').hidden = !isStopped;
  // Released: what was answered to the button is over.
  if (!isStopped && !isPressing) sayPressed('', '');
}

function showTiming([imageAge, inferenceTime]) {
  const write = (time) => (time === null ? '-' : `${(1000 * time).toFixed(1)} ms`);
  setText(find('#timing'), `image ${write(imageAge)} old, answered in ${write(inferenceTime)}`);
}

function showDiagnostics() {
  const names = Object.keys(values).filter((name) => name.startsWith('diagnostics/')).sort();
  if (!names.length) return;
  const parts = names.map((name) => {
    const { level, message, values: pairs } = values[name];
    const part = make('section', '', LEVELS[level] ?? 'bad');
    part.dataset.shows = name;
    const title = make('h3');
    title.append(make('span', '', 'light'), name.replace('diagnostics/', ''), ' ', make('span', '', 'age'));
    const list = document.createElement('dl');
    for (const [key, value] of pairs) list.append(make('dt', key), make('dd', value));
    part.append(title, make('p', message), list);
    return part;
  });
  find('#diagnostics').replaceChildren(...parts);
}

function showProblems(problems) {
  find('#problems').replaceChildren(...problems.map((problem) => make('li', problem)));
}

// Commands before and after the limits.

function makeAxes() {
  for (const [index, [axis, unit]] of AXES.entries()) {
    const row = document.createElement('tr');
    row.append(make('td', axis, 'axis'));
    for (const name of ['raw', 'command']) {
      const cell = make('td', '-', 'number');
      cell.dataset.shows = name;
      cell.id = `${name}-${index}`;
      cell.dataset.unit = unit;
      row.append(cell);
    }
    const place = document.createElement('td');
    const canvas = document.createElement('canvas');
    canvas.id = `history-${index}`;
    place.append(canvas);
    row.append(place);
    find('#axes').append(row);
  }
}

function showCommand(name, command) {
  for (const [index, value] of command.entries()) {
    const cell = find(`#${name}-${index}`);
    setText(cell, value === null ? 'no number' : `${value.toFixed(2)} ${cell.dataset.unit}`);
  }
}

function remember() {
  const now = performance.now();
  const take = (name) => (isLive(name) ? values[name] : null);
  trail.push({ at: now, raw: take('raw'), command: take('command') });
  trail = trail.filter((entry) => now - entry.at < HISTORY_MS);
}

function drawHistory() {
  const style = getComputedStyle(document.documentElement);
  for (const index of AXES.keys()) {
    const canvas = find(`#history-${index}`);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const context = canvas.getContext('2d');
    context.scale(devicePixelRatio, devicePixelRatio);
    const sizes = trail.flatMap((entry) => [entry.raw?.[index], entry.command?.[index]]);
    const reach = Math.max(0.5, ...sizes.map((value) => Math.abs(value ?? 0))) * 1.1;
    const place = (entry, name) => [
      width * (1 - (performance.now() - entry.at) / HISTORY_MS),
      height * (0.5 - (0.5 * entry[name][index]) / reach),
    ];
    const draw = (name, colour, thickness) => {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.beginPath();
      let isDown = false;
      for (const entry of trail) {
        const isThere = typeof entry[name]?.[index] === 'number';
        if (isThere && isDown) context.lineTo(...place(entry, name));
        else if (isThere) context.moveTo(...place(entry, name));
        isDown = isThere;
      }
      context.stroke();
    };
    context.fillStyle = style.getPropertyValue('--line');
    context.fillRect(0, height / 2, width, 1);
    draw('raw', style.getPropertyValue('--muted'), 1);
    draw('command', style.getPropertyValue('--hand'), 2);
  }
}

// The circuit: a column a group, in the order that signals travel.

const BOX = { left: 0, right: 530, top: 30, bottom: 392 };
const MOTORS = ['forward', 'left', 'up', 'turn left'];
let drawn = '';

function makeSvg(tag, attributes, text = '') {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

function placeNeurons(groups) {
  const places = new Map();
  for (const [column, group] of groups.entries()) {
    const x = BOX.left + ((column + 0.5) / groups.length) * (BOX.right - BOX.left);
    const count = group.stop - group.start;
    for (let row = 0; row < count; row += 1) {
      const aside = count > 14 ? (row % 2 ? 11 : -11) : 0;
      const y = BOX.top + ((row + 0.5) / count) * (BOX.bottom - BOX.top);
      places.set(group.start + row, [x + aside, y]);
    }
  }
  return places;
}

function drawSynapse(start, end, polarity) {
  const [x1, y1] = start;
  const [x2, y2] = end;
  const isWithin = Math.abs(x1 - x2) < 30;
  const middle = isWithin ? Math.max(x1, x2) + 24 + 0.12 * Math.abs(y1 - y2) : (x1 + x2) / 2;
  return makeSvg('path', {
    class: `synapse ${polarity > 0 ? 'excitatory' : 'inhibitory'}`,
    d: `M ${x1} ${y1} C ${middle} ${y1}, ${middle} ${y2}, ${x2} ${y2}`,
  });
}

function drawCircuit(count) {
  const circuit = values.circuit;
  const isKnown = circuit && circuit.neuron_groups.some((group) => group.stop === count);
  const groups = isKnown ? circuit.neuron_groups : [{ name: 'neurons', start: 0, stop: count }];
  const key = JSON.stringify([groups, isKnown && circuit.policy]);
  if (key === drawn) return;
  drawn = key;
  const places = placeNeurons(groups);
  const parts = [];
  for (const synapse of isKnown ? circuit.synapses : []) {
    if (places.has(synapse.source) && places.has(synapse.target)) {
      const [start, end] = [places.get(synapse.source), places.get(synapse.target)];
      parts.push(drawSynapse(start, end, synapse.polarity));
    }
  }
  for (const [column, group] of groups.entries()) {
    const x = BOX.left + ((column + 0.5) / groups.length) * (BOX.right - BOX.left);
    parts.push(makeSvg('text', { x, y: 16 }, `${group.stop - group.start} ${group.name}`));
    const isMotor = group.name === 'motor' && group.stop - group.start === MOTORS.length;
    for (let index = group.start; index < group.stop; index += 1) {
      const [cx, cy] = places.get(index);
      const r = isMotor ? 11 : 8;
      parts.push(makeSvg('circle', { class: 'back', cx, cy, r }));
      parts.push(makeSvg('circle', { class: 'neuron', cx, cy, r, 'data-neuron': index, fill: 'none' }));
      if (isMotor) {
        parts.push(makeSvg('text', { class: 'motor', x: cx + 18, y: cy + 4 }, MOTORS[index - group.start]));
      }
    }
  }
  find('#circuit').replaceChildren(...parts);
}

function showNeurons({ names, values: activity }) {
  drawCircuit(names.length);
  for (const neuron of document.querySelectorAll('#circuit .neuron')) {
    const value = activity[Number(neuron.dataset.neuron)] ?? 0;
    neuron.style.fill = value < 0 ? 'var(--negative)' : 'var(--positive)';
    neuron.style.fillOpacity = Math.min(1, Math.abs(value));
  }
}

const SHOW = {
  picture: showPicture,
  state: showState,
  timing: showTiming,
  raw: (command) => showCommand('raw', command),
  command: (command) => showCommand('command', command),
  neurons: showNeurons,
  problems: showProblems,
  circuit: (circuit) => {
    setText(find('#policy'), `policy ${circuit.policy}`);
    if (values.neurons) showNeurons(values.neurons);
  },
};

function take(event) {
  const told = JSON.parse(event.data);
  heardAt = performance.now();
  Object.assign(values, told.values);
  ages = told.ages;
  live = new Set(told.live);
  for (const [name, value] of Object.entries(told.values)) SHOW[name]?.(value);
  if (Object.keys(told.values).some((name) => name.startsWith('diagnostics/'))) showDiagnostics();
  remember();
  drawHistory();
  refresh();
}

function refresh() {
  markAges();
  showBanner();
}

makeAxes();
find('#glow').addEventListener('change', (event) => {
  find('#saliency').style.visibility = event.target.checked ? 'visible' : 'hidden';
});
new EventSource('events').onmessage = take;
setInterval(refresh, 250);
