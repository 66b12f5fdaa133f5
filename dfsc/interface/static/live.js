// One frame at a time: the newest one is asked about once the last answer is there, and a verdict is shown with the
// frame that it is about (dfsc/interface/live/frames.py answers).
const EDGE = 512, QUALITY = 0.92, MOST_REJECTS = 12, RATE_OVER = 12;
const live = element.querySelector('.live');
const words = JSON.parse(live.dataset.words);
const colours = JSON.parse(live.dataset.colours);
const find = selector => live.querySelector(selector);
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const [video, canvas, stage] = [find('video'), find('canvas'), find('.stage')];
const setting = name => find(`[name=${name}]`);
const button = act => find(`[data-act=${act}]`);
const trigger_ = partTrigger();

let source = ''; // "Camera", or a video file's name
let asked = 0; // number of the last question; an answer to an earlier one is not shown
let busy = false;
let fresh = false; // a frame has come since the last one that was taken
let wanted = ''; // what asks for the next frame: "key", "part" or nothing
let before = ''; // the last verdict
let inspected = 0;
let moments = [];

const choice = () => document.querySelector('#live-choice [data-token]')?.dataset;
const visible = () => live.offsetParent !== null || document.fullscreenElement !== null;
const say = sentence => { find('.failed').textContent = sentence; };

// What came back

const shades = Uint8ClampedArray.from(atob(colours.shades), sign => sign.charCodeAt(0));
const overlay = text => {
  const image = new ImageData(colours.cells, colours.cells);
  Array.from(atob(text), sign => sign.charCodeAt(0)).forEach((level, cell) => {
    image.data.set(shades.subarray(4 * level, 4 * level + 4), 4 * cell);
  });
  const small = Object.assign(document.createElement('canvas'), { width: colours.cells, height: colours.cells });
  small.getContext('2d').putImageData(image, 0, 0);
  return small;
};
const draw = (frame, map) => {
  [canvas.width, canvas.height] = [frame.width, frame.height];
  const context = canvas.getContext('2d');
  context.drawImage(frame, 0, 0);
  if (!map) return;
  const { first, size } = colours;
  context.imageSmoothingQuality = 'high';
  context.drawImage(overlay(map), first * frame.width, first * frame.height, size * frame.width, size * frame.height);
};

const rejecting = results => results.filter(one => one.verdict === 'reject').map(one => one.title).join(', ');
const number = value => value.toFixed(2).replace('-', '−');
const line = one => {
  const item = document.createElement('li');
  item.textContent = `${one.title} ${number(one.score)}, limit ${number(one.limit)}`;
  item.className = one.verdict;
  return item;
};
const judge = (verdict, results) => {
  stage.className = `card stage ${verdict}`;
  find('.verdict-now svg').innerHTML = words.signs[verdict];
  find('.verdict-now strong').textContent = words.verdicts[verdict];
  const meaning = filled(words.meanings[verdict], { methods: rejecting(results) });
  find('.meaning').textContent = meaning;
  find('.details ul').replaceChildren(...results.map(line));
  canvas.setAttribute('aria-label', `${source}: ${words.verdicts[verdict]}`);
  // Read aloud when it changes, not with every frame.
  if (verdict !== before) find('.spoken').textContent = verdict === 'none' ? '' : `${words.verdicts[verdict]}. ${meaning}`;
};

const keepReject = (frame, { kept }, name) => {
  const small = document.createElement('canvas');
  const zoom = 160 / Math.max(frame.width, frame.height);
  [small.width, small.height] = [frame.width * zoom, frame.height * zoom].map(Math.round);
  small.getContext('2d').drawImage(frame, 0, 0, small.width, small.height);
  const card = document.createElement('button');
  const picture = Object.assign(new Image(), { src: small.toDataURL('image/jpeg', 0.85), alt: '' });
  const caption = Object.assign(document.createElement('span'), { textContent: name });
  Object.assign(card, { type: 'button', ariaLabel: filled(words.open, { photo: name }) });
  Object.assign(card.dataset, { act: 'open', entry: kept, photo: name });
  card.append(picture, caption);
  const cards = find('.rejects .thumbnails');
  cards.prepend(card);
  Array.from(cards.children).slice(MOST_REJECTS).forEach(old => old.remove());
  find('.rejects .quiet').hidden = true;
};

let tones = null;
const beep = () => {
  tones ??= new AudioContext();
  const tone = tones.createOscillator();
  tone.frequency.value = 440;
  tone.connect(tones.destination);
  tone.start();
  tone.stop(tones.currentTime + 0.25);
};

const show = (frame, answer, name, why) => {
  draw(frame, answer.map);
  judge(answer.verdict, answer.results);
  if (answer.verdict === 'reject' && setting('sound').checked && (why || before !== 'reject')) beep();
  if (answer.verdict === 'reject' && answer.openable) keepReject(frame, answer, name);
  before = answer.verdict;
  inspected += 1;
  moments = [...moments, performance.now()].slice(-RATE_OVER);
  const seconds = (moments.at(-1) - moments[0]) / 1000;
  const rate = seconds > 0 ? ((moments.length - 1) / seconds).toFixed(1) : '–';
  find('.stats').textContent = filled(words.stats, { inspected, rate });
  live.dataset.shown = answer.number;
};

