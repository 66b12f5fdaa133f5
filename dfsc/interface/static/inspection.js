// Draws the maps over the photograph and judges them by the sliders. All of it happens here: no network has to run for
// it, and no request either. What it knows comes with the results, as dfsc/interface/inspect/payload.py writes it.
const { settings } = dfsc;
let shown = null;

const bytes = text => Uint8Array.from(atob(text), sign => sign.charCodeAt(0));
const floats = text => new Float32Array(bytes(text).buffer);
const number = (value, decimals = 2) => {
  const digits = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(digits) !== 0 ? `−${digits}` : digits;
};
// Two numbers of which one is a limit have as many decimals as it takes to see which one is higher.
const toldApart = (score, limit) => {
  const ways = [2, 3, 4].map(decimals => [number(score, decimals), number(limit, decimals)]);
  return ways.find(([one, other]) => one !== other) ?? ways[2];
};
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const all = selector => Array.from(element.querySelectorAll(selector));

const mixed = ({ local, global }, weight) => local.map((value, cell) => weight * value + (1 - weight) * global[cell]);
const step = (values, weight) => values[Math.round(weight * (values.length - 1))];
// As HigherMaps in dfsc/models/partner.py: the partner's maps with the weight and with its square, raised.
const higher = (method, partner, weight) => {
  const [plain, quiet] = step(method.together.raised, weight);
  const [one, other] = [mixed(partner, weight), mixed(partner, weight ** 2)];
  return mixed(method, weight).map((value, cell) => Math.max(value, one[cell] + plain, other[cell] + quiet));
};
const withPartner = (method, partner) => ({
  ...method,
  title: method.together.title,
  local: higher(method, partner, 1),
  global: higher(method, partner, 0),
  fused: weight => higher(method, partner, weight),
  good: method.together.good.map(floats),
  key: method.together.key,
  unsure: method.unsure ?? partner.unsure,
});
const read = holder => {
  const data = JSON.parse(holder.dataset.inspection);
  const alone = data.methods.map(method => ({
    ...method, local: floats(method.local), global: floats(method.global), good: method.good.map(floats),
  }));
  const together = alone.map(method => (method.partner === null ? method : withPartner(method, alone[method.partner])));
  const photo = element.querySelector('img.photograph');
  return { ...data, alone, together, methods: alone, holder, photo, shades: bytes(data.shades), opacity: floats(data.opacity) };
};

// Judging

const highest = map => map.reduce((best, value, cell) => (value > map[best] ? cell : best), 0);

// What was set on another product may be more than this one's few good parts allow.
const rejected = () => Math.min(settings.rejected, shown.most_rejected);

// By which a limit that was set by hand is known (dfsc/inspection/limits.py).
const limitKey = method => `${method.key}:${settings.weight}`;

const judge = method => {
  const weight = settings.weight / 100;
  const fused = method.fused?.(weight) ?? mixed(method, weight);
  const good = step(method.good, weight);
  const peak = highest(fused);
  const byHand = settings.limits[limitKey(method)];
  const limit = byHand ?? good[good.length - 1 - rejected()];
  const verdict = method.unsure ? 'unsure' : method.foreign ? 'foreign' : fused[peak] <= limit ? 'accept' : 'reject';
  const [below, above] = [good.filter(g => g < fused[peak]).length, good.filter(g => g > limit).length];
  return { fused, good, peak, limit, verdict, score: fused[peak], below, above, byHand: byHand !== undefined };
};

const centre = cell => (shown.grid.first + shown.grid.stride * cell) / shown.grid.input;
const place = cell => [centre(cell % shown.grid.cells), centre(Math.floor(cell / shown.grid.cells))];

// Of the methods that are shown, by their indices.
const agreement = (found, indices) => {
  const words = shown.words;
  const verdicts = new Set(indices.map(index => found[index].verdict));
  const [verdict] = verdicts;
  if (verdicts.size === 1 && verdict === 'foreign') return words.foreign;
  if (verdicts.size === 1 && indices.length > 1 && verdict !== 'unsure')
    return filled(indices.length === 2 ? words.both : words.all, { verb: words.verdicts[verdict], count: indices.length });
  const clauses = indices.map(index => {
    const { title, unsure } = shown.methods[index];
    return filled(words.clauses[found[index].verdict], { title, why: unsure });
  });
  return `${clauses.join(', ')}.`;
};

// Methods are hidden by title, so that they stay so on the next photograph; the last one can't be.
let hidden = new Set();
const visible = () => {
  const indices = shown.alone.map((method, index) => index).filter(index => !hidden.has(shown.alone[index].title));
  return indices.length ? indices : shown.alone.map((method, index) => index);
};

