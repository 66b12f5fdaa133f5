// A box or line on the photo that is shown, by pointer or keys, sent to the server when it is finished: all strokes on
// this photo, each time, so that a slow line loses none.
let path = null;
let chosen = null;
let tool = 'erase';
let strokes = [];
let brought = null;

const panel = () => element.querySelector('.defect');
const stageOf = event => event.target.closest?.('.defect .stage');
const draw = (stage, shape) => { stage.querySelector('svg').innerHTML = shape; };
const box = ([x0, y0], [x1, y1]) => {
  const [left, top] = [Math.min(x0, x1) * 100, Math.min(y0, y1) * 100];
  return `<rect x="${left}" y="${top}" width="${Math.abs(x1 - x0) * 100}" height="${Math.abs(y1 - y0) * 100}"/>`;
};
const line = points => `<polyline points="${points.map(([x, y]) => `${x * 100},${y * 100}`).join(' ')}"/>`;

const known = () => {
  const { brought: of, strokes: done } = panel().dataset;
  // Strokes that are on their way count; one that was refused doesn't.
  const kept = of === brought && !dfsc.waiting() ? strokes.slice(0, Number(done)) : strokes;
  strokes = of === brought ? kept : [];
  brought = of;
  return strokes;
};
const send = next => {
  strokes = next;
  dfsc.ask('stroke', { brought: Number(brought), strokes });
  trigger('click');
};
const stroke = points => send([...known(), { tool, points }]);

const begin = place => {
  if (tool === 'copy' && chosen) {
    stroke([...chosen, place]);
    chosen = null;
    return;
  }
  path = [place];
  path.brought = panel().dataset.brought;
};
const outline = () => (tool === 'scratch' ? line(path) : box(path[0], path[path.length - 1]));
const finish = () => {
  const points = path;
  path = null;
  if (points.length < 2 || points.brought !== panel().dataset.brought) return;
  const ends = [points[0], points[points.length - 1]];
  if (tool === 'copy') {
    chosen = ends;
    panel().dataset.step = 'place';
    return;
  }
  stroke(tool === 'scratch' ? points : ends);
};

element.addEventListener('pointerdown', event => {
  const stage = stageOf(event);
  // A finger that only wants to scroll must not damage the photo.
  const scrolls = event.pointerType === 'touch' && !('drawing' in document.documentElement.dataset);
  if (!stage || event.button !== 0 || scrolls) return;
  event.preventDefault();
  begin(share(event, stage.querySelector('img')));
  if (path) stage.setPointerCapture?.(event.pointerId);
});
element.addEventListener('pointermove', event => {
  const stage = path && stageOf(event);
  if (!stage || !event.buttons) return;
  path.push(share(event, stage.querySelector('img')));
  draw(stage, outline());
});
element.addEventListener('pointerup', event => { if (path && stageOf(event)) finish(); });

// The same with keys.
let cross = MIDDLE;
const onKey = event => {
  if (MOVES[event.key]) {
    cross = moved(cross, event);
    path?.push(cross);
  } else if (event.key === 'Enter' || event.key === ' ') {
    if (path) finish(); else begin(cross);
  } else if (event.key === 'Escape') {
    path = null;
  } else return false;
  return true;
};
element.addEventListener('keydown', event => {
  const stage = stageOf(event);
  if (!stage || !onKey(event)) return;
  event.preventDefault();
  draw(stage, (path ? outline() : '') + crossed(cross));
});
element.addEventListener('change', event => {
  if (!event.target.closest?.('.defect')) return;
  tool = event.target.value;
  chosen = null;
  delete panel().dataset.step;
  draw(panel(), '');
});
element.addEventListener('click', event => {
  if (event.target.closest?.('.defect .tools')) document.documentElement.dataset.drawing = '';
  if (event.target.closest?.('.defect button')) send(known().slice(0, -1));
});

// The next finding brings a new panel: the tool stays in the hand.
new MutationObserver(() => {
  const field = element.querySelector(`.defect input[value="${tool}"]`);
  if (!field || field.checked) return;
  field.checked = true;
  chosen = null;
}).observe(element, { childList: true, subtree: true });
