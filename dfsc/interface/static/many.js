// Several photos as a strip: filtered, sorted and gone through by keys here; a click asks for a photo's maps.
const wish = { 'many-show': 'all', 'many-order': 'score' };
let arranged = null, ranked = [], scrolled = 0, focused = null;

const strip = () => element.querySelector('.photos');
const buttons = () => Array.from(element.querySelectorAll('.photos li:not([hidden]) button'));

const arrange = () => {
  const items = ranked;
  const place = item => Number(item.dataset.index ?? Infinity);
  strip().append(...(wish['many-order'] === 'given' ? items.toSorted((one, other) => place(one) - place(other)) : items));
  const show = wish['many-show'];
  for (const item of items) item.hidden = show !== 'all' && !item.dataset.kinds.split(' ').includes(show);
  element.querySelector('.none').hidden = items.some(item => !item.hidden);
};
// A new strip stands where the one before stood.
const arrive = () => {
  if (!strip() || strip() === arranged) return;
  arranged = strip();
  ranked = Array.from(arranged.children);
  for (const [name, value] of Object.entries(wish)) {
    const field = element.querySelector(`[name=${name}][value=${value}]`) ?? element.querySelector(`select[name=${name}]`);
    if (field?.type === 'radio') field.checked = true;
    else if (field) field.value = value;
  }
  arrange();
  arranged.scrollLeft = scrolled;
  if (focused !== null && document.activeElement === document.body) {
    element.querySelector(`.photos button[data-index="${focused}"]`)?.focus({ preventScroll: true });
  }
};
new MutationObserver(arrive).observe(element, { childList: true, subtree: true });

element.addEventListener('scroll', event => { if (event.target === strip()) scrolled = strip().scrollLeft; }, true);
element.addEventListener('focusin', event => { focused = event.target.closest?.('.photos button')?.dataset.index ?? null; });
element.addEventListener('input', event => {
  if (!(event.target.name in wish)) return;
  wish[event.target.name] = event.target.value;
  arrange();
});
element.addEventListener('click', event => {
  const button = event.target.closest('.photos button');
  if (!button) return;
  dfsc.ask('row', { ...button.dataset });
  trigger('click');
});

// From one photo to the next, also right after an upload, when nothing else has the keyboard.
document.addEventListener('keydown', event => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const free = event.target === document.body || event.target.closest?.('.photos');
  if (!step || !free || !element.offsetParent || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = buttons();
  const at = all.indexOf(event.target) >= 0 ? all.indexOf(event.target) : all.findIndex(one => one.hasAttribute('aria-current'));
  const next = all[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  next.click();
});