const strongest = (method, one) => {
  const [x, y] = place(one.peak);
  const [local, other] = [method.local[one.peak], method.global[one.peak]];
  const branch = local >= other ? 'local' : 'global';
  return filled(shown.words.strongest, {
    x: Math.round(x * shown.width), y: Math.round(y * shown.height), branch,
    larger: number(Math.max(local, other)), smaller: number(Math.min(local, other)),
    other: branch === 'local' ? 'global' : 'local',
    meaning: { accept: shown.words.calm, unsure: shown.words.meaningless }[one.verdict] ?? shown.words.meaning[branch],
  });
};

const standing = one => {
  const { none, some, every } = shown.words.standing;
  const sentence = one.below === 0 ? none : one.below === one.good.length ? every : some;
  return filled(sentence, { below: one.below, count: one.good.length });
};

const limitNote = one => filled(shown.words.limit[one.byHand ? 'hand' : rejected() ? 'some' : 'none'], {
  rejected: one.byHand ? one.above : rejected(), count: one.good.length,
});

// Writing

const strip = (axis, one) => {
  const end = Math.max(one.limit, 1e-6) * 2.5;
  const at = value => `left:${(100 * clip(value / end, 0, 1)).toFixed(1)}%`;
  const dots = Array.from(one.good, value => `<i class="dot" style="${at(value)}"></i>`);
  const mark = `<i class="mark${one.score > end ? ' beyond' : ''}" style="${at(one.score)}"></i>`;
  axis.innerHTML = `${dots.join('')}<i class="limit" style="${at(one.limit)}"></i>${mark}`;
};

const badge = (place, verdict) => {
  place.className = `badge ${verdict}`;
  place.textContent = shown.words.verdicts[verdict];
};

const write = (row, method, one) => {
  const fill = (name, text) => { row.querySelector(`[data-fill="${name}"]`).textContent = text; };
  row.querySelector('.verdict').className = `verdict ${one.verdict}`;
  badge(row.querySelector('.badge'), one.verdict);
  const [score, limit] = toldApart(one.score, one.limit);
  fill('score', score);
  fill('limit', limit);
  fill('standing', standing(one));
  fill('strongest', strongest(method, one));
  fill('limit-note', limitNote(one));
  strip(row.querySelector('.axis'), one);
  const [x, y] = place(one.peak);
  row.querySelector('.ring').style.cssText = `left:${100 * x}%;top:${100 * y}%`;
  for (const key of ['local', 'global', 'fused']) {
    const top = number(Math.max(...(key === 'fused' ? one.fused : method[key])));
    const figure = row.querySelector(`.map.${key}`);
    figure.querySelector('figcaption b').textContent = top;
    figure.querySelector('canvas').setAttribute('aria-label', filled(shown.words.alt[key], { title: method.title, top }));
  }
};

const writeSliders = () => {
  for (const choice of all('.sliders [name=partner]')) choice.checked = settings.partner;
  for (const slider of all('.sliders input[type=range]')) {
    if (slider.name === 'rejected') slider.max = shown.most_rejected;
    const values = { ...settings, rejected: rejected(), count: shown.methods[0].good[0].length, rest: 100 - settings.weight };
    slider.value = values[slider.name];
    const byHand = slider.name === 'rejected' && shown.methods.some(method => limitKey(method) in settings.limits);
    const says = byHand ? shown.words.limit.moved : filled(slider.dataset.says, values);
    slider.closest('label').querySelector('output').textContent = says;
  }
};

// The local and the global maps themselves do not change with the weight or the limit.
const paintBranches = shades => all('.method-row').forEach((row, index) => {
  for (const key of ['local', 'global']) paint(row.querySelector(`.map.${key} canvas`), shown.methods[index][key], shades);
});

const showRows = indices => {
  all('.method-row').forEach((row, index) => { row.hidden = !indices.includes(index); });
  shown.holder.style.setProperty('--rows', indices.length); // fewer rows have larger maps
  for (const box of all('.shown input')) {
    box.checked = indices.includes(Number(box.value));
    box.disabled = box.checked && indices.length === 1;
  }
};

// Which two are laid one over the other, chosen by title for the next photograph too.
let sides = [];
const comparedNow = () => shown.compared.map((usual, place) => {
  const chosen = shown.alone.findIndex(method => method.title === sides[place]);
  return chosen < 0 ? usual : chosen;
});

const tell = () => {
  shown.methods = settings.partner ? shown.together : shown.alone;
  const found = shown.methods.map(judge);
  writeSliders();
  const indices = visible();
  showRows(indices);
  const headline = element.querySelector('.agreement');
  headline.textContent = agreement(found, indices);
  headline.classList.toggle('long', headline.textContent.length > 60);
  element.querySelector('.summary').dataset.foreign = found.every(one => one.verdict === 'foreign');
  for (const title of all('[data-title]')) title.textContent = shown.methods[title.dataset.title].title;
  all('.method-row').forEach((row, index) => write(row, shown.methods[index], found[index]));
  return found;
};