// Asking

const grab = () => {
  const frame = document.createElement('canvas');
  const zoom = Math.min(1, EDGE / Math.max(video.videoWidth, video.videoHeight));
  [frame.width, frame.height] = [video.videoWidth * zoom, video.videoHeight * zoom].map(Math.round);
  const context = frame.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(video, 0, 0, frame.width, frame.height);
  return frame;
};
const clock = () => {
  if (video.srcObject) return new Date().toTimeString().slice(0, 8).replaceAll(':', '.');
  return `${video.currentTime.toFixed(1)} s`;
};
const request = async (frame, about) => {
  const blob = await new Promise(done => { frame.toBlob(done, 'image/jpeg', QUALITY); });
  const question = JSON.stringify({ number: asked, about, settings: dfsc.settings });
  const response = await fetch(`live/frame?question=${encodeURIComponent(question)}`, {
    method: 'POST', headers: { 'x-dfsc-token': choice().token }, body: blob,
  });
  return response.json();
};
const look = async () => {
  const why = wanted;
  if (busy || !source || !video.videoWidth || !choice() || !visible()) return;
  if (!why && !(fresh && setting('trigger').value === 'always')) return;
  [busy, fresh, wanted, asked] = [true, false, '', asked + 1];
  const [number_, frame, name] = [asked, grab(), `${source} ${clock()}`];
  try {
    const about = { product: choice().product, method: setting('method').value, trigger: why, name, before, map: setting('map').checked };
    const answer = await request(frame, about);
    if (number_ === asked) {
      say(answer.error ?? '');
      if (!answer.error) show(frame, answer, name, why);
    }
  } catch {
    say(words.failed);
    await new Promise(done => { setTimeout(done, 1000); });
  }
  busy = false;
  // What asked or came meanwhile gets the frame that is there now; the video may stand still.
  look();
};
const onFrame = () => {
  if (!source) return;
  video.requestVideoFrameCallback(onFrame);
  fresh = true;
  if (!visible()) return;
  if (setting('trigger').value === 'part' && trigger_.sees(video)) wanted ||= 'part';
  look();
};
// No answer on its way is about what is watched from now on.
const anew = () => {
  [asked, before, wanted] = [asked + 1, '', ''];
  judge('none', []);
};

// Sources

const running = on => {
  for (const act of ['stop', 'now']) button(act).hidden = !on;
  button('camera').hidden = on;
  video.hidden = !on;
};
const stop = () => {
  stopStream(video);
  if (video.src) URL.revokeObjectURL(video.src);
  video.removeAttribute('src');
  video.load();
  source = '';
  anew();
  running(false);
};
const begin = name => {
  source = name;
  [inspected, moments] = [0, []];
  say('');
  anew();
  running(true);
  video.requestVideoFrameCallback(onFrame);
  stage.focus({ preventScroll: true });
};
const acts = {
  camera: async () => {
    stop();
    const why = await startStream(video, stop);
    if (why) say(filled(words.camera, { why }));
    else {
      await video.play();
      begin('Camera');
    }
  },
  stop: () => { stop(); stage.focus({ preventScroll: true }); },
  now: () => { wanted = 'key'; look(); },
  large: () => { if (document.fullscreenElement) document.exitFullscreen(); else stage.requestFullscreen(); },
  empty: () => {
    if (!video.videoWidth) return;
    trigger_.learn(video);
    scene();
  },
};
const play = async file => {
  stop();
  video.src = URL.createObjectURL(file);
  try {
    await video.play();
    begin(file.name);
  } catch {
    stop();
    say(words.video);
  }
};
const scene = () => {
  find('.scene').hidden = setting('trigger').value !== 'part';
  find('.scene span').textContent = words.scene[Number(trigger_.ready)];
};
const choose = () => {
  const { product, methods } = choice() ?? {};
  if (!product) return;
  const name = document.querySelector(`#product input[value="${CSS.escape(product)}"]`)?.closest('label')?.innerText.trim();
  if (live.dataset.product !== product) anew();
  live.dataset.product = product;
  find('.product').textContent = name || product;
  const [select, titles] = [setting('method'), ['', ...JSON.parse(methods)]];
  if (titles.join() === Array.from(select.options, option => option.value).join()) return;
  const chosen = select.value;
  select.replaceChildren(...titles.map(title => new Option(title || words.all, title)));
  select.value = titles.includes(chosen) ? chosen : '';
};

element.addEventListener('click', event => {
  const card = event.target.closest('button[data-act]');
  if (card?.dataset.act === 'open') {
    dfsc.ask('kept', { entry: card.dataset.entry, photo: card.dataset.photo });
    trigger('select');
  } else acts[card?.dataset.act]?.();
});
element.addEventListener('change', event => {
  if (event.target.type === 'file' && event.target.files.length) {
    play(event.target.files[0]);
    event.target.value = '';
  }
  if (['method', 'trigger'].includes(event.target.name)) anew();
  scene();
});
// The key of the trigger, from wherever it is pressed on this tab (static/keys.js).
document.addEventListener('dfsc:trigger', () => { if (source && visible()) acts.now(); });
const chosen = document.querySelector('#live-choice');
new MutationObserver(choose).observe(chosen, { childList: true, subtree: true });
choose();
