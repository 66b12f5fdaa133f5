// The true region of an example's fault, outlined on the photo and on all maps while the visitor wants to see it. Shares
// `element` and `soon` with inspection.js, whose block it is part of.
const region = (() => {
  let wanted = false, path = null, size = null;
  const outline = () => element.querySelector('svg.region');

  // Over a picture that lies at left, top of a canvas and is as wide and high there.
  const draw = (context, left, top, wide, high, ratio = 1) => {
    if (!wanted || !path) return;
    const placed = new Path2D();
    placed.addPath(path, new DOMMatrix([wide / size.width, 0, 0, high / size.height, left, top]));
    context.save();
    context.lineCap = 'square';
    for (const [ink, width] of [['#000c', 4], ['#4ff', 2]]) {
      context.lineWidth = width * ratio;
      context.strokeStyle = ink;
      context.stroke(placed);
    }
    context.restore();
  };
  const show = () => {
    outline()?.toggleAttribute('hidden', !wanted);
    for (const box of element.querySelectorAll('[name=region]')) box.checked = wanted;
  };
  // Of the finding that has arrived.
  const arrive = () => {
    path = outline() && new Path2D(outline().querySelector('path').getAttribute('d'));
    size = outline()?.viewBox.baseVal;
    show();
  };
  element.addEventListener('input', event => {
    if (event.target.name !== 'region') return;
    wanted = event.target.checked;
    show();
    shown.painted = null; // the local and global maps, too, are drawn anew
    soon();
  });
  return { draw, arrive };
})();