// Verdicts and fused maps once more, beside the photo that is drawn on, far below the others.
const echo = () => element.querySelector('.defect .echo').replaceChildren(...all('.method-row:not([hidden])').map(row => {
  const [figure, copy] = ['figure', 'canvas'].map(name => document.createElement(name));
  const map = row.querySelector('.map.fused canvas');
  [copy.width, copy.height] = [map.width, map.height];
  copy.getContext('2d').drawImage(map, 0, 0);
  copy.setAttribute('aria-hidden', 'true');
  figure.append(row.querySelector('.verdict header').cloneNode(true), copy);
  return figure;
}));

const update = () => {
  const found = tell();
  const shades = scaleTable();
  all('.method-row').forEach((row, index) => paint(row.querySelector('.map.fused canvas'), found[index].fused, shades));
  if (shown.strength !== settings.strength || shown.painted !== shown.methods) paintBranches(shades);
  shown.painted = shown.methods;
  shown.strength = settings.strength;
  if (shown.compared) {
    const pair = comparedNow();
    const [first, last] = pair.map(index => found[index].fused);
    for (const choice of all('.wiping select')) choice.value = pair[choice.dataset.place];
    for (const name of all('[data-side]')) name.textContent = shown.methods[pair[name.dataset.side]].title;
    paint(element.querySelector('.wipe .left'), first, shades);
    paint(element.querySelector('.wipe .right'), last, shades);
    const difference = last.map((value, cell) => value - first[cell]);
    paint(element.querySelector('.difference canvas'), difference, differenceTable(), -shown.scale_end, shown.scale_end);
  }
  echo();
  shown.holder.dataset.drawn = 'true';
};

let waiting = 0;
const soon = () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(update);
};

let cut = '50';
const arrive = () => {
  const holder = element.querySelector('[data-inspection]');
  if (!holder || shown?.holder === holder) return;
  viewer.close();
  shown = read(holder);
  region.arrive();
  interest.arrive();
  const wipe = element.querySelector('.wipe input');
  if (wipe) {
    wipe.value = cut;
    wipe.dispatchEvent(new Event('input', { bubbles: true }));
  }
  tell(); // the verdict does not wait for the picture
  shown.photo.decode().then(update, update);
};

element.addEventListener('input', event => {
  if (event.target.closest?.('.wipe')) cut = event.target.value;
  if (event.target.name === 'shown') {
    const { title } = shown.alone[event.target.value];
    if (event.target.checked) hidden.delete(title); else hidden.add(title);
    soon();
    return;
  }
  if (event.target.name === 'side') {
    sides[event.target.dataset.place] = shown.alone[event.target.value].title;
    soon();
    return;
  }
  const slider = event.target.closest?.('.sliders input');
  if (!slider) return;
  settings[slider.name] = slider.type === 'checkbox' ? slider.checked : Number(slider.value);
  if (slider.name === 'rejected') {
    const moved = new Set(shown.methods.map(limitKey));
    settings.limits = Object.fromEntries(Object.entries(settings.limits).filter(([key]) => !moved.has(key)));
  }
  soon();
});
element.addEventListener('change', event => {
  if (event.target.closest?.('.sliders input:not([name=shown])')) trigger('input');
});
element.addEventListener('click', event => {
  const act = event.target.closest?.('button[data-act]')?.dataset.act;
  if (act === 'standard') {
    Object.assign(settings, dfscStandard);
    soon();
    trigger('input');
  }
  if (act === 'report' && dfsc.current()) {
    dfsc.askBeside('report');
    trigger('submit');
  }
  const enlarge = event.target.closest?.('button.enlarge');
  if (enlarge && dfsc.current()) viewer.open(enlarge);
  if (act === 'retrain') document.querySelector('#retrain-tab-button')?.click();
  const canvas = event.target.closest?.('.map canvas');
  if (!canvas || !dfsc.current()) return;
  const box = canvas.getBoundingClientRect();
  const at = [event.clientX - box.left, event.clientY - box.top].map((value, axis) => clip(value / (axis ? box.height : box.width), 0, 1));
  all('.spot').forEach(spot => { spot.style.cssText = `left:${100 * at[0]}%;top:${100 * at[1]}%;display:block`; });
  dfsc.askValues(at);
  trigger('select');
});
// Limits are moved in the History tab.
document.addEventListener('dfsc:settings', () => { if (shown?.holder.isConnected) soon(); });
element.addEventListener('dblclick', event => {
  const map = event.target.closest?.('.map');
  if (map && event.target.matches('canvas') && dfsc.current()) viewer.open(map.querySelector('.enlarge'));
});
