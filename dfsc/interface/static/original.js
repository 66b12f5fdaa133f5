// Fetches the photo at its own resolution for the viewer, which asks when it opens and gets it with its finding's number.
let take = null;
const arrive = () => {
  const come = element.querySelector('[data-of]');
  const image = come?.querySelector('img');
  if (take && image) image.decode().then(() => take(image, come.dataset.of), () => {});
};
new MutationObserver(arrive).observe(element, { childList: true, subtree: true });
document.addEventListener('dfsc:original', event => {
  take = event.detail.take;
  if (element.querySelector('[data-of]')?.dataset.of === event.detail.finding) arrive();
  else trigger('click');
});
