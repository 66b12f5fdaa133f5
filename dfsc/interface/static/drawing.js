// Maps over the photograph on canvases. Shares `settings` and `shown` with inspection.js, whose block it is part of.
const SMALL = 480, LARGE = 720; // longer side of what is drawn, in pixels

// A table of 256 colours as RGBA; the paler, the lower a value is.
const table = (colour, share) => {
  const shades = new Uint8ClampedArray(1024);
  for (let level = 0; level < 256; level += 1) {
    shades.set(colour(level), 4 * level);
    shades[4 * level + 3] = 255 * share(level) * settings.strength / 100;
  }
  return new Uint32Array(shades.buffer);
};
const scaleTable = () => table(level => shown.shades.subarray(3 * level, 3 * level + 3), level => shown.opacity[level]);
const differenceTable = () => table(
  level => (level < 128 ? [24, 120, 226] : [236, 104, 16]), level => shown.opacity[Math.abs(2 * level - 255)],
);

// Along one axis: the cell before each pixel, how far it is to the next, and the pixels between the outermost centres'
// cells. Arrays of one type each, because a slider has to redraw some million pixels.
const steps = pixels => {
  const [below, share] = [new Uint8Array(pixels), new Float32Array(pixels)];
  let [first, last] = [pixels, -1];
  for (let index = 0; index < pixels; index += 1) {
    const cell = ((index + 0.5) * shown.grid.input / pixels - shown.grid.first) / shown.grid.stride;
    below[index] = clip(Math.floor(cell), 0, shown.grid.cells - 2);
    share[index] = clip(cell - below[index], 0, 1);
    if (cell < -0.5 || cell > shown.grid.cells - 0.5) continue;
    [first, last] = [Math.min(first, index), index];
  }
  return { below, share, first, last };
};

// A map at the canvas's size: between the cells' true centres bilinear, and nothing in the ring without a centre.
const layer = (cells, width, height, shades, low, high) => {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [rows, columns, size, scale] = [steps(height), steps(width), shown.grid.cells, 255 / (high - low)];
  const line = new Float32Array(size);
  for (let y = rows.first; y <= rows.last; y += 1) {
    const above = rows.below[y] * size;
    for (let column = 0; column < size; column += 1) {
      line[column] = cells[above + column] + (cells[above + size + column] - cells[above + column]) * rows.share[y];
    }
    for (let x = columns.first; x <= columns.last; x += 1) {
      const left = columns.below[x];
      const value = line[left] + (line[left + 1] - line[left]) * columns.share[x];
      const level = Math.round((value - low) * scale);
      pixels[y * width + x] = shades[level < 0 ? 0 : level > 255 ? 255 : level];
    }
  }
  return image;
};

const hatch = (context, width, height) => {
  const edge = (shown.grid.first - shown.grid.stride / 2) / shown.grid.input;
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.rect(edge * width, edge * height, (1 - 2 * edge) * width, (1 - 2 * edge) * height);
  context.clip('evenodd');
  context.lineWidth = 1;
  for (const [shift, ink] of [[0, '#0008'], [1.5, '#fff8']]) {
    context.strokeStyle = ink;
    context.beginPath();
    for (let start = -height; start < width; start += 9) {
      context.moveTo(start + shift, height);
      context.lineTo(start + height + shift, 0);
    }
    context.stroke();
  }
  context.restore();
};

const spare = document.createElement('canvas');
const paint = (canvas, cells, shades, low = 0, high = shown.scale_end) => {
  const edge = canvas.closest('.map') ? SMALL : LARGE;
  const zoom = Math.min(1, edge / Math.max(shown.photo.naturalWidth, shown.photo.naturalHeight));
  const [width, height] = [shown.photo.naturalWidth, shown.photo.naturalHeight].map(side => Math.round(side * zoom));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  [spare.width, spare.height] = [width, height];
  spare.getContext('2d').putImageData(layer(cells, width, height, shades, low, high), 0, 0);
  const context = canvas.getContext('2d');
  context.drawImage(shown.photo, 0, 0, width, height);
  context.drawImage(spare, 0, 0);
  hatch(context, width, height);
  interest.draw(context, 0, 0, width, height);
  region.draw(context, 0, 0, width, height, width / (canvas.clientWidth || width));
};
