// Draws an outline on the photo of an .interest panel: each click is a corner, with the keyboard too. `send` gets all
// corners, none where the whole photo counts. Shares `element` and the names of places.js with the block's scripts.
const outlining = send => {
  let corners = [], cross = null, open = false;
  const stageOf = event => event.target.closest?.('.interest .stage');
  const panel = () => element.querySelector('.interest');

  const outline = () => {
    const points = corners.map(([x, y]) => `${100 * x},${100 * y}`).join(' ');
    const dots = corners.map(([x, y]) => `<path class="corner" d="M${100 * x} ${100 * y}h0"/>`).join('');
    return `<polygon points="${points}"/>${dots}${cross ? crossed(cross) : ''}`;
  };
  const show = () => {
    panel().querySelector('svg').innerHTML = outline();
    panel().querySelector('[data-do=done]').disabled = corners.length < 3;
    panel().querySelector('[data-do=anew]').disabled = !corners.length;
  };
  const finish = drawn => {
    corners = [];
    send(drawn, panel());
  };
  const acts = { done: () => finish(corners), anew: () => { corners = []; show(); }, whole: () => finish([]) };

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
    if (MOVES[event.key]) {
      cross = moved(cross ?? MIDDLE, event);
    } else if (event.key === 'Enter' || event.key === ' ') {
      corners.push(cross ??= MIDDLE);
    } else if (event.key === 'Escape' && corners.length) {
      corners.pop();
    } else return;
    event.preventDefault();
    show();
  });
  element.addEventListener('toggle', event => { if (event.target === panel()) open = panel().open; }, true);

  // Another panel has come: nothing is drawn there yet, and it is as open as the one before.
  return () => {
    corners = [];
    if (panel()) panel().open = open;
  };
};
