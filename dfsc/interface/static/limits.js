// Good and bad parts as dots along the score, and a limit between them that is dragged or moved by keys. A limit counts
// for the mix that is set, and at once: what it rejects is counted here (as dfsc/inspection/limits.py does).
const [WIDTH, HEIGHT, DOT, STEP] = [600, 96, 4, 9];
const number = value => (Math.abs(value) < 0.0005 ? '0.000' : value.toFixed(3).replace('-', '−'));
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const all = selector => Array.from(element.querySelectorAll(selector));
let shown = null;

const clocks = () => {
  for (const time of all('time')) {
    const says = new Date(1000 * time.dataset.seconds).toLocaleString();
    if (time.textContent !== says) time.textContent = says;
  }
};

const limitOf = method => dfsc.settings.limits[method.key] ?? method.automatic;
// From a little below the lowest part to well above the good ones; bad parts further away stand at the end.
const range = method => {
  const [good, { bad }] = [[...method.held_out, ...method.good, limitOf(method), method.automatic], method];
  const [low, top] = [Math.min(...good, ...bad), Math.max(...good)];
  const high = Math.max(top, Math.min(Math.max(...bad, top), top + 1.5 * (top - low)));
  const margin = Math.max(0.05 * (high - low), 0.02);
  return [low - margin, high + margin];
};

const SHAPES = {
  held_out: (x, y) => `<circle class="held-out" cx="${x}" cy="${y}" r="${DOT}"/>`,
  good: (x, y) => `<circle class="good" cx="${x}" cy="${y}" r="${DOT}"/>`,
  bad: (x, y) => `<path class="bad" d="M${x - DOT} ${y - DOT}l${2 * DOT} ${2 * DOT}m0 ${-2 * DOT}l${-2 * DOT} ${2 * DOT}"/>`,
};
// Parts with about the same score stand one above the other, closer together where there are many.
const dots = (method, place) => {
  const columns = new Map();
  for (const kind of Object.keys(SHAPES)) {
    for (const value of method[kind]) {
      const column = Math.round(place(value) / STEP);
      columns.set(column, [...(columns.get(column) ?? []), kind]);
    }
  }
  const tallest = Math.max(...Array.from(columns.values(), kinds => kinds.length));
  const rise = Math.min(STEP, (HEIGHT - 2 * DOT - 6) / tallest);
  return Array.from(columns, ([column, kinds]) => kinds.map(
    (kind, level) => SHAPES[kind](column * STEP, (HEIGHT - DOT - 4 - level * rise).toFixed(1) * 1),
  ).join('')).join('');
};

const draw = panel => {
  const method = shown.methods[panel.dataset.index];
  const [low, high] = method.range = range(method);
  const place = value => Math.min(WIDTH - 2 * DOT, (WIDTH * (value - low)) / (high - low));
  const svg = panel.querySelector('svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.innerHTML = `<rect class="above"/><line class="axis" x1="0" x2="${WIDTH}" y1="${HEIGHT - 1}" y2="${HEIGHT - 1}"/>`
    + `${dots(method, place)}<line class="limit" y1="0" y2="${HEIGHT}"/>`;
  const slider = panel.querySelector('input');
  [slider.min, slider.max, slider.step] = [low, high, (high - low) / 400];
  tell(panel);
};
const tell = panel => {
  const method = shown.methods[panel.dataset.index];
  const [limit, [low, high]] = [limitOf(method), method.range];
  const x = Math.min(WIDTH, Math.max(0, (WIDTH * (limit - low)) / (high - low)));
  const [line, above, slider] = ['line.limit', '.above', 'input'].map(one => panel.querySelector(one));
  for (const end of ['x1', 'x2']) line.setAttribute(end, x);
  for (const [name, value] of Object.entries({ x, y: 0, width: WIDTH - x, height: HEIGHT })) above.setAttribute(name, value);
  if (document.activeElement !== slider) slider.value = limit;
  const good = [...method.held_out, ...method.good];
  const rejected = good.filter(score => score > limit).length;
  const [expected, least, most] = method.expected[rejected].map(share => Math.round(1000 * share));
  const says = filled(shown.words.says, {
    limit: number(limit), rejected, good: good.length, expected, low: least, high: most,
    missed: method.bad.filter(score => score <= limit).length, bad: method.bad.length,
  });
  panel.querySelector('.says').textContent = says;
  slider.setAttribute('aria-valuetext', says);
  const byHand = method.key in dfsc.settings.limits;
  panel.querySelector('.hand').hidden = !byHand;
  panel.querySelector('.hand span').textContent = byHand ? shown.words.hand : '';
};

const set = (panel, limit) => {
  const { key } = shown.methods[panel.dataset.index];
  const { [key]: before, ...others } = dfsc.settings.limits;
  dfsc.settings.limits = limit === null ? others : { ...others, [key]: limit };
  tell(panel);
  document.dispatchEvent(new Event('dfsc:settings'));
};

// What is shown in the Inspect tab has to follow other good parts.
const joined = {};
const arrive = () => {
  clocks();
  const holder = element.querySelector('[data-limits]');
  // Gradio changes what is there into what comes, and takes away what was drawn.
  if (!holder || (holder.dataset.limits === shown?.json && !element.querySelector('.histogram svg:empty'))) return;
  shown = { ...JSON.parse(holder.dataset.limits), json: holder.dataset.limits, holder };
  all('.limit[data-index]').forEach(draw);
  const { product, joined: now } = holder.dataset;
  if (joined[product] !== undefined && joined[product] !== now) {
    dfsc.ask('anew');
    trigger('apply');
  }
  joined[product] = now;
};
const attributeFilter = ['data-limits', 'data-joined', 'data-seconds'];
new MutationObserver(arrive).observe(element, { childList: true, subtree: true, attributeFilter });

element.addEventListener('input', event => {
  const panel = event.target.closest?.('.limit');
  if (panel) set(panel, Number(event.target.value));
});
element.addEventListener('change', event => {
  if (event.target.closest?.('.limit')) trigger('input');
  if (event.target.name !== 'join') return;
  dfsc.said.joins[shown.holder.dataset.product] = event.target.checked;
  dfsc.askBeside('marks', dfsc.said);
  trigger('click');
});
element.addEventListener('click', event => {
  const button = event.target.closest?.('button[data-act]');
  if (button?.dataset.act === 'automatic') {
    const panel = button.closest('.limit');
    panel.querySelector('input').focus();
    set(panel, null);
    panel.querySelector('input').value = limitOf(shown.methods[panel.dataset.index]);
    trigger('input');
  }
  if (button?.dataset.act === 'model') trigger('submit');
  if (button?.dataset.act === 'clear' && confirm(button.dataset.asks)) {
    dfsc.said = { marks: {}, joins: {} };
    trigger('select');
  }
});
