// The pointer's box or line on the photograph that is shown, told to the server when it is finished.
const share = (event, image) => {
  const place = image.getBoundingClientRect();
  const inside = value => Math.min(1, Math.max(0, value));
  return [inside((event.clientX - place.left) / place.width), inside((event.clientY - place.top) / place.height)];
};
let path = null;
let chosen = null;

const stageOf = event => event.target.closest?.('.defect .stage');
const tool = () => element.querySelector('.defect input:checked')?.value;
const draw = (stage, shape) => { stage.querySelector('svg').innerHTML = shape; };
const box = ([x0, y0], [x1, y1]) => {
  const [left, top] = [Math.min(x0, x1) * 100, Math.min(y0, y1) * 100];
  return `<rect x="${left}" y="${top}" width="${Math.abs(x1 - x0) * 100}" height="${Math.abs(y1 - y0) * 100}"/>`;
};
const line = points => `<polyline points="${points.map(([x, y]) => `${x * 100},${y * 100}`).join(' ')}"/>`;

element.addEventListener('pointerdown', event => {
  const stage = stageOf(event);
  // A finger that only wants to scroll must not damage the photograph.
  const scrolls = event.pointerType === 'touch' && !('drawing' in document.documentElement.dataset);
  if (!stage || event.button !== 0 || scrolls) return;
  event.preventDefault();
  const place = share(event, stage.querySelector('img'));
  if (tool() === 'copy' && chosen) {
    trigger('click', { tool: 'copy', points: [...chosen, place] });
    chosen = null;
    return;
  }
  stage.setPointerCapture?.(event.pointerId);
  path = [place];
});
element.addEventListener('pointermove', event => {
  const stage = path && stageOf(event);
  if (!stage) return;
  path.push(share(event, stage.querySelector('img')));
  draw(stage, tool() === 'scratch' ? line(path) : box(path[0], path[path.length - 1]));
});
element.addEventListener('pointerup', event => {
  const stage = path && stageOf(event);
  const points = path;
  path = null;
  if (!stage || points.length < 2) return;
  if (tool() === 'copy') {
    chosen = [points[0], points[points.length - 1]];
    stage.closest('.defect').dataset.step = 'place';
    return;
  }
  trigger('click', { tool: tool(), points: tool() === 'scratch' ? points : [points[0], points[points.length - 1]] });
});
element.addEventListener('click', event => {
  if (event.target.closest?.('.defect .tools')) document.documentElement.dataset.drawing = '';
});
element.addEventListener('change', event => {
  if (!event.target.closest?.('.defect')) return;
  chosen = null;
  const panel = event.target.closest('.defect');
  delete panel.dataset.step;
  draw(panel, '');
});
element.addEventListener('click', event => {
  if (event.target.closest?.('.defect button')) trigger('click', { tool: 'undo', points: [] });
});
