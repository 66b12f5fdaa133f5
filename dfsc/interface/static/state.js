// What is set stays in this browser, and the address says what is shown, so that it can be shared:
// ?product=…&example=kind-number&mix=percent.
(() => {
  // What was said of inspected parts since the page was opened (static/history.js).
  dfsc.said = { marks: {}, joins: {} };

  const [KEPT, given] = ['dfscSettings', new URLSearchParams(location.search)];
  const percent = value => (Number.isFinite(value) && value >= 0 && value <= 100 ? Math.round(value) : null);
  const isLimit = ([key, value]) => /^[0-9a-f]{16}:\d{1,3}$/.test(key) && Number.isFinite(value);
  const sound = {
    weight: value => percent(value),
    strength: value => percent(value),
    rejected: value => percent(value),
    partner: value => (typeof value === 'boolean' ? value : null),
    limits: value => (value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).filter(isLimit).slice(-64)) : null),
  };
  const read = () => {
    try {
      return JSON.parse(localStorage[KEPT] ?? '{}') ?? {};
    } catch {
      return {}; // storage is forbidden here, or somebody wrote into it
    }
  };
  const take = kept => {
    for (const [name, check] of Object.entries(sound)) {
      const value = check(kept[name]);
      if (value !== null) dfsc.settings[name] = value;
    }
  };
  take(read());
  if (given.has('mix')) take({ weight: 5 * Math.round(Number(given.get('mix')) / 5) });
  // The first question of the page asks for what the address names (dfsc/interface/inspect/inspecting.py).
  dfsc.wished = { product: given.get('product'), example: given.get('example') };

  const example = ({ product, photo }) => {
    const tiles = Array.from(document.querySelectorAll(`#examples button[data-product="${CSS.escape(product)}"]`));
    const tile = tiles.find(one => one.dataset.photo === photo);
    const number = tiles.filter(one => one.dataset.kind === tile?.dataset.kind).indexOf(tile) + 1;
    return tile ? `${tile.dataset.kind}-${number}` : null;
  };
  let kept = '';
  const follow = () => {
    const now = JSON.stringify(dfsc.settings);
    if (now !== kept) {
      kept = now;
      try {
        localStorage[KEPT] = now;
      } catch {
        // Then it lasts as long as the page.
      }
    }
    const finding = document.querySelector('#results [data-finding]');
    if (!finding || !dfsc.current()) return;
    const address = new URL(location);
    const { product } = finding.dataset;
    const says = { product: product === 'own' ? null : product, example: example(finding.dataset), mix: dfsc.settings.weight };
    for (const [name, value] of Object.entries(says)) {
      if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    if (address.href !== location.href) history.replaceState(history.state, '', address);
  };
  let soon = 0;
  const afterwards = () => {
    clearTimeout(soon);
    soon = setTimeout(follow, 50);
  };
  for (const kind of ['dfsc:settings', 'change', 'click']) document.addEventListener(kind, afterwards);
  new MutationObserver(afterwards).observe(document, { childList: true, subtree: true });
})();
