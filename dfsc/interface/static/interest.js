// Draws what counts of a product's photos: each click is a corner of a polygon, with the keyboard too. And veils on all
// maps what doesn't count. Shares `element`, `trigger` and `share` with the scripts whose block it is part of.
const interest = (() => {
  let corners = [], cross = null, veil = null, open = false;
  const stageOf = event => event.target.closest?.('.interest .stage');
  const panel = () => element.querySelector('.interest');

  const outline = () => {
    const points = corners.map(([x, y]) => `${100 * x},${100 * y}`).join(' ');
    const dots = corners.map(([x, y]) => `<path class="corner" d="M${100 * x} ${100 * y}h0"/>`).join('');
    const pointer = cross && `<path d="M${100 * cross[0] - 3} ${100 * cross[1]}h6M${100 * cross[0]} ${100 * cross[1] - 3}v6"/>`;
    return `<polygon points="${points}"/>${dots}${pointer ?? ''}`;
  };
  const show = () => {
    panel().querySelector('svg').innerHTML = outline();
    panel().querySelector('[data-do=done]').disabled = corners.length < 3;
    panel().querySelector('[data-do=anew]').disabled = !corners.length;
  };
  const send = next => {
    const { brought } = panel().dataset;
    corners = [];
    dfsc.ask('stroke', { brought: Number(brought), corners: next });
    trigger('click');
  };
  const acts = { done: () => send(corners), anew: () => { corners = []; show(); }, whole: () => send([]) };

  element.addEventListener('click', event => {
    const act = acts[event.target.closest?.('.interest [data-do]')?.dataset.do];
    if (act) return act();
    const stage = stageOf(event);
    // Enter and space are no clicks on a place.
    if (!stage || !event.detail) return;
    corners.push(share(event, stage.querySelector('img')));
    cross = null;
    show();
  });
  element.addEventListener('keydown', event => {
    if (!stageOf(event)) return;
    const step = event.shiftKey ? 0.1 : 0.02;
    if (MOVES[event.key]) {
      cross = (cross ?? [0.5, 0.5]).map((value, axis) => Math.round(1e4 * clip(value + step * MOVES[event.key][axis], 0, 1)) / 1e4);
    } else if (event.key === 'Enter' || event.key === ' ') {
      corners.push(cross ??= [0.5, 0.5]);
    } else if (event.key === 'Escape' && corners.length) {
      corners.pop();
    } else return;
    event.preventDefault();
    show();
  });
  element.addEventListener('toggle', event => { if (event.target === panel()) open = panel().open; }, true);

  // Over a picture that lies at left, top of a canvas and is as wide and high there.
  const draw = (context, left, top, wide, high) => {
    if (!veil) return;
    const placed = new Path2D();
    placed.addPath(veil, new DOMMatrix([wide, 0, 0, high, left, top]));
    context.save();
    context.fillStyle = '#7a7f88a8';
    context.fill(placed);
    context.restore();
  };
  // Of the finding that has arrived: a path of all cells that don't count, those at the edge with the ring beyond.
  const arrive = () => {
    const { cells, first, stride, input } = shown.grid;
    corners = [];
    if (panel()) panel().open = open;
    veil = null;
    if (!shown.region) return;
    const bits = bytes(shown.region);
    const edge = cell => (cell === 0 ? 0 : cell === cells ? 1 : (first + stride * (cell - 0.5)) / input);
    veil = new Path2D();
    for (let cell = 0; cell < cells * cells; cell += 1) {
      if (bits[cell >> 3] & (128 >> (cell & 7))) continue;
      const [x, y] = [cell % cells, Math.floor(cell / cells)];
      veil.rect(edge(x), edge(y), edge(x + 1) - edge(x), edge(y + 1) - edge(y));
    }
  };
  return { draw, arrive };
})();
