// What counts of a product's photos: drawn around on the photo, and the rest veiled on all maps. Shares `element`,
// `trigger` and `shown` with the scripts whose block it is part of.
const interest = (() => {
  let veil = null;
  const anew = outlining((corners, panel) => {
    dfsc.ask('stroke', { brought: Number(panel.dataset.brought), corners });
    trigger('click');
  });

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
    anew();
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
