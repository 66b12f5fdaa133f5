// The list's buttons.
const clocks = () => {
  for (const time of element.querySelectorAll('time')) {
    const moment = new Date(1000 * time.dataset.seconds);
    const today = moment.toDateString() === new Date().toDateString();
    const says = today ? moment.toLocaleTimeString() : moment.toLocaleString();
    if (time.textContent !== says) time.textContent = says;
  }
};
new MutationObserver(clocks).observe(element, { childList: true, subtree: true, attributeFilter: ['data-seconds'] });

element.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (!button) return;
  const { act, number, mark, photo } = button.dataset;
  if (act === 'open') {
    dfsc.ask('kept', { entry: number, photo });
    trigger('select');
    return;
  }
  const marked = button.getAttribute('aria-pressed') !== 'true';
  dfsc.said.marks[number] = marked ? mark : '';
  for (const other of button.parentElement.querySelectorAll('button')) {
    other.setAttribute('aria-pressed', String(marked && other === button));
  }
  dfsc.askBeside('marks', dfsc.said);
  trigger('click');
});
