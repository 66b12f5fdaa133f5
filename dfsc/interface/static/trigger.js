// Whether a part lies still in front of the camera: the picture differs from the empty scene, and no longer from the
// one before. Each part triggers once; the next one needs something to move in between.
const [GRID, DIFFERS, PRESENT, MOVES, STILL] = [32, 24, 0.02, 3.5, 3];

const greys = frame => {
  const small = Object.assign(document.createElement('canvas'), { width: GRID, height: GRID });
  const context = small.getContext('2d', { willReadFrequently: true });
  context.drawImage(frame, 0, 0, GRID, GRID);
  const { data } = context.getImageData(0, 0, GRID, GRID);
  return Float32Array.from({ length: GRID * GRID }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
};
const partTrigger = () => {
  let [empty, before, still, armed] = [null, null, 0, true];
  return {
    get ready() { return empty !== null; },
    learn: frame => { [empty, before, still, armed] = [greys(frame), null, 0, true]; },
    // Called with each new frame; true when a part has come to rest.
    sees: frame => {
      const now = greys(frame);
      const motion = before ? now.reduce((sum, grey, i) => sum + Math.abs(grey - before[i]), 0) / now.length : Infinity;
      before = now;
      if (motion > MOVES) [still, armed] = [0, true];
      else still += 1;
      if (!empty || !armed || still < STILL) return false;
      const changed = now.filter((grey, i) => Math.abs(grey - empty[i]) > DIFFERS).length / now.length;
      if (changed < PRESENT) return false;
      armed = false;
      return true;
    },
  };
};
