// Full screen: the photo and all maps of the methods shown, side by side, with one zoom and one place for all of them.
// Shares `element`, `shown`, `settings` and the drawing with inspection.js and drawing.js, whose block it is part of.
const viewer = (() => {
  const CLOSEST = 12; // screen pixels for a pixel of the photo
  const STEP = 1.25;
  const dialog = element.querySelector('dialog.viewer');
  const part = name => dialog.querySelector(`.${name}`);
  let panes = [], opener = null;
  // The photo at its own resolution, which is asked for when the viewer opens (original.js); until then its small copy.
  let sharp = null;
  // The middle of what is seen and the place that is pointed at, as shares of the photo's width and height.
  let view = { x: 0.5, y: 0.5, zoom: 1 };
  let at = null;

  const sizes = () => [shown.width, shown.height];
  const fitting = ({ clientWidth, clientHeight }) => {
    const [width, height] = sizes();
    return Math.min(clientWidth / width, clientHeight / height);
  };
  const scaleOf = canvas => fitting(canvas) * view.zoom;

  const look = (x, y, zoom) => {
    const canvas = panes[0].canvas;
    view.zoom = clip(zoom, 1, Math.max(1, CLOSEST / fitting(canvas)));
    const half = sizes().map((side, axis) => (axis ? canvas.clientHeight : canvas.clientWidth) / (2 * side * scaleOf(canvas)));
    [view.x, view.y] = [x, y].map((middle, axis) => (half[axis] >= 0.5 ? 0.5 : clip(middle, half[axis], 1 - half[axis])));
    soonDrawn();
  };

  const placeIn = (canvas, event) => {
    const box = canvas.getBoundingClientRect();
    const [width, height] = sizes().map(side => side * scaleOf(canvas));
    return [
      view.x + (event.clientX - box.left - box.width / 2) / width,
      view.y + (event.clientY - box.top - box.height / 2) / height,
    ];
  };
  // What is under a pointer stays there.
  const zoomAt = (canvas, event, factor) => {
    const [x, y] = placeIn(canvas, event);
    const zoom = clip(view.zoom * factor, 1, Math.max(1, CLOSEST / fitting(canvas)));
    const kept = view.zoom / zoom;
    look(x + (view.x - x) * kept, y + (view.y - y) * kept, zoom);
  };

  // Drawing

  const overlay = cells => {
    const { naturalWidth: width, naturalHeight: height } = shown.photo;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.putImageData(layer(cells, width, height, scaleTable(), 0, shown.scale_end), 0, 0);
    hatch(context, width, height);
    return canvas;
  };
  const cross = (context, x, y, ratio) => {
    for (const [ink, width] of [['#000c', 4], ['#fff', 2]]) {
      context.lineWidth = width * ratio;
      context.strokeStyle = ink;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 4 * dx * ratio, y + 4 * dy * ratio);
        context.lineTo(x + 12 * dx * ratio, y + 12 * dy * ratio);
      }
      context.stroke();
    }
  };
  const drawPane = ({ canvas, over }) => {
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map(side => Math.round(side * ratio));
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    const scale = scaleOf(canvas) * ratio;
    const [wide, high] = sizes().map(side => side * scale);
    const [left, top] = [width / 2 - view.x * wide, height / 2 - view.y * high];
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = scale < 4; // closer than that, pixels are worth seeing
    context.drawImage(sharp ?? shown.photo, left, top, wide, high);
    context.imageSmoothingEnabled = true;
    if (over) context.drawImage(over, left, top, wide, high);
    interest.draw(context, left, top, wide, high);
    region.draw(context, left, top, wide, high, ratio);
    if (at) cross(context, left + at[0] * wide, top + at[1] * high, ratio);
  };
  const cellAt = ([x, y]) => {
    const { input, first, stride, cells } = shown.grid;
    const [column, row] = [x, y].map(share => Math.floor((share * input - first) / stride + 0.5));
    return Math.min(column, row) < 0 || Math.max(column, row) >= cells ? null : row * cells + column;
  };
  const draw = () => {
    if (!dialog.open) return;
    const cell = at && cellAt(at);
    for (const pane of panes) {
      drawPane(pane);
      if (pane.cells) pane.value.textContent = cell === null ? '–' : number(pane.cells[cell]);
    }
    part('place').textContent = at
      ? filled(dialog.dataset.place, { x: Math.round(at[0] * shown.width), y: Math.round(at[1] * shown.height) })
      : '';
    part('zoom').textContent = `${Math.round(100 * scaleOf(panes[0].canvas))} %`;
  };
  let frame = 0;
  const soonDrawn = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  };

  // Opening and closing

  const pane = (title, key, cells) => {
    const figure = document.createElement('figure');
    figure.className = key;
    figure.innerHTML = '<canvas role="img"></canvas><figcaption><span></span> <b></b></figcaption>';
    figure.querySelector('span').textContent = title;
    const canvas = figure.querySelector('canvas');
    canvas.setAttribute('aria-label', title);
    part('panes').append(figure);
    return { canvas, cells, over: cells && overlay(cells), value: figure.querySelector('b') };
  };
  const open = from => {
    opener = from;
    dfsc.closeProbe();
    part('panes').replaceChildren();
    const indices = visible();
    dialog.querySelector('h2').textContent = shown.holder.dataset.photo;
    panes = [pane(dialog.dataset.photo, 'photo', null)];
    for (const index of indices) {
      const method = shown.methods[index];
      const maps = { local: method.local, global: method.global, fused: judge(method).fused };
      for (const [key, cells] of Object.entries(maps)) {
        panes.push(pane(`${method.title}, ${dialog.dataset[key].toLowerCase()}`, key, cells));
      }
    }
    part('panes').style.setProperty('--rows', indices.length);
    at = null;
    sharp = null;
    dialog.showModal();
    const { finding, large } = shown.holder.dataset;
    if (large !== undefined) document.dispatchEvent(new CustomEvent('dfsc:original', { detail: { take: takeOriginal, finding } }));
    part('panes').focus();
    look(0.5, 0.5, 1);
  };
  const takeOriginal = (image, finding) => {
    if (!dialog.open || finding !== shown.holder.dataset.finding) return;
    sharp = image;
    dialog.dataset.sharp = image.naturalWidth;
    soonDrawn();
  };
  dialog.addEventListener('close', () => {
    sharp = null;
    delete dialog.dataset.sharp;
    if (opener?.isConnected) opener.focus();
  });

  // Pointer, wheel, pinch, keys

  const fingers = new Map();
  const canvasOf = event => (event.target.closest?.('canvas') ? event.target : null);
  const point = (canvas, event) => {
    at = placeIn(canvas, event).map(share => clip(share, 0, 1));
    soonDrawn();
  };
  const middle = () => {
    const all = Array.from(fingers.values());
    const mean = axis => all.reduce((sum, finger) => sum + finger[axis], 0) / all.length;
    const [one, other] = all;
    const apart = other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
    return { clientX: mean('clientX'), clientY: mean('clientY'), apart };
  };
  dialog.addEventListener('pointerdown', event => {
    const canvas = canvasOf(event);
    if (!canvas) return;
    canvas.setPointerCapture?.(event.pointerId);
    fingers.set(event.pointerId, event);
    point(canvas, event);
  });
  dialog.addEventListener('pointermove', event => {
    const canvas = canvasOf(event);
    if (!canvas) return;
    if (!fingers.has(event.pointerId)) {
      point(canvas, event);
      return;
    }
    const before = middle();
    fingers.set(event.pointerId, event);
    const now = middle();
    const [width, height] = sizes().map(side => side * scaleOf(canvas));
    look(view.x - (now.clientX - before.clientX) / width, view.y - (now.clientY - before.clientY) / height, view.zoom);
    if (before.apart && now.apart) zoomAt(canvas, now, now.apart / before.apart);
    else point(canvas, event);
  });
  for (const kind of ['pointerup', 'pointercancel']) {
    dialog.addEventListener(kind, event => fingers.delete(event.pointerId));
  }
  dialog.addEventListener('wheel', event => {
    const canvas = canvasOf(event);
    if (!canvas) return;
    event.preventDefault();
    zoomAt(canvas, event, Math.exp(-event.deltaY / 400));
  }, { passive: false });

  // Arrows move the view, and with shift the place whose values are told.
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const arrow = ([dx, dy], moves) => {
    if (moves) {
      const cell = shown.grid.stride / shown.grid.input;
      at = (at ?? [view.x, view.y]).map((share, axis) => clip(share + [dx, dy][axis] * cell, 0, 1));
      look(...at, view.zoom);
    } else {
      const step = 0.1 / view.zoom;
      look(view.x + dx * step, view.y + dy * step, view.zoom);
    }
  };
  const acts = {
    in: () => look(view.x, view.y, view.zoom * STEP),
    out: () => look(view.x, view.y, view.zoom / STEP),
    fit: () => look(0.5, 0.5, 1),
    close: () => dialog.close(),
  };
  const KEYS = { '+': acts.in, '=': acts.in, '-': acts.out, 0: acts.fit };
  dialog.addEventListener('keydown', event => {
    const act = ARROWS[event.key] ? () => arrow(ARROWS[event.key], event.shiftKey) : KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  dialog.addEventListener('click', event => acts[event.target.closest('button')?.dataset.do]?.());
  new ResizeObserver(() => dialog.open && look(view.x, view.y, view.zoom)).observe(dialog);

  return { open, close: () => dialog.open && dialog.close() };
})();

new MutationObserver(arrive).observe(element.querySelector('.findings'), { childList: true, subtree: true });
arrive();
