// Moves everything on the page with the videos: cursors, vehicle and target on the map, the neurons.
'use strict';

const POSITIVE = [249, 115, 22];
const NEGATIVE = [59, 130, 246];

function latest(times, time) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}

function connect(section) {
  const data = JSON.parse(section.querySelector('script[type="application/json"]').textContent);
  const video = section.querySelector('video');
  const drone = section.querySelector('.drone');
  const goal = section.querySelector('.goal');
  const charts = [...section.querySelectorAll('.chart')].map((element) => ({
    svg: element.querySelector('svg'),
    cursor: element.querySelector('.cursor'),
    left: Number(element.dataset.left),
    right: Number(element.dataset.right),
    duration: Number(element.dataset.duration),
  }));
  const done = section.querySelector('.done');
  const neurons = [...section.querySelectorAll('.neuron')];
  const clock = section.querySelector('.clock');

  function show(time) {
    for (const chart of charts) {
      const share = Math.min(time / chart.duration, 1);
      const x = chart.left + share * (chart.right - chart.left);
      chart.cursor.setAttribute('x1', x);
      chart.cursor.setAttribute('x2', x);
    }
    const row = latest(data.track.times, time);
    const [x, y, turn] = data.track.places[row];
    drone.setAttribute('transform', `translate(${x} ${y}) rotate(${turn})`);
    if (goal) goal.setAttribute('transform', `translate(${data.targets[row].join(' ')})`);
    if (data.neurons.times.length) {
      const activity = data.neurons.activity[latest(data.neurons.times, time)];
      for (const neuron of neurons) {
        const value = activity[Number(neuron.dataset.neuron)] / 100;
        const tone = value >= 0 ? POSITIVE : NEGATIVE;
        neuron.style.fill = `rgb(${tone.join(' ')} / ${Math.min(Math.abs(value), 1)})`;
      }
    }
    done.style.transform = `scaleX(${video.currentTime / (video.duration || 1)})`;
    if (clock) clock.textContent = `${time.toFixed(1)} s`;
  }

  const now = () => data.begin + video.currentTime;
  function follow() {
    show(now());
    if (!video.paused && !video.ended) requestAnimationFrame(follow);
  }
  video.addEventListener('play', follow);
  video.addEventListener('seeked', () => show(now()));
  for (const chart of charts) {
    chart.svg.addEventListener('pointerdown', (event) => {
      const box = chart.svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * chart.svg.viewBox.baseVal.width;
      const share = (x - chart.left) / (chart.right - chart.left);
      const time = Math.max(0, Math.min(share, 1)) * chart.duration;
      video.dataset.held = 'yes';
      video.pause();
      video.currentTime = Math.max(0, time - data.begin);
      show(time);
    });
  }
  addPlayButton(video);
  show(data.shown);
  return video;
}

const PLAY = '<svg viewBox="0 0 24 24" fill="currentColor"><path d="M6 3.5v17l14-8.5z"/></svg>';

// The browser's own controls would lie over the picture: a click plays and pauses, two fill the
// screen. Without this script they stay.
function addPlayButton(video) {
  const button = document.createElement('button');
  button.className = 'play';
  button.setAttribute('aria-label', 'play');
  button.innerHTML = PLAY;
  video.controls = false;
  video.after(button);
  video.addEventListener('play', () => { button.hidden = true; });
  video.addEventListener('pause', () => { button.hidden = false; });
  video.style.cursor = 'pointer';
  for (const element of [button, video]) {
    element.addEventListener('click', () => {
      video.dataset.held = video.paused ? '' : 'yes';
      if (video.paused) video.play(); else video.pause();
    });
  }
  video.addEventListener('dblclick', () => {
    if (document.fullscreenElement) document.exitFullscreen(); else video.requestFullscreen();
  });
}

const videos = [...document.querySelectorAll('.flight')].map(connect);
if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !target.dataset.held) target.play().catch(() => {}); else target.pause();
    }
  }, { threshold: 0.6 });
  videos.forEach((video) => watcher.observe(video));
}
