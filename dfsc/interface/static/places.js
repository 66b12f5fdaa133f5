// Places on a picture in shares of its width and height, by pointer or by a cross that arrow keys move, quicker with shift.
const clip = (value, low, high) => Math.min(high, Math.max(low, value));
const inside = value => Math.round(1e4 * clip(value, 0, 1)) / 1e4;
const share = (event, image) => {
  const place = image.getBoundingClientRect();
  return [inside((event.clientX - place.left) / place.width), inside((event.clientY - place.top) / place.height)];
};
const MIDDLE = [0.5, 0.5];
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const moved = (cross, event) => {
  const step = event.shiftKey ? 0.1 : 0.02;
  return cross.map((value, axis) => inside(value + step * MOVES[event.key][axis]));
};
const crossed = ([x, y]) => `<path d="M${100 * x - 3} ${100 * y}h6M${100 * x} ${100 * y - 3}v6"/>`;
