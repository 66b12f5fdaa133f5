// What counts of the photos that are learned from. Shares `element` and `trigger` with the scripts of its block.
const anew = outlining(corners => {
  dfsc.askBeside('counts', { corners });
  trigger('click');
});
let last = null;
new MutationObserver(() => {
  const brought = element.querySelector('.interest')?.dataset.brought;
  if (brought !== last) anew();
  last = brought;
}).observe(element, { childList: true, subtree: true, attributeFilter: ['data-brought'] });
