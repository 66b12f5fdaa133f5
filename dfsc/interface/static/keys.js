// Keys for people who inspect all day. Never while somebody types, and never instead of what a key does already.
(() => {
  const writing = 'input, textarea, select, [contenteditable], dialog';
  const typing = `${writing}, [role=tab], [role=slider], .scrolled, .stage:not(.card)`;
  const pressing = `${typing}, button, summary, a, label`;
  const shown = id => document.getElementById(id)?.offsetParent != null;
  const tiles = () => Array.from(document.querySelectorAll('#examples button[data-photo]'));

  // From the example that is shown to the one before or after it; several photos have keys of their own (many.js).
  const step = by => {
    const photo = document.querySelector('#results [data-finding]')?.dataset.photo;
    const [all, at] = [tiles(), tiles().findIndex(tile => tile.dataset.photo === photo)];
    const next = all[at < 0 ? 0 : (at + by + all.length) % all.length];
    next?.click();
    next?.scrollIntoView({ block: 'nearest' });
  };
  let coloured = 0;
  const colours = () => {
    const slider = document.querySelector('#results .sliders [name=strength]');
    if (!slider) return;
    const value = Number(slider.value);
    if (value) coloured = value;
    slider.value = value ? 0 : coloured || dfscStandard.strength;
    for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, { bubbles: true }));
  };

  const sheet = () => document.querySelector('#keys dialog');
  const inspecting = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    ' ': colours,
  };
  const act = event => {
    const { key } = event;
    if (key === '?') return () => sheet()?.showModal();
    if (shown('live')) return key === ' ' ? () => document.dispatchEvent(new Event('dfsc:trigger')) : null;
    if (!shown('results')) return null;
    if (key.startsWith('Arrow') && document.querySelector('#many .photos button')) return null;
    if (/^[1-9]$/.test(key)) return () => tiles()[key - 1]?.click();
    return inspecting[key];
  };
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const taken = { ' ': pressing, '?': writing }[event.key] ?? typing;
    if (event.target.closest?.(taken)) return;
    const does = act(event);
    if (!does) return;
    event.preventDefault();
    if (!event.repeat || event.key.startsWith('Arrow')) does();
  });
  document.addEventListener('click', event => {
    if (event.target.closest?.('[data-act=keys]')) sheet()?.showModal();
  });
})();
