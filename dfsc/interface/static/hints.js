// First steps, on the first visit with this browser only. Whether is decided before anything is drawn, so nothing moves.
(() => {
  const page = document.documentElement.dataset;
  page.hints = 'shown';
  try {
    if (localStorage.dfscHints === 'seen') delete page.hints;
    localStorage.dfscHints = 'seen';
  } catch {
    // Storage is forbidden here: they are shown until they are dismissed.
  }
  document.addEventListener('click', event => {
    if (!event.target.closest?.('#hints [data-act=dismiss]')) return;
    delete page.hints;
    document.querySelector('#examples button')?.focus({ preventScroll: true });
  });
})();
